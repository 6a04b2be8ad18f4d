import { sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { execute, type RolloutResult, type RolloutRun } from '../../src/rollout/index.ts';
import { type RolloutFixture } from './fixture.io.ts';

/** Runs the executor here. */
export function run(
  ground: RolloutFixture,
  statement: StatementDigest,
  direction: Direction,
  extra: Partial<RolloutRun> = {},
): Promise<RolloutResult> {
  const target = { name: 'test', executor: ground.connection };
  const plan = { sealed: ground.sealed, statement, direction, through: null, target, record: async () => undefined };
  return execute({ ...plan, ...extra });
}

/** Schema, rows, markers and steps, and what the tiers told of themselves: what two ends have to have in common. */
export interface Standing {
  readonly schema: unknown;
  /** Written by the tiers, not by the gate: a tier that was run twice stands here twice. */
  readonly told: readonly string[];
  readonly markers: readonly object[];
  readonly steps: readonly object[];
}

/** Reads where a cycle stands. */
export async function standing({ session }: RolloutFixture, statement: StatementDigest): Promise<Standing> {
  const [schema] = await session.query(
    sql`select gate.schema_digest() as digest, (select pg_catalog.string_agg(b::text, ';') from public.base b) as rows`,
  );
  const told = await session.query<{ what: string }>(sql`select what from public.told order by 1`);
  const markers = await session.query(
    sql`select tier, direction from gate.markers where statement = ${statement} order by 2, 1`,
  );
  const steps = await session.query(
    sql`select tier, direction, n from gate.steps where statement = ${statement} order by 2, 1, 3`,
  );
  return { schema, told: told.map(({ what }) => what), markers, steps };
}

/** Empties what the tiers told, before another cycle. */
export async function forget({ session }: RolloutFixture): Promise<void> {
  await session.query(sql`delete from public.told`);
}
