import { note, rehearseIn, submitTargetOf } from './footprint.io.ts';
import { digest } from '../../src/core/index.ts';
import { type Session } from '../../src/database/index.ts';
import { statementDigest, type StatementDigest } from '../../src/evidence/index.ts';
import { submitRelease, submitSignature } from '../../src/gate/index.ts';
import { sealDocument, type SealedRelease } from '../../src/release/index.ts';
import { sealOf } from '../../src/release/seal.ts';
import { assertion, descriptorIn, type Gated } from './cycle.io.ts';

/** Stands for the number that the attempt of `begin` was given. */
export const epoch = '%EPOCH%';

/** Begins an attempt. */
export const begin = (statement: string, direction = 'up'): string =>
  `select gate.begin_attempt('${statement}', '${direction}')::text`;

/** Runs statements as one of the gate's roles, in one session. */
export const as = (gated: Gated, role: string, statements: readonly string[]): Promise<void> =>
  gated.as(role, (session) => runAll(session, statements));

/** Runs statements in a session; those behind `begin` are told the number of the attempt. */
export async function runAll(session: Session, statements: readonly string[]): Promise<void> {
  let given = '0';
  for (const statement of statements) {
    if (!/^select gate[.]begin_attempt[(]'[^']*', '[a-z]*'[)]::text$/.test(statement)) {
      await session.run(statement.replaceAll(epoch, given));
      continue;
    }
    const rows = await session.rows(statement, { maxRows: 1 });
    given = rows[0]?.[0] ?? '0';
  }
}

/** A text of the gate's SQL, and what stands there where the check is taken out. */
export type Safeguard = readonly [from: string, to: string];

/** Takes checks out of the SQL that installs the gate: the negative controls. */
export const changed =
  (safeguards: readonly Safeguard[]) =>
  (installed: string): string =>
    safeguards.reduce((before, [from, to]) => {
      if (!before.includes(from)) throw new Error(`the gate's SQL does not hold: ${from}`);
      return before.replaceAll(from, () => to);
    }, installed);

/** A string as SQL. */
export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** The end of an attempt on the first tier. */
export const leave = (statement: string): readonly string[] => [
  `select gate.leave_tier('${statement}', 'up', '1-rows', ${epoch})`,
];

/** An attempt of the executor on the first tier, with this in the middle. */
export const attempt = (
  statement: string,
  middle: readonly string[],
  end: readonly string[] = [...leave(statement), 'commit'],
): readonly string[] => [
  begin(statement),
  'begin',
  `select gate.enter_tier('${statement}', 'up', '1-rows', ${epoch})`,
  ...middle,
  ...end,
];

/** A step of the first tier. */
export const step = (statement: string, n: number, sql: string): string =>
  `select gate.run_step('${statement}', 'up', '1-rows', ${n}, ${text(sql)})`;

/** What the first tier of a forged release is. */
export interface Forgery {
  readonly steps: readonly string[];
  readonly transaction?: 'single' | 'each';
  /** Instead of the metric `rows`, which is measured whenever a tier is left. */
  readonly metric?: string;
  /** Instead of the schemas that the release searches. */
  readonly searchPath?: readonly string[];
  /** Rehearsed as it is: what its steps change is signed as well. */
  readonly rehearsed?: boolean;
}

/**
 * Ratifies a release whose first tier is this, past the rules of the seal: the database must not depend on them.
 */
export async function ratifyHostile(
  gated: Gated,
  { steps, transaction, metric, searchPath, rehearsed = false }: Forgery,
): Promise<StatementDigest> {
  const { release } = gated.sealed;
  const [tier] = release.tiers;
  if (tier?.up[0] === undefined) throw new Error('no tier');
  const first = tier.up[0];
  const stepOf = (sql: string): typeof first => ({ ...first, sql, digest: digest('step', [sql]) });
  const forged = {
    ...release,
    settings: { ...release.settings, ...(searchPath === undefined ? {} : { searchPath }) },
    metrics: release.metrics.map((one) =>
      one.name === 'rows' && metric !== undefined ? { ...one, query: stepOf(metric) } : one,
    ),
    tiers: [
      { ...tier, up: steps.map(stepOf), transaction: transaction ?? tier.transaction },
      ...release.tiers.slice(1),
    ],
  };
  const sealed: SealedRelease = { release: forged, seal: sealOf(sealDocument(forged)) };
  const schema = rehearsed ? { schema: note(await rehearseIn(gated.database, sealed)) } : {};
  const body = (await gated.ratification({}, schema)).replace(
    String(gated.sealed.seal).slice(7),
    String(sealed.seal).slice(7),
  );
  await gated.as('oneroof_relay', async (session) => {
    await submitRelease(session, sealed);
    for (const one of [gated.people.ana, gated.people.ben]) await submitSignature(session, body, assertion(one, body));
    await submitTargetOf(session, {
      statement: statementDigest(body),
      descriptor: await descriptorIn(gated, body),
      place: 0,
      proof: [],
    });
  });
  return statementDigest(body);
}

/** Ratifies a hostile release and lets the executor run its first tier to the end. */
export async function runHostile(gated: Gated, forgery: Forgery): Promise<void> {
  const statement = await ratifyHostile(gated, forgery);
  await as(
    gated,
    'oneroof_executor',
    attempt(
      statement,
      forgery.steps.map((sql, at) => step(statement, at + 1, sql)),
    ),
  );
}
