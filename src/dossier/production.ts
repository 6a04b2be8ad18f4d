import { type DriftDifference, type RehearsedSchema } from '../fingerprint/index.ts';
import { explainReason, judge, required } from '../gate/index.ts';
import { type Expectation, meets, type Release } from '../release/index.ts';
import { type ProductionReading } from './dossier.ts';

type Read = Extract<ProductionReading, { readonly read: true }>;

/** The schema that was rehearsed: what the release depends on, and a list of all of it (null: the copy had no gate), and as a digest of all of it (null: an older record). */
export interface RehearsedState {
  readonly of: RehearsedSchema | null;
  readonly schema: string | null;
}

/** Compares only the same forms; without a counterpart the result is `not compared`, never equal. */
export function schemaAgainst(
  rehearsed: string | null,
  now: { readonly drift: readonly DriftDifference[] | null; readonly schema: string | null },
): Read['schema'] {
  if (now.drift === null && (rehearsed === null || now.schema === null)) return 'not compared';
  const isSame = now.drift === null ? rehearsed === now.schema : now.drift.length === 0;
  return isSame ? 'as rehearsed' : 'changed since the rehearsal';
}

/** The metrics against what the release expects before its rollout, and its data gates. */
export function stateOf(release: Release, measured: Readonly<Record<string, number>>): Pick<Read, 'metrics' | 'gates'> {
  const gated = new Set<string>(release.gates.map(({ metric }) => metric));
  const { always, greenfield } = release.invariants;
  const metrics = release.metrics.map(({ name, title }) => {
    const value = Object.hasOwn(measured, name) ? (measured[name] ?? null) : null;
    // a metric that a data gate speaks of need not be as it was: the gate opens by its change
    const wanted = [always[name], gated.has(name) ? undefined : greenfield[name]].filter(
      (one): one is Expectation => one !== undefined,
    );
    if (wanted.length === 0) return { name, title, value, expected: null, holds: null };
    const expected = [...new Set(wanted.map(required))].join(' and ');
    return { name, title, value, expected, holds: value !== null && wanted.every((one) => meets(value, one)) };
  });
  return { metrics, gates: gatesOf(release, measured) };
}

/** A gate before a barred tier holds nothing up: the tier is never rolled out. */
function gatesOf(release: Release, metrics: Readonly<Record<string, number>>): Read['gates'] {
  const barred = new Set<string>(release.tiers.flatMap(({ id, barred }) => (barred === null ? [] : [id])));
  const none = { greenfield: {}, finalized: {}, always: {} };
  return release.gates
    .filter(({ before }) => !barred.has(before))
    .map((gate) => {
      const one = { ...release, gates: [gate], invariants: none };
      const verdict = judge({ release: one, metrics, progress: 'greenfield' });
      return {
        title: gate.title,
        state: verdict.decision === 'OPEN' ? ('open' as const) : ('closed' as const),
        text: `${verdict.decision === 'OPEN' ? `${gate.metric} = ${metrics[gate.metric]}, needs ${required(gate.expectation)}` : verdict.reasons.map(explainReason).join('; ')}; before tier ${gate.before}`,
      };
    });
}
