/** `npm run test:long`: large counts, and every version where one is enough otherwise. */
export const isLong = process.env['ONEROOF_TEST_LONG'] === '1';

/** Where all random choices begin; ONEROOF_TEST_SEED names another. */
export const seed = Number(process.env['ONEROOF_TEST_SEED'] ?? 1);

/** How often what is drawn at random is tried: in `npm test`, and in `npm run test:long`. */
const counts = {
  /** test/bundle: damaged bundles, each way of damage. */
  damagedBundles: [100, 300],
  /** test/fingerprint/changed: series of changes of rows. */
  rowChanges: [15, 200],
  /** test/fingerprint/oracle: series of changes of a schema, compared with pg_dump. */
  schemaChanges: [30, 300],
  /** test/fingerprint/restored-random: databases that are dumped and restored, each after 35 changes of its schema. */
  restoredDumps: [1, 12],
  /** test/fingerprint/delta: changes of a schema, told in three ways. */
  schemaDeltas: [10, 200],
  /** test/gate/model: commands that a gate and the model of its rules answer. */
  gateCommands: [50, 1500],
  /** test/gate/agreement: statements that are bent in two or three places. */
  bentStatements: [10, 200],
  /** test/core/json: values whose canonical text another program writes too. */
  canonicalValues: [500, 20_000],
  /** test/gate/canonical: documents whose bytes Node and PostgreSQL write. */
  documents: [600, 6000],
  /** test/gate/decide: worlds in which a gate is judged. */
  worlds: [400, 4000],
  /** test/gate/passkey: assertions that Node and PostgreSQL judge. */
  assertions: [300, 3000],
  /** test/gate/policy, test/gate/ratification: damaged texts. */
  damagedTexts: [200, 10_000],
  /** test/gate/p256: signatures. */
  signatures: [100, 1000],
  /** test/rollout/killed: cycles in which commands are killed, and cycles in which their connections are cut. */
  killedCycles: [1, 4],
  cutCycles: [1, 8],
  /** test/gate/seats: sets of seats and people. */
  seats: [5000, 50_000],
  /** test/gate/drift-random: sets of changes of a schema, in each direction. */
  drifts: [6, 200],
  /** test/release/bypass: a release with one character changed, and one with hostile text in a file. */
  sealChanges: [25, 600],
  hostileFiles: [25, 800],
  /** test/evidence/merkle: the largest tree that is proven leaf by leaf. */
  treeSize: [40, 70],
  /** test/rollout/verdict: states of a target, each version. */
  verdicts: [8, 150],
  /** test/html, test/report/runbook: hostile texts. */
  hostileTexts: [100, 2000],
} as const satisfies Readonly<Record<string, readonly [usual: number, long: number]>>;

/** How often to try what is drawn at random. */
export function count(of: keyof typeof counts): number {
  return counts[of][isLong ? 1 : 0];
}

/**
 * A fixed part of a list, all of it in `npm run test:long`: the first of each kind, and every n-th.
 *
 * Shape   in the order of the list; the seed moves the choice.
 */
export function sampleOf<T>(list: readonly T[], how: { every: number; kind?: (one: T) => string }): readonly T[] {
  if (isLong) return list;
  const { every, kind = () => '' } = how;
  const seen = new Set<string>();
  return list.filter((one, at) => {
    const isFirst = !seen.has(kind(one));
    seen.add(kind(one));
    return isFirst || (at + seed) % every === 0;
  });
}
