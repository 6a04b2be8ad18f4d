import { printable } from '../core/index.ts';
import { chooseCycle, explainReason, type GateReading, judge, required } from '../gate/index.ts';
import { type Expectation, meets, type Release } from '../release/index.ts';
import { tierState } from '../report/index.ts';
import { type Look, table } from './text/index.ts';

/** A reading of the gate for people: the verdict, then each metric with what it is and what it must be, then entry == exit. */
export function gateText(reading: GateReading, release: Release, look: Look): string {
  const { verdict } = reading;
  const reasons =
    verdict.decision === 'OPEN' ? ['every data gate and invariant is met'] : verdict.reasons.map(explainReason);
  return [
    ...table(
      reasons.map((reason) => [verdict.decision, printable(reason)]),
      look,
    ),
    ...measured(reading, release, look),
    ...table([...entryAndExit(reading), ['tiers', printable(tiersText(reading, release))]], look),
  ].join('\n');
}

function measured({ exit, verdict }: GateReading, release: Release, look: Look): readonly string[] {
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

/** How each tier stands, by the gate's own rows. */
function tiersText({ rows, seal }: GateReading, { tiers }: Release): string {
  if (rows.state === 'unread') return `not known: the gate could not be asked: ${rows.why}`;
  const cycle = chooseCycle(rows.cycles, { seal });
  return tiers.map((tier) => `${tier.id} ${tierState(tier, cycle)}`).join(', ');
}

function entryAndExit({ entry, exit, changedMeanwhile, target }: GateReading): readonly (readonly [string, string])[] {
  const name = 'entry == exit';
  if (entry === null || exit === null) return [[name, `not known: ${printable(target)} was not measured`]];
  const text =
    changedMeanwhile.length === 0
      ? `yes: metrics and schema of ${target}, measured twice; the server counted nothing written by this look`
      : `no: somebody else changed ${changedMeanwhile.join(', ')} while we looked`;
  return [[name, printable(text)]];
}
