import { expect, test } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { schemaDigestBody, schemaDigestSql } from '../../src/fingerprint/schema/digest.sql.ts';
import { runSql, serverConnection, since15, withDatabase, withSession } from '../database.io.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';

async function flat(session: Session): Promise<string> {
  await session.run('set local search_path = pg_catalog, pg_temp');
  const [row] = await session.query<{ digest: string }>({
    text: `select ${schemaDigestSql(session.serverVersion)} as digest`,
    values: [],
  });
  return row?.digest ?? '';
}

async function ofBody(session: Session, body: string): Promise<string> {
  await session.run(
    `create or replace function pg_temp.digest() returns text language plpgsql stable as $digest$${body}$digest$`,
  );
  const [row] = await session.query<{ digest: string }>(sql`select pg_temp.digest() as digest`);
  return row?.digest ?? '';
}

test.each(since15)(
  'on %s the body that skips kinds without objects says what the one expression says, of every kind of object and of none',
  { timeout: 120_000 },
  async (version) => {
    const space = (text: string): string => text.replaceAll('mutation_space', 'digest_space');
    await runSql(serverConnection(version), [
      'set allow_in_place_tablespaces = on',
      `create tablespace digest_space location ''`,
    ]);
    try {
      await withDatabase(version, (connection) =>
        withSession(connection, async (session) => {
          const body = schemaDigestBody(session.serverVersion);
          await session.run('begin');
          expect(await ofBody(session, body)).toBe(await flat(session));
          await session.run('rollback');
          await runSql(connection, (version === '18' ? [...fixture, ...fixture18] : fixture).map(space));
          await session.run('begin');
          const whole = await flat(session);
          const skipping = await ofBody(session, body);
          // each kind that may be skipped is there: were it skipped wrongly, the comparison above would fail
          const guards = [...body.matchAll(/if there\[\d+\] then/g)].map(([guard]) => guard);
          const unseen: string[] = [];
          for (const guard of guards)
            if ((await ofBody(session, body.replace(guard, 'if false then'))) === whole) unseen.push(guard);
          await session.run('rollback');
          // a database with a subscription cannot be dropped
          await session.run('drop subscription sub');
          expect(unseen).toEqual([]);
          expect(skipping).toBe(whole);
          expect(guards.length).toBeGreaterThan(20);
        }),
      );
    } finally {
      await runSql(serverConnection(version), ['drop tablespace digest_space']);
    }
  },
);
