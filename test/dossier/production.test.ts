import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Instant, now } from '../../src/core/index.ts';
import { type Connection, fixed, observerStatements, sql } from '../../src/database/index.ts';
import { readProduction } from '../../src/dossier/index.ts';
import { schemaAgainst, stateOf } from '../../src/dossier/production.ts';
import { schemaDigestSql } from '../../src/fingerprint/index.ts';
import { type MetricName, type TierId } from '../../src/release/index.ts';
import { runSql, serverConnection, versions, withDatabase, withSession } from '../database.io.ts';
import { sealed, step, tier } from '../rehearsal/made.ts';
import { type Version } from '../binaries.io.ts';

const metric = (name: string, text: string) => ({ name: name as MetricName, title: name, query: step(text, name) });
const one = tier('1-x', { up: ['select 1'], down: ['select 1'] });
const release = sealed([one, { ...one, id: '2-y' as TierId, barred: 'not yet' }], {
  touches: ['public.t'],
  metrics: [
    metric('rows', 'select count(*) from public.t'),
    metric('ready', 'select count(*) from public.t'),
    metric('lost', 'select count(*) from public.nothing'),
    metric('free', 'select 5'),
  ],
  invariants: {
    greenfield: { rows: { equals: 3 }, lost: { equals: 0 }, ready: { equals: 9 } },
    finalized: {},
    always: {},
  },
  gates: [
    { id: 'g', title: 'ready', metric: 'ready' as MetricName, expectation: { atLeast: 4 }, before: '1-x' as TierId },
    { id: 'h', title: 'never', metric: 'ready' as MetricName, expectation: { atLeast: 9 }, before: '2-y' as TierId },
  ],
});

/** A production with an observer of its own. */
async function withProduction(
  version: Version,
  use: (given: { readonly owner: Connection; readonly observer: Connection; readonly role: string }) => Promise<void>,
): Promise<void> {
  const role = `o_${randomBytes(6).toString('hex')}`;
  await withDatabase(version, async (owner) => {
    await runSql(owner, ['create table t (id integer primary key)', 'insert into t values (1), (2), (3)']);
    await runSql(owner, observerStatements(role, ['public']));
    try {
      await use({ owner, observer: { ...owner, user: role }, role });
    } finally {
      await runSql(owner, [`drop owned by ${role}`]);
      await runSql(serverConnection(version), [`drop role ${role}`]);
    }
  });
}

async function digestOf(owner: Connection): Promise<string> {
  return await withSession(owner, async (session) => {
    const [row] = await session.query<{ d: string }>(sql`select ${fixed(schemaDigestSql(session.serverVersion))} as d`);
    return row?.d ?? '';
  });
}

describe('production, as an approver is told', () => {
  it.each(versions)('is read by the observer on PostgreSQL %s: metrics, gates, schema, who is in the way', (version) =>
    withProduction(version, async ({ owner, observer, role }) => {
      const schema = await digestOf(owner);
      const look = (rehearsed: string | null = schema) =>
        readProduction({
          release,
          target: { name: 'production', observer },
          at: now(),
          rehearsed: { of: null, schema: rehearsed },
        });
      const first = await look();
      expect(first).toMatchObject({
        read: true,
        schema: 'as rehearsed',
        metrics: [
          { name: 'rows', value: 3, expected: '= 3', holds: true },
          { name: 'ready', value: 3, expected: null, holds: null },
          { name: 'lost', value: null, expected: '= 0', holds: false },
          { name: 'free', value: 5, expected: null, holds: null },
        ],
        gates: [{ title: 'ready', state: 'closed', text: 'ready = 3, needs ≥ 4; before tier 1-x' }],
        blockers: [],
        unseen: expect.stringContaining('pg_read_all_stats'),
        harmless: expect.stringContaining('0 rows written'),
      });
      expect(await look(null)).toMatchObject({ schema: 'not compared' });
      await runSql(owner, ['insert into t values (4)', `grant pg_read_all_stats to ${role}`]);
      await withSession(owner, async (session) => {
        await session.query(sql`begin`);
        await session.query(sql`lock table public.t in share row exclusive mode`);
        expect(await look()).toMatchObject({
          schema: 'as rehearsed',
          metrics: [{ value: 4, holds: false }, {}, {}, {}],
          gates: [{ state: 'open' }],
          blockers: [expect.stringContaining('ShareRowExclusiveLock on public.t')],
          unseen: null,
        });
        // without an application name: role and query, and no value of a stranger
        await session.query(sql`select pg_catalog.set_config('application_name', '', false)`);
        await session.run("select 'my password' as secret, 1 from public.t");
        expect(await look()).toMatchObject({
          blockers: expect.arrayContaining([
            `session ${session.pid} (role postgres: select '…' as secret, 1 from public.t) holds ShareRowExclusiveLock on public.t`,
          ]) as string[],
        });
        await session.query(sql`rollback`);
      });
      await runSql(owner, ['alter table t add column more integer']);
      expect(await look()).toMatchObject({ schema: 'changed since the rehearsal' });
    }),
  );

  it('that cannot be read, or only by a role that could write, is a value with the reason', () =>
    withProduction('18', async ({ owner, observer }) => {
      const look = (connection: Connection) =>
        readProduction({
          release,
          target: { name: 'production', observer: connection },
          at: '2026-06-03T08:00:00.000Z' as Instant,
          rehearsed: { of: null, schema: null },
        });
      expect(await look({ ...observer, database: 'not_there' })).toMatchObject({
        read: false,
        why: expect.stringContaining('not_there'),
      });
      expect(await look({ ...observer, host: '/nowhere' })).toMatchObject({ read: false });
      expect(await look(owner)).toMatchObject({ read: false, why: expect.stringContaining('could write') });
    }));
});

describe('what is compared', () => {
  it('is like with like, and never called equal where one side is missing', () => {
    const differs = { object: 'index: app.i', property: null, expected: null, found: {} };
    expect(schemaAgainst('x', { drift: [], schema: 'y' })).toBe('as rehearsed');
    expect(schemaAgainst('x', { drift: [differs], schema: 'x' })).toBe('changed since the rehearsal');
    expect(schemaAgainst('x', { drift: null, schema: 'x' })).toBe('as rehearsed');
    expect(schemaAgainst('x', { drift: null, schema: 'y' })).toBe('changed since the rehearsal');
    expect(schemaAgainst(null, { drift: null, schema: 'a' })).toBe('not compared');
    expect(schemaAgainst('x', { drift: null, schema: null })).toBe('not compared');
  });

  it('is every bound of a metric', () => {
    const always = { rows: { atMost: 2 } };
    const bound = { ...release.release, invariants: { ...release.release.invariants, always } };
    expect(stateOf(bound, { rows: 3 }).metrics[0]).toMatchObject({ expected: '≤ 2 and = 3', holds: false });
  });
});
