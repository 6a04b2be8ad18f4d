import { describe, expect, it } from 'vitest';
import { rehearse, type Rehearsal } from '../../src/rehearsal/index.ts';
import { chooseRole, grantFix, type RoleFacts } from '../../src/rehearsal/session/role.ts';
import { type Release } from '../../src/release/index.ts';
import { runSql, serverConnection, versions } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 120_000 };

/** A release that makes a table in schema public, which not every role may since PostgreSQL 15. */
const files = (more: string): Readonly<Record<string, string>> => ({
  'release.yaml': `format: 1
name: makes
title: Makes a table
database: shop
touches: [public.made, public.t]
${more}
metrics: { tables: tables that it makes }
invariants: { greenfield: { tables: 0 }, finalized: { tables: 1 } }
tiers:
  - { id: 1-table, title: Table }
`,
  'tiers/1-table/up.sql': 'create table public.made (i integer);\nalter table public.t add column made integer;\n',
  'tiers/1-table/down.sql': 'alter table public.t drop column made;\ndrop table public.made;\n',
  'metrics/tables.sql': "select count(*) from pg_catalog.pg_tables where tablename = 'made'\n",
});

describe.each(versions)('a rehearsal on %s', (version) => {
  it('is denied what the rollout is denied, and passes with the grant that it asks for', time, () =>
    withGate(version, { files: files('') }, async (gated) => {
      await runSql(gated.database, ['alter schema public owner to postgres', 'grant usage on schema public to public']);
      await withPlace(gated, async (run) => {
        const looked = run('doctor', 'release');
        expect(looked.stdout).toMatch(/problem +release on production: app_owner.*lacks create on schema public/);
        const refused = run('rehearse', 'release', '--golden');
        expect(refused.status, refused.stdout).toBe(1);
        expect(refused.stdout).toContain('permission denied for schema public');
        expect(refused.stdout).toMatch(/role +app_owner \(the role that the gate runs ratified steps as\)/);
        const told = refused.stdout.replace(/\s+/g, ' ');
        expect(told).toContain('a rollout runs this as app_owner too');
        const grant = 'grant usage, create on schema "public" to "app_owner"';
        expect(told).toContain(grant);
        const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
        const rolled = run('rollout', 'release', '--statement', statement);
        expect(rolled.stdout + rolled.stderr).toContain('permission denied for schema public');
        expect(rolled.stdout + rolled.stderr).toContain('grant the missing right to the role that runs the statement');
        await runSql(gated.database, [grant]);
        expect(run('doctor', 'release').stdout).toMatch(/ok +release on production: app_owner has the rights/);
        const passed = run('rehearse', 'release', '--golden', '--json');
        expect(passed.status, passed.stdout).toBe(0);
        const { rehearsal } = JSON.parse(passed.stdout) as { readonly rehearsal: Rehearsal };
        expect(rehearsal.role).toEqual({ name: 'app_owner', from: 'gate', reason: null, fix: null });
      });
    }),
  );

  it('is not run where the release names another role than the gate has', time, () =>
    withGate(version, { files: files('settings: { role: oneroof_observer }') }, (gated) =>
      withPlace(gated, async (run) => {
        expect(run('doctor', 'release').stdout).toContain('settings.role is oneroof_observer, but the gate runs');
        const { status, stdout } = run('rehearse', 'release', '--golden');
        expect(status).toBe(1);
        const told = stdout.replace(/\s+/g, ' ');
        expect(told).toContain('REHEARSAL_ROLE');
        expect(told).toContain(
          'settings.role is oneroof_observer, and the gate of this database runs ratified steps as app_owner',
        );
      }),
    ),
  );

  it('is not run on a copy that was restored without its owners', time, () =>
    withGate(version, { files: files('') }, async (gated) => {
      await runSql(gated.database, ['alter function gate.execute_step(text, text) owner to postgres']);
      await withPlace(gated, async (run) => {
        const { status, stdout } = run('rehearse', 'release', '--golden');
        expect(status).toBe(1);
        expect(stdout.replace(/\s+/g, ' ')).toMatch(
          /REHEARSAL_ROLE.*restored without its owners.*pg_dumpall --roles-only/,
        );
      });
    }),
  );

  it('names a table that the role does not own before anything runs', time, () =>
    withGate(version, { files: files('') }, async (gated) => {
      await runSql(gated.database, ['alter table public.t owner to postgres']);
      await withPlace(gated, async (run) => {
        const { stdout } = run('doctor', 'release');
        const fix = /alter table public\.t owner to app_owner;/.exec(stdout)?.[0];
        expect(stdout).toContain('does not own table public.t');
        expect(run('rehearse', 'release', '--golden').stdout).toContain('must be owner of table t');
        await runSql(gated.database, [fix ?? '']);
        expect(run('doctor', 'release').stdout).toMatch(/ok +release on production/);
        expect(run('rehearse', 'release', '--golden').status).toBe(0);
      });
    }),
  );
});

const made = tier('1-table', { up: ['create table public.made (i integer)'], down: ['drop table public.made'] });
const option = (up: string) => ({
  id: 'shadow',
  title: 'Shadow',
  decision: 'rejected' as const,
  reason: 'no',
  up: tier('1-x', { up: [up], down: [] }).up,
});

async function withRole(use: (role: string) => Promise<void>): Promise<void> {
  const role = `owner_${process.pid}_${Date.now()}`;
  const server = serverConnection('18');
  await runSql(server, [`create role ${role} createrole`, `create role ${role}_other`]);
  try {
    await use(role);
  } finally {
    await runSql(server, [`drop role ${role}`, `drop role ${role}_other`]);
  }
}

const rehearsedAs = (role: string | null, more: Partial<Release>, before: readonly string[] = []): Promise<Rehearsal> =>
  withHost(before, ({ host }) => {
    const release = sealed([made], more);
    const settings = { ...release.release.settings, role };
    return rehearse({ release: { ...release, release: { ...release.release, settings } }, host, owner: 'test' });
  });

describe('the role of a rehearsal', () => {
  it('is what refuses: its administrator could make the table, and is told as a risk', time, async () => {
    const { outcome, role } = await rehearsedAs(null, {});
    expect(outcome).toBe('passed');
    expect(role).toMatchObject({ name: 'postgres', from: 'administrator' });
    expect(role?.reason).toContain('the database belongs to postgres, a role as which no gate runs steps');
    await withRole(async (name) => {
      const denied = await rehearsedAs(name, {});
      expect(denied.problems.map(({ problem }) => problem)).toEqual([
        expect.stringContaining('permission denied for schema public'),
      ]);
      expect(denied.role).toMatchObject({ name, from: 'release' });
    });
  });

  it('is the one of options too, and the administrator still measures', time, () =>
    withRole(async (name) => {
      const options = [option('create extension file_fdw')];
      const rehearsal = await rehearsedAs(name, { options }, ['grant create on schema public to public']);
      expect(rehearsal.problems).toEqual([]);
      expect(rehearsal.options[0]).toMatchObject({ outcome: 'fails' });
      expect(rehearsal.options[0]?.problems[0]?.problem).toContain('permission denied to create extension');
      // calls of functions are counted, which only a superuser may ask for
      expect(rehearsal.stages.flatMap(({ steps }) => steps).map(({ outward }) => outward.called)).not.toContain(null);
    }),
  );

  it('hides no password that it changes from the watch of the server', time, () =>
    withRole(async (name) => {
      const other = `${name}_other`;
      await runSql(serverConnection('18'), [`grant ${other} to ${name} with admin option`]);
      const secret = tier('1-x', { up: [`alter role ${other} password 'x'`], down: [] });
      const rehearsal = await rehearsedAs(name, { tiers: [secret] });
      expect(rehearsal.problems.map(({ code }) => code)).toContain('SERVER_CHANGED');
    }),
  );

  const facts: RoleFacts = {
    administrator: 'maker',
    databaseOwner: 'app',
    gate: null,
    roles: [
      { name: 'app', mighty: false, reachable: true },
      { name: 'far', mighty: false, reachable: false },
      { name: 'strong', mighty: true, reachable: true },
    ],
  };
  const gate = (named: string) => ({ named, owner: named });

  it.each([
    ['the owner of the database, where nothing else says it', facts, null, 'app'],
    ['the one of the release, where there is no gate', { ...facts, databaseOwner: 'far' }, 'app', 'app'],
    ['the one of the gate', { ...facts, databaseOwner: 'strong', gate: gate('app') }, null, 'app'],
    [
      'the administrator, where the owner of the database is a superuser',
      { ...facts, databaseOwner: 'strong' },
      null,
      'maker',
    ],
    ['the administrator, where it cannot become the owner', { ...facts, databaseOwner: 'far' }, null, 'maker'],
  ])('is %s', (_, given, wanted, name) => {
    expect(chooseRole(given, wanted)).toMatchObject({ role: { name }, problems: [] });
  });

  it.each([
    ['a role that is not there', facts, 'gone', /the clone server has no such role/, /correct settings\.role/],
    [
      'a gate whose role is not there',
      { ...facts, gate: gate('gone') },
      null,
      /no such role/,
      /pg_dumpall --roles-only/,
    ],
    ['a superuser', facts, 'strong', /no gate runs steps as such a role/, /owns the tables/],
    ['a role that the administrator cannot become', facts, 'far', /is not a member of it/, /grant "far" to "maker"/],
  ])('is refused for %s', (_, given, wanted, problem, fix) => {
    const { role, problems } = chooseRole(given, wanted);
    expect(role).toBeNull();
    expect(problems[0]).toMatchObject({
      code: 'REHEARSAL_ROLE',
      problem: expect.stringMatching(problem) as string,
      fix: expect.stringMatching(fix) as string,
    });
  });

  it('is given no statement where the server says in another language what was denied', () => {
    expect(grantFix('app', 'keine Berechtigung für Schema public')).toMatch(/give it that right; then/);
  });
});
