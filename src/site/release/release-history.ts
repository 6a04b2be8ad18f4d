import { explainAge } from '../../clone/index.ts';
import { elapsed, formatDuration, type Digest, type Milliseconds } from '../../core/index.ts';
import { isOfKind, ofKind } from '../../evidence/index.ts';
import { type MetricReason } from '../../gate/index.ts';
import { peopleKinds, type Uncounted } from '../../people/index.ts';
import { type KnownEvidence } from '../../evidence-kinds/index.ts';
import { type Tone } from '../../html/index.ts';
import { explainExecution, type Execution } from '../../rollout/index.ts';

/** One thing that was recorded. */
export interface HistoryItem {
  readonly index: number;
  readonly at: string;
  readonly what: string;
  readonly status: { readonly word: string; readonly tone: Tone } | null;
  readonly detail: string;
  readonly digest: Digest;
}

/** What was recorded of a release, newest first. An intent whose outcome was recorded is folded into it. */
export function historyOf(
  evidence: readonly KnownEvidence[],
  uncounted: readonly Pick<Uncounted, 'entry' | 'why'>[] = [],
): readonly HistoryItem[] {
  const why = new Map(uncounted.map((one) => [one.entry.index, one.why]));
  const ended = new Set(
    ofKind(evidence, 'execution').flatMap((piece) =>
      !why.has(piece.entry.index) && piece.readable && piece.body.phase !== 'intent' ? [transactionOf(piece.body)] : [],
    ),
  );
  return evidence
    .filter((piece) => {
      const body = isOfKind(piece, 'execution') && piece.readable ? piece.body : null;
      return body?.phase !== 'intent' || !ended.has(transactionOf(body));
    })
    .map((piece) => itemOf(piece, why.get(piece.entry.index) ?? null))
    .toReversed();
}

function itemOf(piece: KnownEvidence, uncounted: string | null): HistoryItem {
  const { index, digest, recordedAt: at, kind } = piece.entry;
  if (uncounted !== null)
    return { index, digest, at, what: kind, status: { word: 'not counted', tone: 'no' }, detail: uncounted };
  const status = { word: 'unreadable', tone: 'no' } as const;
  return { index, digest, at, ...(piece.readable ? say(piece) : { what: kind, status, detail: piece.reason }) };
}

type Said = Pick<HistoryItem, 'what' | 'status' | 'detail'>;

/** A kind without a text is shown by its name. */
function say(piece: Extract<KnownEvidence, { readable: true }>): Said {
  const { kind } = piece.entry;
  if (isOfKind(piece, 'seal')) return { what: 'Sealed', status: null, detail: '' };
  if (isOfKind(piece, 'golden')) {
    const { generation, method, durationMs } = piece.body;
    const detail = `generation ${generation}, ${method}, ${time(durationMs)}`;
    return { what: 'Golden copy taken', status: null, detail };
  }
  if (isOfKind(piece, 'rehearsal')) {
    const { outcome, startedAt: from, endedAt: to, problems: all } = piece.body;
    const on = explainAge(piece.body.golden, { moment: from, what: 'the rehearsal' });
    const took = `in ${time(elapsed({ from, to }))}, ${on}`;
    const more = all.length > 1 ? ` (and ${all.length - 1} more)` : '';
    return {
      what: 'Rehearsed on a clone',
      status: { word: outcome, tone: outcome === 'passed' ? 'go' : 'no' },
      detail: all[0] === undefined ? took : `${took}: ${all[0].problem}${more}`,
    };
  }
  if (isOfKind(piece, 'gate')) {
    const { target, verdict } = piece.body;
    return {
      what: `Gate read in ${target}`,
      // of data alone: whether it may run is the verdict's, at the head of the page
      status: verdict.decision === 'OPEN' ? { word: 'data hold', tone: 'go' } : { word: 'BLOCKED', tone: 'hold' },
      detail: verdict.decision === 'OPEN' ? 'data gates and invariants hold' : reasonsText(verdict.reasons),
    };
  }
  if (isOfKind(piece, 'execution')) return sayExecution(piece.body);
  if (isOfKind(piece, 'report')) {
    const { target, readiness, execution } = piece.body;
    const detail = `readiness ${readiness.status}, execution ${execution.status}`;
    return { what: `Report written${target === null ? '' : ` for ${target}`}`, status: null, detail };
  }
  if (isOfKind(piece, ...peopleKinds)) {
    const [what, tone] = signings[piece.entry.kind];
    return {
      what: `${what} in ${piece.body.target}`,
      status: { word: kind, tone },
      detail: 'signed by people; the evidence has their statement',
    };
  }
  return { what: `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)} recorded`, status: null, detail: '' };
}

const signings = {
  ratification: ['Ratified', 'go'],
  decline: ['Declined', 'no'],
  revocation: ['Revoked', 'no'],
  abandonment: ['Abandonment signed', 'no'],
  adoption: ['Adopted', 'no'],
} as const;

const keptWords = {
  beside: 'kept locally because the evidence could not be written, and added later',
  rows: "added later, from the gate's own rows",
} as const;

function sayExecution(body: Execution): Said {
  const { direction, tier, steps, epoch, phase, reason, target, kept } = body;
  const where = `${direction === 'up' ? 'rolled out to' : 'rolled back in'} ${target}`;
  const status = (
    {
      intent: { word: 'begun', tone: 'hold' },
      applied: { word: 'applied', tone: 'go' },
      'not-applied': { word: 'not applied', tone: 'no' },
      unknown: { word: 'unknown', tone: 'no' },
    } as const
  )[phase];
  const range = steps[0] === steps[1] ? `statement ${steps[0]}` : `statements ${steps[0]} to ${steps[1]}`;
  return {
    what: `Tier ${tier} ${where}`,
    status,
    detail: [
      `${range}, attempt ${epoch}${reason === null ? '' : `: ${explainExecution(reason)}`}`,
      ...(kept === undefined ? [] : [keptWords[kept]]),
    ].join('; '),
  };
}

function transactionOf({ target, direction, tier, epoch, steps }: Execution): string {
  return JSON.stringify([target, direction, tier, epoch, steps]);
}

function reasonsText(reasons: readonly MetricReason[]): string {
  return reasons
    .map((one) => ('measured' in one ? `${one.metric} = ${one.measured}, needs ${one.required}` : one.problem))
    .join('; ');
}

function time(ms: number): string {
  return formatDuration(ms as Milliseconds);
}
