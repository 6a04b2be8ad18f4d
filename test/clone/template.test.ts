import { expect, test } from 'vitest';
import { openCloneHost } from '../../src/clone/index.ts';
import { id, sql } from '../../src/database/index.ts';
import { runSql, serverConnection, newest, withDatabase, withSession } from '../database.io.ts';

test.each(newest)(
  'PostgreSQL %s: template clones are made beside the source only where that is meant, and never by ending its sessions',
  async (version) => {
    await withDatabase(version, async (source) => {
      await runSql(source, ['create table t as select 1 as i']);
      const setup = { provider: 'template', admin: serverConnection(version), source: source.database } as const;
      await expect(openCloneHost({ ...setup, sameServer: false })).rejects.toMatchObject({ code: 'CLONE_SAME_SERVER' });
      const host = await openCloneHost({ ...setup, sameServer: true });
      try {
        await withSession(source, async () => {
          await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_SOURCE_BUSY' });
        });
        const golden = await host.makeGolden({});
        const clone = await host.makeClone({ purpose: 'p', owner: 'o', hours: 1 });
        await runSql(clone.connection, ['drop table public.t']);
        await host.drop(clone.lease.database);
        await withSession(serverConnection(version), async (session) => {
          await session.query(sql`alter database ${id(golden.database)} with is_template false`);
          await session.query(sql`drop database ${id(golden.database)}`);
        });
      } finally {
        await host.close();
      }
    });
  },
);
