import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, startTemporaryServer } from '../../src/database/index.ts';
import { channelsIn, reachedOut } from '../../src/rehearsal/tier/dispatch.ts';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { type Release } from '../../src/release/index.ts';
import { runSql, newest } from '../database.io.ts';
import { type Place, withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';
import { binariesOf, type Version } from '../binaries.io.ts';

const before = [
  'create table t (id integer primary key, v integer)',
  'insert into t select g, 0 from generate_series(1, 3) g',
];

const notifying = (channel: string): string[] => [
  ...before,
  `create function tell() returns trigger language plpgsql as $$ begin perform pg_notify(${channel}, 'row ' || new.id); return new; end $$`,
  'create trigger tell after update on t for each row execute function tell()',
];

const changed = tier('1-x', { up: ['update t set v = 1'], down: ['update t set v = 0'] });

/** A server of our own for the tests of one group. */
function onServer(version: Version) {
  let server: Server | null = null;
  beforeAll(async () => {
    const binaries = binariesOf(version);
    server = await startTemporaryServer({ binaries, network: 'none' });
  }, 60_000);
  afterAll(() => server?.stop());
  const open = (): Server => {
    if (server === null) throw new Error('the server is not started');
    return server;
  };
  const connection: Place['connection'] = (database = 'postgres') => open().connection(database);
  const rehearsed = (
    given: readonly string[],
    of: ReturnType<typeof tier>,
    more: Partial<Release> = {},
  ): Promise<Rehearsal> =>
    withHost(given, ({ host }) => rehearse({ release: sealed([of], more), host, owner: 'test' }), {
      connection,
      server: 'private',
      network: open().network,
    });
  return { open, rehearsed };
}

const said = (done: Rehearsal): string => done.problems.map((one) => `${one.code} ${one.problem}`).join('\n');

describe.each(newest)('on a server of our own, version %s', (version) => {
  const { open, rehearsed } = onServer(version);

  it('finds the NOTIFY of a trigger on a channel whose name is built at run time', async () => {
    const done = await rehearsed(notifying("'ch_' || new.id"), changed);
    expect(said(done)).toMatch(/^DISPATCH_UNDECLARED tier 1-x up: .*a channel that is unknown beforehand/);
    expect(done.dispatch).toMatchObject({ declared: null, notifications: { sent: 'some', heard: [], heardCount: 0 } });
  });

  it('says of a release that sends nothing that it sends nothing, also after one that did', async () => {
    await rehearsed(notifying("'ch_' || new.id"), changed);
    const done = await rehearsed(before, changed);
    expect(done.outcome).toBe('passed');
    expect(done.dispatch).toMatchObject({
      network: open().network,
      notifications: { sent: 'none', heard: [] },
      called: [],
    });
  });

  it('counts the calls of dblink that a text put together makes', async () => {
    const done = await rehearsed(
      [...before, 'create extension dblink'],
      tier('1-x', { up: ["do $$ begin execute 'select dbl' || 'ink_get_connections()'; end $$"], down: ['select 1'] }),
    );
    expect(said(done)).toMatch(
      /^DISPATCH_UNDECLARED .*public.dblink_get_connections\(\) of the extension dblink was called/,
    );
    expect(done.problems[0]?.place).toMatchObject({ file: 'tiers/1-x/up.sql' });
  });

  it('measures for an ordinary role what it measures for a superuser, but for the calls', async () => {
    const role = `r${version}`;
    await runSql(open().connection('postgres'), [`create role ${role}`]);
    const owned = [...notifying("'ch_' || new.id"), `alter table t owner to ${role}`];
    const settings = { ...sealed([]).release.settings, role };
    const done = await rehearsed(owned, changed, { settings });
    expect(said(done)).toMatch(/^DISPATCH_UNDECLARED/);
    expect(done.stages[1]?.steps[0]?.rowsByRelation).toEqual([
      { relation: 'public.t', inserted: 0, updated: 3, deleted: 0 },
    ]);
  });
});

describe('on a server of our own', () => {
  const { rehearsed } = onServer('18');

  it('hears the NOTIFY on a channel that a function names, bounded', async () => {
    const given = [...notifying("'known'"), 'insert into t select g, 0 from generate_series(4, 40) g'];
    const done = await rehearsed(given, changed);
    expect(said(done)).toMatch(/^DISPATCH_UNDECLARED .*40 notifications, the first on the channel known/);
    expect(done.dispatch.notifications.heard).toHaveLength(20);
    expect(done.dispatch.notifications.heard[0]).toEqual({ channel: 'known', payload: 'row 1' });
  });

  it('does not count what was rolled back', async () => {
    const failing = tier('1-x', { up: ['update t set v = 1', 'select 1 / 0'], down: [] });
    const done = await rehearsed(notifying("'ch_' || new.id"), failing);
    expect(done.problems.map((one) => one.code)).toEqual(['SQL_FAILED']);
    expect(done.dispatch.notifications.sent).toBe('none');
  });

  it('lets a release send that says why, and records what it sent', async () => {
    const done = await rehearsed(notifying("'known'"), changed, { allows: { dispatch: 'the cache listens' } });
    expect(done.outcome).toBe('passed');
    expect(done.dispatch).toMatchObject({ declared: 'the cache listens', notifications: { sent: 'some' } });
    // forward, back, back again, forward again: three rows each
    expect(done.dispatch.notifications.heardCount).toBe(9);
  });

  it('names the attempt to reach another server, which fails', async () => {
    const foreign = [
      ...before,
      'create extension postgres_fdw',
      "create server away foreign data wrapper postgres_fdw options (host '192.0.2.1', port '1', connect_timeout '1')",
      'create user mapping for current_user server away',
      'create foreign table f (id integer) server away',
    ];
    const reading = tier('1-x', { up: ['insert into t select id, 0 from f'], down: [] });
    const done = await rehearsed(foreign, reading);
    expect(done.problems.map((one) => one.code)).toEqual(['SQL_FAILED', 'DISPATCH_UNDECLARED']);
    // planned and not run: nobody is asked, the table is used all the same
    const planned = tier('1-x', { up: ["do $$ begin execute 'explain select * from f'; end $$"], down: ['select 1'] });
    expect(said(await rehearsed(foreign, planned))).toContain('the foreign table public.f of the server away was used');
  });

  it('notices the library of a call whose failure was swallowed', async () => {
    const swallowed = `do $$ begin execute 'select dbl' || 'ink_connect(''host=192.0.2.1 connect_timeout=1'')'; exception when others then null; end $$`;
    const done = await rehearsed(
      [...before, 'create extension dblink'],
      tier('1-x', { up: [swallowed], down: ['select 1'] }),
    );
    expect(said(done)).toMatch(/^DISPATCH_UNDECLARED .*the library dblink was loaded/);
  });
});

it('does not believe the count of a server that others work on', async () => {
  await withHost(notifying("'ch_' || new.id"), async ({ host }) => {
    const done = await rehearse({ release: sealed([changed]), host, owner: 'test' });
    expect(done.outcome).toBe('passed');
    expect(done.dispatch.notifications.sent).toBe('not measured');
  });
});

it('knows what reaches out from what is only written in C', () => {
  const called = (one: Partial<{ function: string; language: string; extension: string | null }>) =>
    reachedOut(
      {
        called: [{ function: 'public.f', language: 'c', extension: null, calls: 1, ...one }],
        foreign: [],
        modules: [],
      },
      'SelectStmt',
    ).length;
  expect(called({ extension: 'pgcrypto' })).toBe(0);
  expect(called({ function: 'pg_catalog.utf8_to_iso8859_1' })).toBe(0);
  expect(called({})).toBe(1);
  expect(called({ language: 'plpython3u' })).toBe(1);
  for (const extension of ['dblink', 'http', 'pg_net', 'postgres_fdw', 'aws_s3']) expect(called({ extension })).toBe(1);
  const modules = ['/lib/dblink.so', 'pgcrypto.so'];
  expect(reachedOut({ called: [], foreign: [], modules }, 'SelectStmt')).toEqual(['the library dblink was loaded']);
  expect(reachedOut({ called: [], foreign: [], modules }, 'CreateExtensionStmt')).toEqual([]);
});

it('finds the channels that a text names', () => {
  expect(
    channelsIn(["notify Loud, 'x'", 'NOTIFY "Quoted""One"', "perform pg_notify('it''s', 'y')", "pg_notify('a' || b)"]),
  ).toEqual(['loud', 'Quoted"One', "it's", 'a']);
});
