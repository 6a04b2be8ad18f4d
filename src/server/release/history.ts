import { z } from 'zod';
import { formatDuration, type Digest, type Milliseconds } from '../../core/index.ts';
import { type Evidence } from '../../evidence/index.ts';
import { type ReadingMark, type Tone } from '../../page/index.ts';
import { executionReason, explainExecution } from '../../rollout/index.ts';

/** One thing that was recorded. */
export interface HistoryItem {
  readonly index: number;
  readonly at: string;
  readonly what: string;
  readonly status: { readonly word: string; readonly tone: Tone } | null;
  readonly detail: string;
  readonly digest: Digest;
}

const problems = z.array(z.looseObject({ problem: z.string() }));
const metrics = z.record(z.string(), z.number());
const baseline = z.looseObject({ takenAt: z.string(), metrics }).nullable();
// made once: a form costs more than what it reads
const forms = {
  golden: z.looseObject({ generation: z.number(), method: z.string(), durationMs: z.number() }),
  rehearsal: z.looseObject({
    outcome: z.enum(['passed', 'failed']),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
    problems,
    stages: z.array(z.looseObject({ stage: z.string(), metrics })),
  }),
  gate: z.looseObject({
    target: z.string(),
    verdict: z.looseObject({ decision: z.enum(['OPEN', 'BLOCKED']), reasons: z.array(z.unknown()).optional() }),
    entry: baseline,
    exit: baseline,
  }),
  looked: z.looseObject({ target: z.string(), entry: baseline }),
  reasons: z.array(
    z.looseObject({
      title: z.string().optional(),
      metric: z.string().optional(),
      measured: z.number().optional(),
      required: z.string().optional(),
      problem: z.string().optional(),
    }),
  ),
  execution: z.looseObject({
    target: z.string(),
    direction: z.enum(['up', 'down']),
    tier: z.string(),
    steps: z.tuple([z.number(), z.number()]),
    epoch: z.string(),
    phase: z.enum(['intent', 'applied', 'not-applied', 'unknown']),
    reason: z.union([z.string(), executionReason]).nullable(),
  }),
  report: z.looseObject({
    readiness: z.looseObject({ status: z.string() }),
    execution: z.looseObject({ status: z.string() }),
  }),
  people: z.looseObject({ target: z.string().optional() }),
};

/** What was recorded of a release, newest first. An intent whose outcome was recorded is folded into it. */
export function historyOf(evidence: readonly Evidence[]): readonly HistoryItem[] {
  const ended = new Set(
    evidence.flatMap((piece) => {
      const body = readExecution(piece);
      return body === null || body.phase === 'intent' ? [] : [transactionOf(body)];
    }),
  );
  return evidence
    .filter((piece) => {
      const body = readExecution(piece);
      return body?.phase !== 'intent' || !ended.has(transactionOf(body));
    })
    .map(itemOf)
    .toReversed();
}

function itemOf(piece: Evidence): HistoryItem {
  const { index, digest, recordedAt: at, kind } = piece.entry;
  const said = piece.readable ? say(kind, piece.body) : null;
  const status = { word: 'unreadable', tone: 'no' } as const;
  const unread = piece.readable ? 'it is not as it should be' : piece.reason;
  return { index, digest, at, ...(said ?? { what: kind, status, detail: unread }) };
}

type Said = Pick<HistoryItem, 'what' | 'status' | 'detail'>;

/** Null: its body is not as it should be. A kind that is not known here is shown by its name. */
function say(kind: string, body: unknown): Said | null {
  switch (kind) {
    case 'seal':
      return { what: 'Sealed', status: null, detail: '' };
    case 'golden': {
      const read = forms.golden.safeParse(body);
      if (!read.success) return null;
      const { generation, method, durationMs } = read.data;
      return {
        what: 'Golden copy taken',
        status: null,
        detail: `generation ${generation}, ${method}, ${time(durationMs)}`,
      };
    }
    case 'rehearsal': {
      const read = forms.rehearsal.safeParse(body);
      if (!read.success) return null;
      const { outcome, startedAt, endedAt, problems: all } = read.data;
      const took = `in ${time(Date.parse(endedAt) - Date.parse(startedAt))}`;
      const more = all.length > 1 ? ` (and ${all.length - 1} more)` : '';
      return {
        what: 'Rehearsed on a clone',
        status: { word: outcome, tone: outcome === 'passed' ? 'go' : 'no' },
        detail: all[0] === undefined ? took : `${took}: ${all[0].problem}${more}`,
      };
    }
    case 'gate': {
      const read = forms.gate.safeParse(body);
      if (!read.success) return null;
      const { target, verdict } = read.data;
      return {
        what: `Gate read in ${target}`,
        status: { word: verdict.decision, tone: verdict.decision === 'OPEN' ? 'go' : 'hold' },
        detail: verdict.decision === 'OPEN' ? 'data gates and invariants hold' : reasonsText(verdict.reasons ?? []),
      };
    }
    case 'execution': {
      const read = forms.execution.safeParse(body);
      return read.success ? sayExecution(read.data) : null;
    }
    case 'report': {
      const read = forms.report.safeParse(body);
      if (!read.success) return null;
      const { readiness, execution } = read.data;
      return {
        what: 'Report written',
        status: null,
        detail: `readiness ${readiness.status}, production ${execution.status}`,
      };
    }
    case 'ratification':
    case 'decline':
    case 'revocation': {
      const read = forms.people.safeParse(body);
      const where = read.success && read.data.target !== undefined ? ` in ${read.data.target}` : '';
      const [what, tone] = (
        {
          ratification: ['Ratified', 'go'],
          decline: ['Declined', 'no'],
          revocation: ['Revoked', 'no'],
        } as const
      )[kind];
      return {
        what: `${what}${where}`,
        status: { word: kind, tone },
        detail: 'signed by people; the evidence has their statement',
      };
    }
    default:
      return { what: `${kind.slice(0, 1).toUpperCase()}${kind.slice(1)} recorded`, status: null, detail: '' };
  }
}

function sayExecution(body: z.infer<typeof forms.execution>): Said {
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
    const { kind, recordedAt: at } = piece.entry;
    if (kind === 'rehearsal') {
      const read = forms.rehearsal.safeParse(piece.body);
      for (const { stage, metrics: values } of read.success ? read.data.stages : [])
        if (stage in places) add(values, { at, place: `clone, ${places[stage]}`, of: 'clone' });
    } else if (kind === 'gate' || kind === 'baseline' || kind === 'verification') {
      const read = forms.looked.safeParse(piece.body);
      if (read.success && read.data.entry !== null)
        add(read.data.entry.metrics, { at: read.data.entry.takenAt, place: read.data.target, of: 'production' });
    }
  }
  return found;
}

const places: Readonly<Record<string, string>> = {
  preflight: 'before',
  verify: 'after forward',
  'verify-again': 'after forward again',
};

function readExecution(piece: Evidence): z.infer<typeof forms.execution> | null {
  if (piece.entry.kind !== 'execution' || !piece.readable) return null;
  const read = forms.execution.safeParse(piece.body);
  return read.success ? read.data : null;
}

function transactionOf({ target, direction, tier, epoch, steps }: z.infer<typeof forms.execution>): string {
  return JSON.stringify([target, direction, tier, epoch, steps]);
}

function reasonsText(reasons: readonly unknown[]): string {
  const read = forms.reasons.safeParse(reasons);
  if (!read.success) return '';
  return read.data
    .map(({ metric, measured, required, problem }) =>
      measured === undefined ? (problem ?? '') : `${metric ?? ''} = ${measured}, needs ${required ?? ''}`,
    )
    .join('; ');
}

function time(ms: number): string {
  return formatDuration(ms as Milliseconds);
}
