import { elapsed, formatDuration, type Digest, type Milliseconds } from '../../core/index.ts';
import { isOfKind, ofKind } from '../../evidence/index.ts';
import { peopleKinds, type Reason, type Uncounted } from '../../gate/index.ts';
import { type Evidence } from '../../kinds/index.ts';
import { type ReadingMark, type Tone } from '../../page/index.ts';
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
  evidence: readonly Evidence[],
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

function itemOf(piece: Evidence, uncounted: string | null): HistoryItem {
  const { index, digest, recordedAt: at, kind } = piece.entry;
  if (uncounted !== null)
    return { index, digest, at, what: kind, status: { word: 'not counted', tone: 'no' }, detail: uncounted };
  const status = { word: 'unreadable', tone: 'no' } as const;
  return { index, digest, at, ...(piece.readable ? say(piece) : { what: kind, status, detail: piece.reason }) };
}

type Said = Pick<HistoryItem, 'what' | 'status' | 'detail'>;

/** A kind that has no words of its own is shown by its name. */
function say(piece: Extract<Evidence, { readable: true }>): Said {
  const { kind } = piece.entry;
  if (isOfKind(piece, 'seal')) return { what: 'Sealed', status: null, detail: '' };
  if (isOfKind(piece, 'golden')) {
    const { generation, method, durationMs } = piece.body;
    const detail = `generation ${generation}, ${method}, ${time(durationMs)}`;
    return { what: 'Golden copy taken', status: null, detail };
  }
  if (isOfKind(piece, 'rehearsal')) {
    const { outcome, startedAt: from, endedAt: to, problems: all } = piece.body;
    const took = `in ${time(elapsed({ from, to }))}`;
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
      status: { word: verdict.decision, tone: verdict.decision === 'OPEN' ? 'go' : 'hold' },
      detail: verdict.decision === 'OPEN' ? 'data gates and invariants hold' : reasonsText(verdict.reasons),
    };
  }
  if (isOfKind(piece, 'execution')) return sayExecution(piece.body);
  if (isOfKind(piece, 'report')) {
    const { readiness, execution } = piece.body;
    const detail = `readiness ${readiness.status}, production ${execution.status}`;
    return { what: 'Report written', status: null, detail };
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

function sayExecution(body: Execution): Said {
  const { direction, tier, steps, epoch, phase, reason, target } = body;
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
    detail: `${range}, attempt ${epoch}${reason === null ? '' : `: ${explainExecution(reason)}`}`,
  };
}

/** The values of each metric in the order in which they were recorded, from production and from clones. */
export function readingsOf(evidence: readonly Evidence[]): ReadonlyMap<string, readonly ReadingMark[]> {
  const found = new Map<string, ReadingMark[]>();
  const add = (values: Readonly<Record<string, number>>, of: Omit<ReadingMark, 'value'>): void => {
    for (const [name, value] of Object.entries(values)) found.set(name, [...(found.get(name) ?? []), { ...of, value }]);
  };
  for (const piece of evidence) {
    if (!piece.readable) continue;
    const { recordedAt: at } = piece.entry;
    if (isOfKind(piece, 'rehearsal')) {
      for (const { stage, metrics } of piece.body.stages)
        if (stage in places) add(metrics, { at, place: `clone, ${places[stage]}`, of: 'clone' });
    } else if (isOfKind(piece, 'gate') && piece.body.entry !== null) {
      const { entry, target } = piece.body;
      add(entry.metrics, { at: entry.takenAt, place: target, of: 'production' });
    }
  }
  return found;
}

const places: Readonly<Record<string, string>> = {
  preflight: 'before',
  verify: 'after forward',
  'verify-again': 'after forward again',
};

function transactionOf({ target, direction, tier, epoch, steps }: Execution): string {
  return JSON.stringify([target, direction, tier, epoch, steps]);
}

function reasonsText(reasons: readonly Reason[]): string {
  return reasons
    .map((one) => ('measured' in one ? `${one.metric} = ${one.measured}, needs ${one.required}` : one.problem))
    .join('; ');
}

function time(ms: number): string {
  return formatDuration(ms as Milliseconds);
}
