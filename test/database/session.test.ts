import { describe, expect, test } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { versions, withDatabase, withSession } from '../database.io.ts';

describe.each(versions)('a session on PostgreSQL %s', (version) => {
  test('has the pinned settings and runs exactly one statement', async () => {
    await withDatabase(version, async (connection) => {
      await withSession(connection, async (session) => {
        expect(await session.query(sql`select current_setting('TimeZone') as zone, ${'a'}::text as a`)).toEqual([
          { zone: 'UTC', a: 'a' },
        ]);
        await expect(session.run('select 1; select 2')).rejects.toThrow(/multiple commands/);
      });
    });
  });

  test('is lost when the server ends it, and not when a function says so', async () => {
    await withDatabase(version, async (connection) => {
      await withSession(connection, async (session) => {
        const said = session.run(
          `do $$ begin raise exception 'terminating connection' using errcode = '57P01'; end $$`,
        );
        await expect(said).rejects.toMatchObject({ name: 'error', code: '57P01' });
        for (const ask of [
          (own: Session) => own.query(sql`select pg_terminate_backend(pg_backend_pid()), pg_sleep(30)`),
          (own: Session) => own.run('select pg_terminate_backend(pg_backend_pid()), pg_sleep(30)'),
          (own: Session) => own.rows('select pg_terminate_backend(pg_backend_pid()), pg_sleep(30)', { maxRows: 1 }),
        ])
          await withSession(connection, (own) =>
            expect(ask(own)).rejects.toMatchObject({ code: 'CONNECTION_LOST', cause: { code: '57P01' } }),
          );
        expect(await session.query(sql`select 1 as one`)).toEqual([{ one: '1' }]);
      });
    });
  });
});
