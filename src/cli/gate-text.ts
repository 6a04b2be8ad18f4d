import { explainAge } from '../clone/index.ts';
import { printable } from '../core/index.ts';
import { chooseCycle, type GateReading, judge, required } from '../gate/index.ts';
import { explainDrift, explainUnrelated } from '../fingerprint/index.ts';
import { type Expectation, meets, type Release } from '../release/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { tierState } from '../report/index.ts';
import { decisionLines, explainHeld, type Verdict } from '../rollout/index.ts';
import { type TextLayout, table } from './text/index.ts';

/** A reading of the gate, and its consequences. */
export interface Looked {
  readonly reading: GateReading;
  readonly up: Verdict;
  readonly down: Verdict;
  /** The newest that counts, null where there is none. */
  readonly rehearsal: Pick<Rehearsal, 'golden' | 'startedAt'> | null;
}

/** A reading of the gate for people: the verdict, each metric with what it is and what it must be, then entry == exit. */
export function gateText({ reading, up, down, rehearsal }: Looked, release: Release, look: TextLayout): string {
  return [
    ...table(
      decisionLines(up).map(({ state, text }) => [state, printable(`${reading.target}: ${text}`)]),
      look,
    ),
    ...measured(reading, release, look),
    ...table(
      [
        ...entryAndExit(reading),
        ...schemaRows(reading),
        ['tiers', printable(tiersText(reading, release))],
        ...(rehearsal === null
          ? []
          : [['copy', explainAge(rehearsal.golden, { moment: rehearsal.startedAt, what: 'the rehearsal' })]]),
        ['rollback', printable(rollbackText(down))],
        ...(up.decision === 'GO' && up.notAsked.length > 0 ? [['not asked', up.notAsked.join(', ')]] : []),
      ],
      look,
    ),
  ].join('\n');
}

/** How the schema differs: in what the release depends on, which closes the gate, and elsewhere. */
function schemaRows({ drift, unrelated }: GateReading): readonly (readonly [string, string])[] {
  return [
    ...(drift ?? []).slice(0, 10).map((one) => ['schema', printable(explainDrift(one))] as const),
    ...(unrelated == null || unrelated.count === 0
      ? []
      : [
          [
            'unrelated',
            printable(`the release does not depend on these changes: ${explainUnrelated(unrelated)}`),
          ] as const,
        ]),
  ];
}

function rollbackText({ decision, reasons, runs }: Verdict): string {
  if (decision === 'DONE') return 'nothing is in place';
  return decision === 'GO' ? `open: ${runs.join(', ')}` : `closed: ${reasons.map(explainHeld).join('; ')}`;
}

function measured({ exit, verdict }: GateReading, release: Release, look: TextLayout): readonly string[] {
  if (exit === null) return [];
  const { metrics } = exit;
  const row = (metric: string, expectation: Expectation, words: { bad: string; what: string }): readonly string[] => {
    const value = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
    const state = value !== undefined && meets(value, expectation) ? 'holds' : words.bad;
    const shown = value === undefined ? '?' : value.toLocaleString('en-US', { maximumFractionDigits: 20 });
    return [state, printable(metric), shown, required(expectation), printable(words.what)];
  };
  const barred = new Set<string>(release.tiers.flatMap(({ id, barred: why }) => (why === null ? [] : [id])));
  const gates = release.gates.filter(({ before }) => !barred.has(before));
  const gated = new Set<string>(release.gates.map(({ metric }) => metric));
  const isFinal =
    verdict.decision === 'OPEN' && judge({ release, metrics, progress: 'greenfield' }).decision === 'BLOCKED';
  const state = isFinal ? 'finalized' : 'greenfield';
  const invariants = [
    ...Object.entries(release.invariants.always).map(([metric, one]) => ({ metric, one, what: 'always' })),
    ...Object.entries(release.invariants[state])
      .filter(([metric]) => isFinal || !gated.has(metric))
      // what must hold always need not be said twice
      .filter(([metric, one]) => required(one) !== required(release.invariants.always[metric] ?? {}))
      .map(([metric, one]) => ({ metric, one, what: state })),
  ];
  const rows = [
    ...gates.map(({ metric, expectation, before, title }) =>
      row(metric, expectation, { bad: 'closed', what: `gate before ${before}: ${title}` }),
    ),
    ...invariants.map(({ metric, one, what }) => row(metric, one, { bad: 'violated', what })),
  ];
  if (rows.length === 0) return [''];
  return ['', ...table([['', 'metric', 'measured', 'required', ''], ...rows], look, { numbers: [2], head: true }), ''];
}

/** The state of each tier, by the gate's own rows. */
function tiersText({ rows, seal }: GateReading, { tiers }: Release): string {
  if (rows.state === 'unread') return `unknown: the gate could not be asked: ${rows.why}`;
  const cycle = chooseCycle(rows.cycles, { seal });
  return tiers.map((tier) => `${tier.id} ${tierState(tier, cycle)}`).join(', ');
}

function entryAndExit({ entry, exit, changedMeanwhile, target }: GateReading): readonly (readonly [string, string])[] {
  const name = 'entry == exit';
  if (entry === null || exit === null) return [[name, `unknown: ${printable(target)} was not measured`]];
  const text =
    changedMeanwhile.length === 0
      ? `yes: metrics and schema of ${target}, measured twice; the server's counters show that this reading wrote nothing`
      : `no: others changed ${changedMeanwhile.join(', ')} during the reading`;
  return [[name, printable(text)]];
}
