import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type RolloutFixture, withRolloutFixture } from './fixture.io.ts';
import { type GatedPlan } from '../gate/cycle.io.ts';
import { type Version } from '../binaries.io.ts';

/** How many rows the table of the backfill has, and how many are in a batch: the last batch is not full. */
export const filled = { rows: 330, batch: 50, batches: 7 } as const;

/** A release that fills a column in batches, counts each row that it touched, and copies the rows; and takes all of it back in batches. */
export const backfill: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: backfill
title: Backfill
database: shop
touches: [public.orders, public.copies]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
settings: { lockTimeout: 200ms }
tiers:
  - { id: 1-default, title: Default }
  - { id: 2-fill, title: Fill, transaction: each, batched: { by: id, rows: ${filled.batch} } }
`,
  'tiers/1-default/up.sql': `alter table public.orders alter column status set default 'open';\n`,
  'tiers/1-default/down.sql': 'alter table public.orders alter column status drop default;\n',
  'tiers/2-fill/up.sql': `update public.orders set status = 'open', touched = touched + 1 where id between $1 and $2 and status is null;
insert into public.copies (id, status) select o.id, o.status from public.orders o where o.id between $1 and $2;
`,
  'tiers/2-fill/down.sql': `delete from public.copies where id between $1 and $2;
update public.orders set status = null, touched = touched - 1 where id between $1 and $2 and touched > 0;
`,
  'tiers/2-fill/check.sql': 'select id from public.orders where status is null;\n',
};

/** The application that it is for, as its owner makes it; the keys have gaps. */
export const application = [
  'create table public.orders (id bigint primary key, status text, touched integer not null default 0)',
  `insert into public.orders (id) select 7 * n from generate_series(1, ${filled.rows}) n`,
  'create table public.copies (id bigint primary key, status text)',
  'analyze public.orders',
];

/** Makes a gated database with it. */
export function withBackfill<T>(
  version: Version,
  use: (ground: RolloutFixture) => Promise<T>,
  plan: Pick<GatedPlan, 'change' | 'files'> & { readonly more?: readonly string[] } = {},
): Promise<T> {
  return withRolloutFixture(version, use, { files: backfill, more: application, ...plan });
}

/** What the batches left: rows that are filled, how often a row was touched, and how many rows were copied. */
export async function left({ session }: Pick<RolloutFixture, 'session'>): Promise<object> {
  const [row] = await session.query<{ found: string }>(sql`
    select json_build_object('open', count(*) filter (where status = 'open'), 'least', min(touched), 'most', max(touched),
      'copies', (select count(*) from public.copies))::text as found from public.orders`);
  return JSON.parse(row?.found ?? '{}') as object;
}

/** How a whole rollout leaves it, and how a whole rollback does. */
export const whole = { open: filled.rows, least: 1, most: 1, copies: filled.rows };
export const none = { open: 0, least: 0, most: 0, copies: 0 };

/** Nothing was done twice, and the gate's own rows count what was done once. */
export async function requireKnown(
  { session }: RolloutFixture,
  statement: StatementDigest,
  where: string,
): Promise<void> {
  for (const until = Date.now() + 20_000; Date.now() < until; await wait(5)) {
    const rows = await session.query(sql`
      select from pg_catalog.pg_stat_activity
      where application_name ~ '^oneroof attempt' and datname = pg_catalog.current_database()`);
    if (rows.length === 0) break;
  }
  const [row] = await session.query<{ found: string }>(sql`
    with keys as (select coalesce(sum(s.keys) filter (where direction = 'up' and n = 1), 0) as filled, coalesce(sum(s.keys) filter (where direction = 'up' and n = 2), 0) as copied,
      coalesce(sum(s.keys) filter (where direction = 'down' and n = 1), 0) as removed, coalesce(sum(s.keys) filter (where direction = 'down' and n = 2), 0) as emptied
      from gate.steps s where statement = ${statement} and tier = '2-fill')
    select json_build_object('filled', (select count(*) from public.orders where touched = 1) = filled - emptied, 'copied', (select count(*) from public.copies) = copied - removed,
      'others', (select count(*) from public.orders where touched not in (0, 1)))::text as found from keys`);
  expect(JSON.parse(row?.found ?? '{}'), where).toEqual({ filled: true, copied: true, others: 0 });
}
