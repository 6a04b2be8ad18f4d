import { expect, test } from 'vitest';
import { embeddedBinaries, openObserver, sql } from '../../src/database/index.ts';
import { startProduction } from '../../src/demo/demo-production.io.ts';
import { runSql, withSession } from '../database.io.ts';

test('the demo has a production that Directus is connected to, owned by no superuser, with an observer that reads also what is made later and cannot write', async () => {
  const production = await startProduction({ binaries: embeddedBinaries() });
  try {
    await withSession(production.admin, async (session) => {
      const [live] = await session.query<{ count: string }>(
        sql`select count(*) from pg_catalog.pg_stat_activity where usename = 'directus'`,
      );
      expect(live?.count).toBe('2');
      const owners = await session.query<{ owner: string; super: string }>(
        sql`select distinct tableowner as owner, rolsuper::text as super from pg_catalog.pg_tables join pg_catalog.pg_roles on rolname = tableowner where schemaname = 'public'`,
      );
      expect(owners).toEqual([{ owner: 'directus', super: 'false' }]);
    });
    await runSql({ ...production.admin, user: 'directus' }, ['create table made_later (n integer)']);
    await withSession(production.observer, async (session) => {
      expect(await session.rows('select n from public.made_later', { maxRows: 1 })).toEqual([]);
    });
    const observer = await openObserver(production.observer, { applicationName: 'test' });
    expect((await observer.close()).role).toBe('oneroof_observer');
  } finally {
    await production.stop();
  }
}, 60_000);
