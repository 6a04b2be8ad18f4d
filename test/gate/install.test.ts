import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as doctor } from '../../src/cli/commands/doctor.io.ts';
import { run as install } from '../../src/cli/commands/install.io.ts';
import { run as uninstall } from '../../src/cli/commands/uninstall.io.ts';
import { run as upgrade } from '../../src/cli/commands/upgrade.io.ts';
import { type CommandOutcome } from '../../src/cli/output.io.ts';
import { type CommandRun } from '../../src/cli/verb.ts';
import { canonicalJson, type Instant, OneRoofError } from '../../src/core/index.ts';
import {
  type Connection,
  findBinaries,
  observerStatements,
  openSession,
  type Server,
  sql,
  startTemporaryServer,
} from '../../src/database/index.ts';
import { applyGate, describeGate, submitRelease } from '../../src/gate/index.ts';
import { type Policy, type Registry } from '../../src/people/index.ts';
import { readSealed, sealRelease } from '../../src/release/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { withFolder } from '../release/folder.io.ts';
import {
  type Gated,
  gatedIn,
  policyOf,
  registryOf,
  release,
  runTier,
  signer,
  type Signer,
  withGate,
} from './cycle.io.ts';
import { replacing } from './purpose.io.ts';
import { binariesOf, type Version } from '../binaries.io.ts';

const people = [signer('ana', 4), signer('ben', 2, 0x1d)];

/** A server of its own: these tests change the roles, which all databases of a server share. */
const servers = new Map<string, Server>();
const folder = mkdtempSync(join(tmpdir(), 'oneroof-install-'));

beforeAll(async () => {
  for (const version of versions) servers.set(version, await startTemporaryServer({ binaries: binariesOf(version) }));
  writeFileSync(join(folder, 'policy.yaml'), policyText(policyOf()));
  writeFileSync(join(folder, 'registry.json'), registryText(people));
}, 60_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  for (const server of servers.values()) await server.stop();
});

/** The policy as a person writes it. */
function policyText(policy: ReturnType<typeof policyOf>): string {
  const { origin, rpId, seats, quorum } = policy;
  return JSON.stringify({
    format: 1,
    name: 'test',
    production: true,
    origin,
    rpId,
    seats,
    quorum,
    window: { longest: '24h', review: '1h', rollback: '1h' },
    rehearsal: { maxAge: '24h' },
  });
}

/** The registry as a file; a key needs a label there. */
function registryText(of: readonly Signer[]): string {
  return canonicalJson(registryOf(of)).replaceAll('"label":""', '"label":"key"');
}

let count = 0;

/** Makes a database that the DBA, who is no superuser, owns; the application's objects are app's. */
async function makeDatabase(version: Version): Promise<Connection> {
  const server = servers.get(version);
  if (server === undefined) throw new Error(`no server of ${version}`);
  const name = `d${(count += 1)}`;
  const admin = server.connection('postgres');
  await runSql(admin, [
    `do $$ begin if to_regrole('app') is null then
      create role app login; create role dba login createrole; create role stranger login; grant app to dba with admin option;
      create role looker login; end if; end $$`,
    `create database ${name} owner dba`,
  ]);
  const database = { ...admin, database: name };
  await runSql(database, [
    'alter schema public owner to app',
    'revoke create on schema public from public',
    'create table t (i integer)',
    'alter table t owner to app',
    ...observerStatements('looker', ['public']),
  ]);
  return database;
}

/** Runs a command in a folder whose oneroof.yaml names the database. */
async function call(
  run: CommandRun,
  of: { database: Connection; user?: string; admin?: boolean; options?: Record<string, string | boolean> },
): Promise<CommandOutcome> {
  const url = (user: string): string =>
    `postgres://${user}@/${of.database.database}?host=${encodeURIComponent(of.database.host)}&port=${of.database.port}`;
  const admin = of.admin === false ? '' : `    admin: { url: "${url(of.user ?? of.database.user)}" }\n`;
  writeFileSync(join(folder, 'oneroof.yaml'), `targets:\n  production:\n    url: "${url('looker')}"\n${admin}`);
  return await run({
    commands: [],
    words: [],
    verbs: [],
    arguments: [],
    options: of.options ?? {},
    folder,
    terminal: { say: () => undefined, progress: () => undefined },
    signal: new AbortController().signal,
  });
}

async function codesOf(work: Promise<unknown>): Promise<readonly string[]> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof OneRoofError)) throw new Error(`no error of ours: ${String(thrown)}`);
  return thrown.problems.map(({ code }) => code);
}

const apply = { apply: true, appOwner: 'app' };

describe.each(versions)('installing the gate on %s', (version) => {
  it.each(['dba', null])(
    'is done by a superuser, and by an owner who is none (%s), and leaves the gate intact',
    async (user) => {
      const database = await makeDatabase(version);
      const as = { database, ...(user === null ? {} : { user }) };
      const done = await call(install, { ...as, options: apply });
      expect(done.data).toMatchObject({ applied: true, as: user === null ? 'superuser' : 'owner' });
      await withSession(database, async (session) => {
        await session.query(sql`select gate.assert_intact()`);
        const [facts] = await session.query(sql`select
        (select string_agg(distinct pg_get_userbyid(proowner), ',' order by pg_get_userbyid(proowner)) from pg_proc where pronamespace = 'gate'::regnamespace) as owners,
        pg_has_role('dba', 'gate_owner', 'usage')::text as enters,
        to_regproc('gate.close_install')::text as left_over, (select count(*)::text from pg_event_trigger) as walls,
        (select app_owner from gate.identity) as app_owner`);
        expect(facts).toEqual({
          owners: 'app,gate_owner,oneroof_runner',
          enters: 'false',
          left_over: null,
          walls: user === null ? '2' : '0',
          app_owner: 'app',
        });
      });
      expect(await codesOf(call(install, { ...as, options: apply }))).toEqual(['GATE_INSTALLED']);
      expect((await call(upgrade, as)).text).toContain('nothing to do');
      await call(uninstall, { ...as, options: { apply: true } });
      expect(await codesOf(call(uninstall, as))).toEqual(['GATE_ABSENT']);
      expect((await call(install, { ...as, options: apply })).exit).toBe(0);
    },
  );

  it('gives the same rights no matter who installs, and closes the gate when its installer comes back', async () => {
    const rightsOf = async (user: string): Promise<object[]> => {
      const database = await makeDatabase(version);
      await call(install, { database, user, options: apply });
      const found = await withSession(database, (session) =>
        session.query(sql`
          select what, pg_get_userbyid(owner) as owner, (select string_agg(one::text, ' ' order by one::text collate "C") from unnest(acl) one) as acl from (
            select p.oid::regprocedure::text, p.proowner, p.proacl from pg_proc p where p.pronamespace = 'gate'::regnamespace and p.proname <> 'guard_ddl'
            union all select c.relname, c.relowner, c.relacl from pg_class c where c.relnamespace = 'gate'::regnamespace
            union all select n.nspname, n.nspowner, n.nspacl from pg_namespace n where n.nspname = 'gate') o(what, owner, acl)
          order by what collate "C"`),
      );
      if (user !== 'dba') return found;
      await withSession({ ...database, user }, (session) => session.query(sql`grant gate_owner to current_user`));
      try {
        await expect(runSql(database, ['select gate.assert_intact()'])).rejects.toThrow('gate: intact');
      } finally {
        await withSession({ ...database, user }, (session) => session.query(sql`revoke gate_owner from current_user`));
      }
      await runSql(database, ['select gate.assert_intact()']);
      return found;
    };
    const asOwner = await rightsOf('dba');
    expect(asOwner.length).toBeGreaterThan(50);
    expect(asOwner).toEqual(await rightsOf('postgres'));
  });

  it('prints SQL that psql runs, and changes nothing itself', async () => {
    const database = await makeDatabase(version);
    const psql = (input: string): string =>
      spawnSync(
        join(findBinaries(15).folder, 'psql'),
        [
          '-XqAt',
          '-v',
          'ON_ERROR_STOP=1',
          '-h',
          database.host,
          '-p',
          `${database.port}`,
          '-U',
          database.user,
          database.database,
        ],
        { input, encoding: 'utf8' },
      ).stderr.replace(/^.*NOTICE.*$|^DETAIL.*$|^.* and \d+ other objects.*$/gm, '');
    const { text } = await call(install, { database, options: { appOwner: 'app' } });
    expect(await codesOf(call(upgrade, { database }))).toEqual(['GATE_ABSENT']);
    expect(text).toMatch(/^-- SUMMARY of this SQL/);
    expect(psql(text)).toBe('');
    await withSession(database, async (session) => {
      await session.query(sql`select gate.assert_intact()`);
      // what the summary says is what the database has
      const said = (pattern: RegExp): readonly string[] =>
        [...text.matchAll(pattern)].map(([, name = '', names = '']) => `${name} ${names}`);
      const [facts] = await session.query<{ rights: string[]; triggers: string[]; roles: string[] }>(sql`select
        (select json_agg(distinct format('%I %s', pg_get_userbyid(a.grantee), (select string_agg(distinct f.proname, ', ' order by f.proname)
            from pg_proc f, aclexplode(f.proacl) b where f.pronamespace = 'gate'::regnamespace and b.grantee = a.grantee and b.grantee <> f.proowner)))
          from pg_proc p, aclexplode(p.proacl) a where p.pronamespace = 'gate'::regnamespace and a.grantee <> p.proowner)::text as rights,
        (select json_agg(evtname order by evtname) from pg_event_trigger where evtname like 'oneroof%')::text as triggers`);
      const sorted = (one: string): string => one.split(', ').toSorted().join(', ');
      const rights = said(/^-- {3}(\S+): ([a-z_, ]+)$/gm).map((one) => {
        const [role = '', ...names] = one.split(' ');
        return `${role.replaceAll('"', '')} ${sorted(names.join(' '))}`;
      });
      expect(rights.toSorted()).toEqual(
        (JSON.parse(String(facts?.rights)) as string[])
          .map((one) => `${one.split(' ')[0]} ${sorted(one.split(' ').slice(1).join(' '))}`)
          .toSorted(),
      );
      for (const trigger of JSON.parse(String(facts?.triggers)) as string[])
        expect(text.slice(0, 6000)).toContain(trigger);
    });
    const removal = await call(uninstall, { database });
    expect((await call(upgrade, { database })).exit).toBe(0);
    psql(removal.text);
    expect(await codesOf(call(upgrade, { database }))).toEqual(['GATE_ABSENT']);
  });

  it('is refused for a role that ratified steps may not run as, and to whom may not install', async () => {
    const database = await makeDatabase(version);
    for (const appOwner of ['nobody', 'postgres'])
      expect(await codesOf(call(install, { database, options: { appOwner } }))).toEqual(['GATE_APP_OWNER']);
    expect(await codesOf(call(install, { database, user: 'dba' }))).toEqual(['GATE_APP_OWNER']);
    const codes = await codesOf(call(install, { database, user: 'stranger', options: { appOwner: 'app' } }));
    expect(codes.length).toBeGreaterThanOrEqual(2);
    expect(new Set(codes)).toEqual(new Set(['GATE_RIGHTS']));
  });

  it('is refused without an address, over a newer gate, and for a registry that cannot fill the seats', async () => {
    const database = await makeDatabase(version);
    expect(await codesOf(call(install, { database, admin: false }))).toEqual(['GATE_ADDRESS']);
    writeFileSync(join(folder, 'few.json'), registryText([signer('ben', 2)]));
    expect(await codesOf(call(install, { database, options: { ...apply, registry: 'few.json' } }))).toContain(
      'SEATS_UNFILLABLE',
    );
    await call(install, { database, options: apply });
    await runSql(database, ['update gate.identity set version = 2']);
    for (const run of [install, uninstall, upgrade])
      expect(await codesOf(call(run, { database, options: apply }))).toEqual(['GATE_VERSION']);
  });

  it('is refused while everybody may create in a schema, with the SQL that ends it', async () => {
    const database = await makeDatabase(version);
    await runSql(database, ['grant create on schema public to public']);
    const refused = await call(install, { database, options: apply }).catch((error: unknown) => error);
    const [problem] = (refused as OneRoofError).problems;
    expect(problem?.code).toBe('GATE_SCHEMA_OPEN');
    await runSql(database, [/revoke .*?;/.exec(problem?.fix ?? '')?.[0] ?? 'no SQL']);
    await call(install, { database, options: apply });
  });

  it('accepts existing roles only where they have no rights, and names the SQL that makes them fit', async () => {
    const database = await makeDatabase(version);
    await call(install, { database, options: apply });
    await call(uninstall, { database, options: apply });
    const here = `in database ${database.database}`;
    for (const more of [
      ['grant app to oneroof_executor'],
      ['grant app to gate_owner'],
      ['grant gate_owner to stranger'],
      ['grant oneroof_executor to stranger'],
      ['alter role oneroof_relay createrole'],
      ['alter role gate_owner login'],
      ['alter role oneroof_executor set work_mem = 64'],
      [`alter role gate_owner ${here} set search_path = public`],
      ['grant insert on t to oneroof_executor'],
      [
        'create function door() returns integer language sql return 1',
        'grant execute on function door() to oneroof_relay',
      ],
      ['create table theirs (i integer)', 'alter table theirs owner to oneroof_observer'],
    ]) {
      await runSql(database, more);
      const refused = await call(install, { database, options: apply }).catch((error: unknown) => error);
      const problems = (refused as OneRoofError).problems;
      expect(new Set(problems.map(({ code }) => code)), more[0]).toEqual(new Set(['GATE_ROLES']));
      const fixes = problems.map(({ fix }) => /: ((?:revoke|alter|drop|reassign) .*;) then/.exec(fix)?.[1] ?? 'no SQL');
      await runSql(database, fixes);
    }
    await call(install, { database, options: apply });
    await call(uninstall, { database, options: apply });
  });

  it('would trust a role that leads past the gate, if the SQL did not look at the roles that are there', async () => {
    const database = await makeDatabase(version);
    const { text } = await call(install, { database, options: { appOwner: 'app' } });
    const inner = text.replace(/^begin;$/m, '').replace(/^commit;$/m, '');
    // printed for a person, and run later: by then the executor is a member of the role that owns the application
    await runSql(database, [
      "do $$ begin if to_regrole('oneroof_executor') is null then create role oneroof_executor login noinherit; end if; end $$",
      'grant app to oneroof_executor',
    ]);
    const installing = (change: (sql: string) => string): Promise<void> =>
      withSession(database, (session) => applyGate(session, { as: 'superuser', text: change(inner) }));
    const drops = (): Promise<void> =>
      runSql({ ...database, user: 'oneroof_executor' }, ['set role app', 'drop table public.t']);
    try {
      await expect(installing((sql) => sql)).rejects.toThrow(/roles: oneroof_executor is a member of app/);
      await installing(
        replacing([
          "raise exception using errcode = 'OR001', message = 'gate: roles: ' || o.why, hint = o.fix;",
          "raise notice 'gate: roles: %', o.why;",
        ]),
      );
      await drops();
    } finally {
      await runSql(database, ['revoke app from oneroof_executor']);
    }
    await expect(drops()).rejects.toThrow('permission denied');
  });

  it('takes an observer that reads past row security, and no other role that does', async () => {
    const database = await makeDatabase(version);
    await call(install, { database, options: apply });
    await call(uninstall, { database, options: { apply: true } });
    try {
      await runSql(database, ['alter role oneroof_observer bypassrls', 'alter role oneroof_relay bypassrls']);
      const refused: unknown = await call(install, { database, options: apply }).catch((error: unknown) => error);
      if (!(refused instanceof OneRoofError)) throw new Error('it was installed');
      expect(refused.problems.map(({ code, fix }) => [code, fix])).toEqual([
        ['GATE_ROLES', expect.stringMatching(/alter role oneroof_relay .* nobypassrls;/)],
      ]);
      await runSql(database, [/alter role [^;]*;/.exec(refused.problems[0].fix)?.[0] ?? '']);
      await call(install, { database, options: apply });
      await withSession(database, (session) => session.query(sql`select gate.assert_intact()`));
      // afterwards it is part of what the gate compares
      await runSql(database, ['alter role oneroof_observer nobypassrls']);
      await expect(
        withSession(database, (session) => session.query(sql`select gate.assert_intact()`)),
      ).rejects.toThrow();
    } finally {
      await runSql(database, ['alter role oneroof_observer nobypassrls', 'alter role oneroof_relay nobypassrls']);
    }
  });

  it('is looked after by doctor, which names rights as SQL', async () => {
    const database = await makeDatabase(version);
    const gateCheck = async (): Promise<{ outcome: string; fix: string | null } | undefined> =>
      (
        (await call(doctor, { database })).data as { checks: { name: string; outcome: string; fix: string | null }[] }
      ).checks.find(({ name }) => name === 'gate of production');
    expect(await gateCheck()).toBeUndefined();
    await call(install, { database, options: apply });
    expect(await gateCheck()).toMatchObject({ outcome: 'ok' });
    await runSql(database, [
      'revoke execute on function gate.status() from oneroof_executor',
      'grant execute on function gate.schema_digest() to public',
      'grant select on gate.statements to oneroof_relay',
      'grant usage, create on schema public to oneroof_executor',
      'create function public.back_door() returns void language sql security definer as $$ $$',
      `alter role oneroof_executor in database ${database.database} set app.mode = 'evil'`,
      'alter role oneroof_relay set work_mem = 64',
    ]);
    const { outcome, fix } = (await gateCheck()) ?? {};
    expect(outcome).toBe('problem');
    const fixes = (fix ?? '').split('\n').slice(1);
    expect(fixes).toHaveLength(7);
    expect(
      fixes.filter((one) => /^alter role oneroof_(executor in database \w+|relay) reset all;/.test(one)),
    ).toHaveLength(2);
    expect(fixes).toContain('revoke create on schema public from oneroof_executor;');
    expect(fix).toContain('revoke execute on function public.back_door() from public');
    const session = await openSession(database, { applicationName: 'test', settings: { search_path: 'public' } });
    for (const one of fixes) await session.run(one);
    await session.close();
    expect(await gateCheck()).toMatchObject({ outcome: 'ok' });
  });

  it('is not undone while a release is half way', async () => {
    await withGate(version, {}, async (gated) => {
      const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
      const step = (direction: 'up' | 'down', tier: string): Promise<void> =>
        gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier }));
      const { database } = gated;
      const remove = (): Promise<unknown> => call(uninstall, { database, options: { apply: true } });
      await step('up', '1-rows');
      expect(await codesOf(remove())).toEqual(['GATE_BUSY']);
      await runSql(database, ['insert into readiness values (1)']);
      await step('up', '2-table');
      await step('down', '2-table');
      expect(await codesOf(remove())).toEqual(['GATE_BUSY']);
      await step('down', '1-rows');
      await remove();
      expect(await codesOf(remove())).toEqual(['GATE_ABSENT']);
    });
  });
});

/** Who owns what of the gate, and who may do what with it. */
const holdings = sql`
  select what, pg_get_userbyid(owner) as owner, (select string_agg(one::text, ' ' order by one::text collate "C") from unnest(acl) one) as acl from (
    select p.oid::regprocedure::text, p.proowner, p.proacl from pg_proc p where p.pronamespace = 'gate'::regnamespace
    union all select c.relname, c.relowner, c.relacl from pg_class c where c.relnamespace = 'gate'::regnamespace
    union all select e.evtname, e.evtowner, null from pg_event_trigger e
    union all select t.tgname, 0, null from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'gate'::regnamespace and not t.tgisinternal
    union all select n.nspname, n.nspowner, n.nspacl from pg_namespace n where n.nspname = 'gate') o(what, owner, acl)
  order by what collate "C"`;

/** Every row of the gate, but what an upgrade changes. */
const rows = sql`
  select (select jsonb_agg(to_jsonb(s) order by digest) from gate.statements s)::text as statements,
    (select jsonb_agg(to_jsonb(s) order by statement, person) from gate.signatures s)::text as signatures,
    (select jsonb_agg(to_jsonb(m) order by ordinal) from gate.markers m)::text as markers,
    (select jsonb_agg(to_jsonb(d) order by number) from gate.documents d)::text as documents,
    (select (to_jsonb(i) - 'version' - 'intact')::text from gate.identity i) as identity`;

/** As if an older One Roof had installed the gate: other functions, one more, one less, and a digest that fits them. */
const older = [
  `create or replace function gate.why_closed(of_statement text, direction text) returns text
    language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$ begin return 'window: old words'; end $$`,
  'create function gate.old_words() returns text language sql as $$ select null::text $$',
  'alter function gate.old_words() owner to gate_owner',
  'drop function gate.mismatch(jsonb, jsonb)',
  'update gate.identity set version = 0',
  'update gate.identity set intact = gate.intact_digest()',
];

/** A gate that this person installed, with an application, a release and people. */
async function withInstalled<T>(
  version: Version,
  as: { readonly user?: string },
  use: (gated: Gated) => Promise<T>,
): Promise<T> {
  const database = await makeDatabase(version);
  await runSql(database, [
    'insert into t values (1)',
    'create table readiness (i integer)',
    'alter table readiness owner to app',
  ]);
  await call(install, { database, ...as, options: apply });
  const { policy, registry } = await withSession(database, describeGate);
  return withFolder(release, async (folderOfRelease) => {
    await sealRelease(folderOfRelease);
    const [ana, ben] = people;
    if (ana === undefined || ben === undefined) throw new Error('no people');
    return use(
      gatedIn({
        folder: folderOfRelease,
        database,
        people: { ana, ben, ira: ana },
        policy: JSON.parse(policy) as Policy,
        registry: JSON.parse(registry) as Registry,
        sealed: await readSealed(folderOfRelease),
      }),
    );
  });
}

const twoHoursAgo = (): Instant => new Date(Date.now() - 7_200_000).toISOString() as Instant;

/** The policy asks for an hour of review: as if this database had had the release for two. */
async function ratifyAfterReview(gated: Gated, by: readonly Signer[]): Promise<string> {
  await gated.as('oneroof_relay', (relay) => submitRelease(relay, gated.sealed));
  await runSql(gated.database, [`update gate.first_seen set received_at = clock_timestamp() - interval '2 hours'`]);
  return gated.ratify(await gated.ratification({ sealedAt: twoHoursAgo() }), by);
}

describe.each(versions)('upgrading the gate on %s', (version) => {
  it.each([{ user: 'dba' }, {}])(
    'keeps every row and every right, for %o, and the old ratification counts',
    async (as) => {
      await withInstalled(version, as, async (gated) => {
        const { database } = gated;
        const ask = (what: typeof rows): Promise<object[]> => withSession(database, (session) => session.query(what));
        const why = (statement: string): Promise<object[]> =>
          ask(sql`select gate.why_closed(${statement}, 'up') as why`);
        const statement = await ratifyAfterReview(gated, people);
        const held = await ask(holdings);
        await runSql(database, older);
        const kept = await ask(rows);
        expect(await why(statement)).toEqual([{ why: 'window: old words' }]);
        const printed = await call(upgrade, { database, ...as });
        expect(printed.data).toMatchObject({ from: 0, to: 1, applied: false });
        expect(printed.text).toContain('from version 0 to version 1');
        expect(await why(statement)).toEqual([{ why: 'window: old words' }]);
        const done = await call(upgrade, { database, ...as, options: { apply: true } });
        expect(done.data).toMatchObject({ from: 0, to: 1, applied: true });
        expect(done.text).toContain('from version 0 to version 1');
        expect(await ask(holdings)).toEqual(held);
        expect(await ask(rows)).toEqual(kept);
        await runSql(database, ['select gate.assert_intact()']);
        expect(await why(statement)).toEqual([{ why: null }]);
        await gated.as('oneroof_executor', (session) =>
          runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
        );
        expect((await call(upgrade, { database, ...as })).text).toContain('nothing to do');
      });
    },
  );

  it.each([{ user: 'dba' }, {}])('is refused for %o over a gate that was changed after installation', async (as) => {
    await withInstalled(version, as, async ({ database }) => {
      await runSql(database, [...older, 'grant execute on function gate.submit_release(text, jsonb) to public']);
      for (const options of [{}, { apply: true }])
        expect(await codesOf(call(upgrade, { database, ...as, options }))).toEqual(['GATE_TAMPERED']);
      const [left] = await withSession(database, (session) =>
        session.query(sql`select version::text from gate.identity`),
      );
      expect(left).toEqual({ version: '0' });
      // without what made it differ, the same gate is upgraded
      await runSql(database, ['revoke execute on function gate.submit_release(text, jsonb) from public']);
      expect((await call(upgrade, { database, ...as, options: { apply: true } })).data).toMatchObject({
        applied: true,
      });
    });
  });

  it('is refused while a release is half way, and for an owner where a superuser installed', async () => {
    await withInstalled(version, {}, async (gated) => {
      const { database } = gated;
      const statement = await ratifyAfterReview(gated, people);
      const step = (direction: 'up' | 'down'): Promise<void> =>
        gated.as('oneroof_executor', (session) => runTier(session, { gated, statement, direction, tier: '1-rows' }));
      await step('up');
      await runSql(database, ['update gate.identity set version = 0']);
      for (const options of [{}, { apply: true }])
        expect(await codesOf(call(upgrade, { database, options }))).toEqual(['GATE_BUSY']);
      await step('down');
      expect(await codesOf(call(upgrade, { database, user: 'dba' }))).toEqual(['GATE_RIGHTS']);
      expect((await call(upgrade, { database, options: { apply: true } })).data).toMatchObject({ applied: true });
    });
  });
});
