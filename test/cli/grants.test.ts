import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { runSql, versions, withDatabase } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { oneroof } from './run.io.ts';

interface Place {
  /** The superuser's. */
  readonly database: Connection;
  /** Roles of this database alone: the application's owner, a second owner, a DBA who is no superuser, and the observer. */
  readonly roles: { readonly app: string; readonly other: string; readonly dba: string; readonly look: string };
  readonly grants: (...words: string[]) => string;
  /** Runs SQL as a role as psql does: all of a text at once; the error with what the server says of it. */
  readonly as: (role: string, text: string) => Promise<{ readonly said: string; readonly fixes: readonly string[] }>;
  readonly doctor: () => string;
}

async function withPlace(version: (typeof versions)[number], use: (place: Place) => Promise<void>): Promise<void> {
  await withDatabase(version, (database) =>
    withFolder({}, async (folder) => {
      const role = (kind: string): string => `${kind}_${database.database}`;
      const roles = { app: role('app'), other: role('other'), dba: role('dba'), look: role('look') };
      const url = `postgres://${roles.look}@/${database.database}?host=${encodeURIComponent(database.host)}`;
      writeFileSync(join(folder, 'oneroof.yaml'), `targets: { production: { url: "${url}" } }\n`);
      await runSql(database, [
        `create role ${roles.app} login`,
        `create role ${roles.other} login`,
        `create role ${roles.dba} login createrole`,
        `create schema app authorization ${roles.app}`,
        `grant all on schema app to ${roles.other}`,
        `set role ${roles.app}`,
        'create table app.orders (id int generated always as identity primary key)',
        `set role ${roles.other}`,
        'create table app.items (id serial primary key)',
        'reset role',
      ]);
      try {
        await use({
          database,
          roles,
          grants: (...words) => {
            const { status, stdout } = oneroof(['grants', '--role', roles.look, '--schema', 'app', ...words], {
              folder,
            });
            expect(status).toBe(0);
            return stdout;
          },
          as: async (user, text) => {
            const client = new pg.Client({ ...database, user, password: '' });
            await client.connect();
            try {
              await client.query(text);
              return { said: 'done', fixes: [] };
            } catch (error) {
              const { message, detail = '' } = error as pg.DatabaseError;
              return { said: message, fixes: detail.split('\n').map((line) => line.replace(/^as [^:]+: /, '')) };
            } finally {
              await client.end();
            }
          },
          doctor: () => oneroof(['doctor'], { folder }).stdout,
        });
      } finally {
        const gone = Object.values(roles);
        await runSql(database, [
          ...gone.map(
            (one) =>
              `do $$ begin if to_regrole('${one}') is not null then execute 'drop owned by ${one} cascade'; end if; end $$`,
          ),
          `alter database ${database.database} owner to postgres`,
          ...gone.map((one) => `drop role if exists ${one}`),
        ]);
      }
    }),
  );
}

const ok = /ok +target production: PostgreSQL \d+, look_\S+ cannot write/;

describe.each(versions)('oneroof grants on PostgreSQL %s', (version) => {
  it('run by a superuser, lets the observer read what each owner makes later, and its sequences', () =>
    withPlace(version, async ({ roles, grants, as, doctor }) => {
      expect(await as('postgres', grants())).toMatchObject({ said: 'done' });
      expect(doctor()).toMatch(ok);
      expect(doctor()).not.toContain('observer of production');
      for (const owner of [roles.app, roles.other]) {
        expect(await as(owner, `create table app.new_${owner} (id serial)`)).toMatchObject({ said: 'done' });
        for (const what of [`app.new_${owner}`, `app.new_${owner}_id_seq`])
          expect(await as(roles.look, `select * from ${what}`)).toMatchObject({ said: 'done' });
      }
      expect(doctor()).not.toContain('observer of production');
    }));

  it('run by a DBA who is no superuser, names every right that is missing, changes nothing, and works with them', () =>
    withPlace(version, async ({ database, roles, grants, as, doctor }) => {
      const refused = await as(roles.dba, grants());
      expect(refused.said).toContain('lacks rights for this, so nothing was done');
      expect(refused.fixes).toEqual([
        expect.stringMatching(/^grant app_\S+ to dba_/),
        expect.stringMatching(/^grant other_\S+ to dba_/),
        expect.stringMatching(/^revoke temporary, create on database \S+ from public;$/),
      ]);
      await runSql(database, [`do $$ begin assert to_regrole('${roles.look}') is null; end $$`]);
      await runSql(database, refused.fixes);
      expect(await as(roles.dba, grants())).toMatchObject({ said: 'done' });
      expect(doctor()).toMatch(ok);
      expect(doctor()).not.toContain('observer of production');
    }));

  it("run by the application's owner, asks for the role that it may not create, and works once it is there", () =>
    withPlace(version, async ({ database, roles, grants, as, doctor }) => {
      await runSql(database, [
        `alter database ${database.database} owner to ${roles.app}`,
        `reassign owned by ${roles.other} to ${roles.app}`,
      ]);
      const refused = await as(roles.app, grants());
      expect(refused.fixes).toEqual([
        expect.stringMatching(
          /^create role "look_\S+ login; alter role "look_\S+ set default_transaction_read_only = on;$/,
        ),
      ]);
      await runSql(
        database,
        refused.fixes.flatMap((fix) => fix.split('; ')),
      );
      expect(await as(roles.app, grants())).toMatchObject({ said: 'done' });
      // again, as somebody does who is not sure
      expect(await as(roles.app, grants())).toMatchObject({ said: 'done' });
      expect(doctor()).toMatch(ok);
      expect(doctor()).not.toContain('observer of production');
    }));

  it('with --owner says nothing of owners that are not named, and doctor finds each of them, with a fix that works', () =>
    withPlace(version, async ({ database, roles, grants, as, doctor }) => {
      const text = grants('--owner', `${roles.dba}, ${roles.app}`);
      expect(text.match(/alter default privileges for role/g)).toHaveLength(4);
      await runSql(database, [`grant create on schema app to ${roles.dba}`]);
      expect(await as('postgres', text)).toMatchObject({ said: 'done' });
      const told = doctor();
      expect(told).toMatch(
        /problem +observer of production: will not be able to read tables that other_\S+ makes in schema app/,
      );
      expect(told).toMatch(/problem +observer of production: will not be able to read sequences that other_\S+ makes/);
      expect(told).not.toContain(`that ${roles.app} makes`);
      expect(await as(roles.other, 'create table app.later (id serial)')).toMatchObject({ said: 'done' });
      expect(doctor()).toMatch(/cannot read table app\.later/);
      const fixes = doctor().match(/(grant|alter default privileges) .*;/g) ?? [];
      expect(fixes).toHaveLength(4);
      await runSql(database, fixes);
      expect(doctor()).not.toContain('observer of production');
    }));

  it('asks for a schema and for an owner that are not there, and quotes names', () =>
    withPlace(version, async ({ grants, as }) => {
      const odd = grants('--schema', 'Odd "$oneroof$', '--owner', "o'hara");
      expect((await as('postgres', odd)).fixes).toEqual(['create role "o\'hara";', 'create schema "Odd ""$oneroof$";']);
    }));
});

it('is one transaction, so that psql leaves nothing half done', () => {
  const { stdout } = oneroof(['grants']);
  expect(stdout.split('\n').filter((line) => /^(begin|commit);$/.test(line))).toEqual(['begin;', 'commit;']);
});
