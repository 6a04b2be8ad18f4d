import { describe, expect, it } from 'vitest';
import { rehearse, type Rehearsal } from '../../src/rehearsal/index.ts';
import { readSealed, sealRelease } from '../../src/release/index.ts';
import { applyGate, planLoopback } from '../../src/gate/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { withFolder } from '../release/folder.io.ts';
import { withHost } from './host.io.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 300_000 };

/** A release of one outside tier. */
const files = (of: { up: string; down?: string; tier?: string }): Readonly<Record<string, string>> => ({
  'release.yaml': `format: 1
name: outside
title: Outside
database: shop
touches: [public.*]
authors:
  - { name: agent, kind: agent, instructedBy: ira }
settings: { lockTimeout: 2s }
tiers:
  - { id: 1-outside, title: Outside, transaction: outside, wait: 77s${of.tier ?? ''} }
`,
  'tiers/1-outside/up.sql': of.up,
  ...(of.down === undefined ? {} : { 'tiers/1-outside/down.sql': of.down }),
});

const before = [
  'create table public.t (i integer, a integer, b integer)',
  'insert into public.t select g, g % 7, g from generate_series(1, 100) g',
  'create index t_b on public.t (b)',
  'create table public.p (i integer) partition by range (i)',
  'create table public.q partition of public.p for values from (0) to (10)',
  // says which limit a statement runs with
  `create function public.tell() returns event_trigger language plpgsql as $$ begin
    raise notice '% waits %', tg_tag, current_setting('lock_timeout'); end $$`,
  'create event trigger tell on ddl_command_start execute function public.tell()',
];

const rehearsed = (of: Parameters<typeof files>[0], more: readonly string[] = []): Promise<Rehearsal> =>
  withHost([...before, ...more], ({ host }) =>
    withFolder(files(of), async (folder) => {
      await sealRelease(folder);
      return await rehearse({ release: await readSealed(folder), host, owner: 'test', keep: 'never' });
    }),
  );

const stepsOf = ({ stages }: Rehearsal, stage: string) => stages.find((one) => one.stage === stage)?.steps ?? [];
const noticesOf = (rehearsal: Rehearsal, stage: string): readonly string[] =>
  stepsOf(rehearsal, stage).flatMap(({ notices }) => notices.map(({ message }) => message));

describe('the rehearsal of an outside tier', () => {
  it('runs each statement by itself, and proves the rollback of the tier and of its parts', time, async () => {
    const rehearsal = await rehearsed({
      up: `create unique index concurrently t_i on public.t (i);
create index concurrently t_a on t (a);
reindex table concurrently t;
vacuum (analyze) t;
drop index concurrently if exists public.t_none;
`,
      down: 'drop index concurrently if exists t_a;\ndrop index concurrently if exists public.t_i;\n',
    });
    expect(rehearsal.stages.flatMap(({ problems }) => problems)).toEqual([]);
    expect(rehearsal.outcome).toBe('passed');
    const steps = stepsOf(rehearsal, 'forward');
    expect(steps.map(({ measured }) => measured)).toEqual(Array.from({ length: 5 }, () => 'sampled'));
    expect(rehearsal.stops?.map(({ step, state }) => `${step} ${state}`)).toEqual(['1 equal', '2 equal', '4 equal']);
  });

  it('waits as long as the tier says, and for DETACH as long as the release says', time, async () => {
    const rehearsal = await rehearsed({
      up: 'create index concurrently t_i on t (i);\nalter table p detach partition q concurrently;\ndrop index concurrently t_i;\n',
      tier: ', oneWay: x',
    });
    expect(rehearsal.stages.flatMap(({ problems }) => problems)).toEqual([]);
    const said = ['CREATE INDEX waits 77s', 'ALTER TABLE waits 2s', 'DROP INDEX waits 77s'];
    expect(noticesOf(rehearsal, 'forward')).toEqual(said);
  });

  it('fails where an index cannot be built, and names the invalid index that is left', time, async () => {
    const rehearsal = await rehearsed({
      up: 'create unique index concurrently t_a on t (a);\n',
      down: 'drop index concurrently if exists t_a;\n',
    });
    expect(rehearsal.outcome).toBe('failed');
    const { problems } = rehearsal.stages.find(({ stage }) => stage === 'forward') ?? {};
    expect(problems?.map(({ code }) => code)).toEqual(['SQL_FAILED', 'INDEX_INVALID']);
    expect(problems?.[1]?.problem).toContain('public.t_a');
  });

  it('says what the server says of a partitioned table', time, async () => {
    const rehearsal = await rehearsed({
      up: 'create index concurrently p_i on p (i);\n',
      down: 'drop index concurrently if exists p_i;\n',
    });
    expect(rehearsal.stages.flatMap(({ problems }) => problems)).toMatchObject([
      { code: 'SQL_FAILED', problem: expect.stringContaining('cannot create index on partitioned table') },
    ]);
  });

  it('refuses a rollback that does not restore the index', time, async () => {
    const { problems } = await rehearsed({
      up: 'drop index concurrently t_b;\n',
      down: 'create index concurrently t_b on t (a);\n',
    });
    expect(problems.map(({ code }) => code)).toContain('BACK_DIFFERS');
  });
});

describe.each(versions)('on PostgreSQL %s, with a gate', (version) => {
  it('the footprint has the table of each statement, however fast it was, and a state after each step', time, () => {
    const application = [
      'create table app_t (i integer, word text)',
      'insert into app_t select g from generate_series(1, 3) g',
      'create index app_t_word on app_t (word)',
      'create table swept (i integer)',
      'create table other (i integer)',
    ];
    const tier = files({
      up: 'create index concurrently app_t_i on app_t (i);\nreindex index concurrently app_t_word;\nvacuum public.swept;\n',
      down: 'drop index concurrently if exists app_t_i;\n',
    });
    return withGate(version, { files: tier }, async (gated) => {
      await runSql(gated.database, ['set role app_owner', ...application]);
      // without it such a release is not rehearsed for a database with a gate
      await withSession(gated.database, async (session) => applyGate(session, await planLoopback(session, null)));
      await withPlace(gated, async (oneroof) => {
        const { rehearsal } = JSON.parse(oneroof('rehearse', 'release', '--golden', '--json').stdout) as {
          readonly rehearsal: Rehearsal;
        };
        expect(rehearsal.stages.flatMap(({ problems }) => problems)).toEqual([]);
        const {
          anchors,
          before: objects,
          after,
        } = rehearsal.footprint ?? { anchors: { relations: [] }, before: {}, after: [] };
        const named = anchors.relations.map(([, name]) => name);
        expect(named).toEqual(expect.arrayContaining(['app_t', 'swept']));
        expect(named).not.toContain('other');
        expect(Object.keys(objects)).toEqual(
          expect.arrayContaining(['table: public.app_t', 'index: public.app_t_word']),
        );
        expect(after.map(({ direction, step }) => `${direction} ${step ?? 'whole'}`)).toEqual([
          'up 1',
          'up 2',
          'up 3',
          'up whole',
          'down 1',
          'down whole',
        ]);
        expect(after[0]?.changes).toHaveProperty(['index: public.app_t_i']);
        expect(stepsOf(rehearsal, 'forward').map(({ gateMs }) => gateMs)).toEqual([0, 0, 0]);
      });
    });
  });
});
