import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { id, openObserver, sql } from '../../src/database/index.ts';
import { differingObjects, listSchema } from '../../src/fingerprint/index.ts';
import { newest, runSql, serverConnection, withDatabase, withSession } from '../database.io.ts';

test('of two listings each object that differs is named once, sorted, with how it differs', () => {
  const listed = (kind: string, name: string, digest: string) => ({ kind, name, digest });
  const same = listed('table', 'public.same', 'a');
  const before = [listed('view', 'public.v', '1'), listed('table', 'public.gone', 'b'), same, listed('cast', 'x', '1')];
  const after = [listed('table', 'public.new', 'b'), listed('view', 'public.v', '2'), same, listed('cast', 'x', '1')];
  expect(differingObjects(before, after)).toEqual([
    { kind: 'table', name: 'public.gone', change: 'gone' },
    { kind: 'table', name: 'public.new', change: 'new' },
    { kind: 'view', name: 'public.v', change: 'changed' },
  ]);
  expect(differingObjects(before, before.toReversed())).toEqual([]);
  // two objects of one name: neither hides the other
  const twice = [listed('cast', 'x', '1'), listed('cast', 'x', '2')];
  expect(differingObjects(twice, twice.toReversed())).toEqual([]);
  expect(differingObjects(twice, [listed('cast', 'x', '1'), listed('cast', 'x', '1')])).toHaveLength(1);
});

test.each(newest)(
  'on %s the listing is the same for a superuser and for the weakest role, and names what changed',
  async (version) => {
    const role = `r_${randomBytes(6).toString('hex')}`;
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create table public.t (id integer primary key, a text)',
        'create view public.v as select id from public.t',
        'create foreign data wrapper w',
        'create server s foreign data wrapper w',
        `create user mapping for postgres server s options (password 'secret')`,
        `create role ${role} login`,
        `revoke temporary on database ${connection.database} from public`,
      ]);
      const weak = async () => {
        const observer = await openObserver({ ...connection, user: role }, { applicationName: 'test' });
        const listed = await observer.snapshot(listSchema);
        await observer.close();
        return listed;
      };
      const before = await withSession(connection, listSchema);
      expect(await weak()).toEqual(before);
      expect(before.every(({ digest }) => /^[0-9a-f]{16}$/.test(digest))).toBe(true);
      await runSql(connection, ['alter table public.t alter a set not null', 'create index i on public.t (a)']);
      expect(differingObjects(before, await weak())).toEqual(
        expect.arrayContaining([
          { kind: 'column', name: 'public.t.a', change: 'changed' },
          { kind: 'index', name: 'public.i', change: 'new' },
        ]),
      );
    });
    await withSession(serverConnection(version), (admin) => admin.query(sql`drop role ${id(role)}`));
  },
);
