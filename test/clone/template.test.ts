import { expect, test } from 'vitest';
import { type DatabaseName, openCloneHost } from '../../src/clone/index.ts';
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
        const reset = await host.reset(clone.lease.database);
        expect(reset).toEqual(clone.lease);
        expect(await host.list()).toContainEqual(clone.lease);
        await runSql(clone.connection, ['drop table public.t']);
        await expect(host.reset('postgres' as DatabaseName)).rejects.toMatchObject({ code: 'CLONE_NOT_OURS' });
        const next = await host.makeGolden({});
        await expect(host.reset(clone.lease.database)).rejects.toMatchObject({ code: 'CLONE_GONE' });
        await host.drop(clone.lease.database);
        await withSession(serverConnection(version), async (session) => {
          for (const { database } of [golden, next]) {
            await session.query(sql`alter database ${id(database)} with is_template false`);
            await session.query(sql`drop database ${id(database)}`);
          }
        });
      } finally {
        await host.close();
      }
    });
  },
);

test.each(newest)(
  'PostgreSQL %s: a clone of another project on the same server is neither reset nor dropped',
  { timeout: 120_000 },
  async (version) => {
    await withDatabase(version, (ours) =>
      withDatabase(version, async (theirs) => {
        const open = ({ database: source }: typeof ours) =>
          openCloneHost({ provider: 'template', admin: serverConnection(version), source, sameServer: true });
        const [our, their] = [await open(ours), await open(theirs)];
        const made: string[] = [];
        try {
          for (const host of [our, their]) made.push((await host.makeGolden({})).database);
          await runSql(theirs, ['create table t as select 1 as i']);
          const clone = await their.makeClone({ purpose: 'p', owner: 'o', hours: 1 });
          const { database } = clone.lease;
          made.unshift(database);
          await runSql(clone.connection, ['create table tried as select 1 as i']);
          for (const act of [our.reset, our.drop])
            await expect(act(database)).rejects.toMatchObject({ code: 'CLONE_NOT_OURS' });
          // nothing of it was changed
          await runSql(clone.connection, ['select i from tried']);
          expect(await their.reset(database)).toEqual(clone.lease);
          await their.drop(database);
          made.shift();
        } finally {
          for (const host of [our, their]) await host.close();
          await withSession(serverConnection(version), async (session) => {
            for (const database of made) {
              await session.query(sql`alter database ${id(database)} with is_template false`);
              await session.query(sql`drop database ${id(database)}`);
            }
          });
        }
      }),
    );
  },
);
