import { expect, test } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { type CatalogRelation } from '../../src/fingerprint/rows/plan.ts';
import { lockTables, readPieces } from '../../src/fingerprint/rows/rows.sql.ts';
import { runSql, withDatabase, withSession } from '../database.io.ts';

const of: CatalogRelation = {
  schema: 'public',
  table: 't',
  name: 'public.t',
  kind: 'r',
  columns: ['x'],
  forms: {},
  reason: null,
  populated: true,
  oid: '0',
  file: '0',
  heap: true,
  pages: 0,
  toast: '0',
  bytes: 0,
};

/** What the real query says of the table, and what a damaged one says. */
async function both(session: Session, damage: (text: string) => string): Promise<readonly [string, string]> {
  const real = readPieces([{ of, from: null, to: null, bytes: 0 }], {
    hash: 'fast',
    seeds: ['1', '2'],
    serverVersion: session.serverVersion,
  });
  const [good] = await session.query<{ rows: string; sums: string }>(real);
  const [bad] = await session.query<{ rows: string; sums: string }>({ ...real, text: damage(real.text) });
  return [`${good?.rows} ${good?.sums}`, `${bad?.rows} ${bad?.sums}`];
}

test.each([
  ['XOR', 'text', `('a'), ('a')`, `('b'), ('b')`, (text: string) => text.replaceAll('sum(', 'bit_xor(')],
  [
    'a hash of values',
    'numeric',
    '(1.0)',
    '(1.00)',
    (text: string) =>
      text
        .replace('row("t"."x")::text collate "C"', 'row("t"."x")')
        .replaceAll('hashtextextended', 'hash_record_extended'),
  ],
] as const)('%s would be blind to what the comparison sees', async (_, type, one, two, damage) => {
  await withDatabase('18', async (connection) => {
    await runSql(connection, [`create table public.t (x ${type})`, `insert into public.t values ${one}`]);
    await withSession(connection, async (session) => {
      const before = await both(session, damage);
      await runSql(connection, ['delete from public.t', `insert into public.t values ${two}`]);
      const after = await both(session, damage);
      expect(after[0]).not.toBe(before[0]);
      expect(after[1]).toBe(before[1]);
    });
  });
});

test('without the lock an older snapshot would see an empty table', async () => {
  await withDatabase('18', async (connection) => {
    await runSql(connection, ['create table public.t as select 1 as x']);
    await withSession(connection, async (session) => {
      await session.run('begin isolation level repeatable read read only');
      await session.query(lockTables([of]));
      await runSql(connection, ['insert into public.t values (2)']);
      // the lock took no snapshot: the row that came after it is seen
      expect((await both(session, (text) => text))[0]).toMatch(/^2 /);
      await expect(runSql(connection, [`set lock_timeout = '50ms'`, 'truncate public.t'])).rejects.toThrow(/lock/);
      await session.run('rollback');
      await session.run('begin isolation level repeatable read read only');
      await session.query(sql`select 1 from pg_class limit 1`);
      await runSql(connection, ['truncate public.t']);
      expect((await both(session, (text) => text))[0]).toMatch(/^0 /);
      await session.run('rollback');
    });
  });
});

test('without the pinned settings two floats would be one', async () => {
  await withDatabase('18', async (connection) => {
    await runSql(connection, ['create table public.t (x float8)', 'insert into public.t values (0.3)']);
    await withSession(connection, async (pinned) => {
      await withSession(connection, async (loose) => {
        await loose.run('set extra_float_digits = 0');
        const seen = async (session: Session) => (await both(session, (text) => text))[0];
        const before = [await seen(pinned), await seen(loose)];
        await runSql(connection, ['update public.t set x = 0.30000000000000004']);
        expect(await seen(pinned)).not.toBe(before[0]);
        expect(await seen(loose)).toBe(before[1]);
      });
    });
  });
});
