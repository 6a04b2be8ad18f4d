import { expect, it } from 'vitest';
import { type DatabaseName } from '../../src/clone/index.ts';
import { type RehearsalEvent, rehearse } from '../../src/rehearsal/index.ts';
import { type Step } from '../../src/release/index.ts';
import { runSql, serverConnection } from '../database.io.ts';
import { sampleOf } from '../counts.ts';
import { withHost } from './host.io.ts';
import { sealed, step, tier } from './made.ts';

const before = [
  'create table t (id integer primary key, v integer)',
  'insert into t select g, g % 5 from generate_series(1, 1000) g',
  'create table other (id integer primary key, kind text)',
  "insert into other values (1, 'a')",
  "create type mood as enum ('sad', 'ok')",
  'create table feeling (id integer, m mood)',
  "insert into feeling values (1, 'ok')",
  'create view v as select id from t',
];

const damages: readonly {
  readonly kind: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly code: string;
  readonly name: string;
}[] = [
  {
    kind: 'a down that is SELECT 1',
    up: ['create table n (id integer)'],
    down: ['select 1'],
    code: 'BACK_DIFFERS',
    name: 'public.n',
  },
  {
    kind: 'a dropped column that comes back empty',
    up: ['alter table other drop column kind'],
    down: ['alter table other add column if not exists kind text'],
    code: 'BACK_DIFFERS',
    name: 'public.other',
  },
  {
    kind: 'a table that comes back without its rows',
    up: ['drop table other'],
    down: ['create table if not exists other (id integer primary key, kind text)'],
    code: 'BACK_DIFFERS',
    name: 'public.other',
  },
  {
    kind: 'an UPDATE whose inverse takes older rows along',
    up: ['update t set v = 3 where v = 1'],
    down: ['update t set v = 1 where v = 3'],
    code: 'BACK_DIFFERS',
    name: 'public.t',
  },
  {
    kind: 'DROP INDEX of table.index that matches nothing',
    up: ['create index t_v on t (v)'],
    down: ['drop index if exists t.t_v'],
    code: 'BACK_DIFFERS',
    name: 't_v',
  },
  {
    kind: 'an up that is a no-op, and a down that drops the live table',
    up: ['create table if not exists other (id integer)'],
    down: ['drop table if exists other'],
    code: 'BACK_DIFFERS',
    name: 'public.other',
  },
  {
    kind: 'DROP TYPE CASCADE that removes a column',
    up: ['comment on type mood is null'],
    down: ['drop type if exists mood cascade'],
    code: 'BACK_DIFFERS',
    name: 'public.feeling',
  },
  {
    kind: 'an enum value that cannot be removed',
    up: ["alter type mood add value 'new'"],
    down: ['select 1'],
    code: 'BACK_DIFFERS',
    name: 'mood',
  },
  {
    kind: 'a unique constraint that comes back as an index',
    up: ['alter table t drop constraint t_pkey'],
    down: ['create unique index if not exists t_pkey on t (id)'],
    code: 'BACK_DIFFERS',
    name: 't_pkey',
  },
  {
    kind: 'a schema left behind',
    up: ['create schema x'],
    down: ['drop table if exists x.y'],
    code: 'BACK_DIFFERS',
    name: 'x',
  },
  {
    kind: 'an up that is not repeatable',
    up: ['create table n as select random() as r'],
    down: ['drop table if exists n'],
    code: 'FORWARD_VARIES',
    name: 'public.n.r',
  },
  {
    kind: 'a down that fails',
    up: ['create table n (id integer)'],
    down: ['drop table missing'],
    code: 'SQL_FAILED',
    name: 'missing',
  },
  {
    kind: 'a constraint never validated',
    up: ['alter table t add constraint c check (v > 0) not valid'],
    down: ['alter table t drop constraint if exists c'],
    code: 'CONSTRAINT_NOT_VALID',
    name: 'c on',
  },
];

it.each(sampleOf(damages, { every: 4, kind: ({ code }) => code }))(
  'stops $kind, and names it',
  async ({ up, down, code, name }) => {
    await withHost(before, async ({ host, clones }) => {
      const done = await rehearse({ release: sealed([tier('1-x', { up, down })]), host, owner: 'test' });
      expect(done.outcome).toBe('failed');
      expect(done.problems.map((one) => one.code)).toContain(code);
      expect(done.problems.map((one) => one.problem).join('\n')).toContain(name);
      expect(clones.size).toBe(1);
      expect(done.clone.kept).toContain('psql');
    });
  },
);

it('passes a clean release, and drops its clone', async () => {
  await withHost(before, async ({ host, clones }) => {
    const tiers = [
      tier('1-keep', {
        up: ['create table keep as select id, v from t where v = 1', 'update t set v = 3 where v = 1'],
        down: [
          "do $$ begin if to_regclass('public.keep') is not null then update t set v = k.v from keep k where k.id = t.id; end if; end $$",
          'drop table if exists keep',
        ],
      }),
      tier('2-index', {
        up: ['create index concurrently t_v on t (v)'],
        down: ['drop index concurrently if exists t_v'],
      }),
    ];
    const done = await rehearse({ release: sealed(tiers), host, owner: 'test' });
    expect(done.problems).toEqual([]);
    expect(done).toMatchObject({ outcome: 'passed', idempotent: null, repeatable: true, proof: { logical: 'equal' } });
    expect(done.boundaries).toEqual([{ after: '1-keep', state: 'equal', reason: null }]);
    expect(done.stages.find((one) => one.stage === 'forward')?.steps[1]?.rowsByRelation).toEqual([
      { relation: 'public.t', inserted: 0, updated: 200, deleted: 0 },
    ]);
    expect(clones.size).toBe(0);
  });
});

it('asks for no second run of a down, unless the release or a tier asks for it', async () => {
  await withHost(before, async ({ host }) => {
    const once = tier('1-x', { up: ['create table n (id integer)'], down: ['drop table n'] });
    const twice = tier('1-x', { up: ['create table n (id integer)'], down: ['drop table if exists n'] });
    const run = async (release: ReturnType<typeof sealed>) => {
      const { problems, idempotent } = await rehearse({ release, host, owner: 'test' });
      return { codes: problems.map(({ code }) => code).join(), idempotent };
    };
    expect(await run(sealed([once]))).toEqual({ codes: '', idempotent: null });
    expect(await run(sealed([once], { rerunnable: true }))).toEqual({
      codes: 'BACK_NOT_IDEMPOTENT',
      idempotent: false,
    });
    expect(await run(sealed([{ ...once, rerunnable: true }]))).toMatchObject({ idempotent: false });
    expect(await run(sealed([twice], { rerunnable: true }))).toEqual({ codes: '', idempotent: true });
  });
});

it('proves each half-way point, and names the one that a rollback would not restore', async () => {
  await withHost(before, async ({ host }) => {
    const one = tier('1-x', { up: ['create table n (id integer)'], down: ['drop table n'] });
    const two = tier('2-x', {
      up: ['insert into n values (1)', 'update t set v = 9 where id = 1'],
      down: ['update t set v = 1 where id = 1'],
    });
    const done = await rehearse({ release: sealed([one, two]), host, owner: 'test' });
    expect(done.proof?.logical).toBe('equal');
    expect(done.boundaries).toEqual([{ after: '1-x', state: 'different', reason: null }]);
    expect(done.problems.map(({ problem }) => problem).join()).toContain(
      'a rollback that stops with tier 1-x in place: table public.n',
    );
  });
});

it('proves what can be undone before and behind a one-way tier', { timeout: 180_000 }, async () => {
  const first = tier('1-x', { up: ['create table n (id integer)'], down: ['drop table n'] });
  const never = { ...tier('2-x', { up: ["alter type mood add value 'new'"], down: [] }), oneWay: 'labels stay' };
  const then = (down: string) => tier('3-x', { up: ['update t set v = 9 where id = 1'], down: [down] });
  await withHost(before, async ({ host, clones }) => {
    const done = await rehearse({
      release: sealed([first, never, then('update t set v = 1 where id = 1')]),
      host,
      owner: 'test',
    });
    expect(done.problems).toEqual([]);
    expect(done).toMatchObject({ outcome: 'passed', repeatable: true, proof: { logical: 'equal' } });
    expect(done.boundaries).toContainEqual({ after: '2-x', state: 'equal', reason: null });
    const wrong = await rehearse({
      release: sealed([first, never, then('update t set v = 2 where id = 1')]),
      host,
      owner: 'test',
    });
    expect(wrong.boundaries).toContainEqual({ after: '2-x', state: 'different', reason: null });
    const damaged = await rehearse({
      release: sealed([{ ...first, down: [step('select 1', 'down.sql')] }, never]),
      host,
      owner: 'test',
    });
    expect(damaged.problems.map(({ code }) => code)).toContain('BACK_DIFFERS');
    const only = await rehearse({ release: sealed([{ ...never, id: '1-x' as never }]), host, owner: 'test' });
    expect(only).toMatchObject({ outcome: 'passed', proof: null, repeatable: true });
    expect(clones.size).toBe(2);
  });
});

it('tells all problems of one run: a forward that varies does not hide a rollback that does not restore', async () => {
  await withHost(before, async ({ host }) => {
    const one = tier('1-x', {
      up: ['create table n as select random() as r', 'create schema x'],
      down: ['drop table n'],
    });
    const done = await rehearse({ release: sealed([one], { touches: ['public.other'] }), host, owner: 'test' });
    expect([...new Set(done.problems.map(({ code }) => code))]).toEqual([
      'TOUCHED_UNDECLARED',
      'FORWARD_VARIES',
      'BACK_DIFFERS',
    ]);
  });
});

it('names what is touched and not declared, and what the budgets and invariants forbid', async () => {
  await withHost(before, async ({ host }) => {
    const one = tier('1-x', { up: ['update t set v = v'], down: ['select 1'] });
    const codes = async (release: ReturnType<typeof sealed>): Promise<string> =>
      (await rehearse({ release, host, owner: 'test' })).problems.map((problem) => problem.code).join();
    expect(await codes(sealed([one], { touches: ['public.other'] }))).toBe('TOUCHED_UNDECLARED');
    expect(await codes(sealed([one], { budgets: { lock: null, total: -1 as never } }))).toBe('BUDGET_TOTAL');
    const locks = tier('1-x', {
      up: ['alter table t add column n integer'],
      down: ['alter table t drop column if exists n'],
    });
    expect(await codes(sealed([locks], { budgets: { lock: -1 as never, total: null } }))).toBe(
      'BUDGET_LOCK,BUDGET_LOCK',
    );
    expect(await codes(sealed([{ ...one, check: [step('select 1', 'check.sql')] }]))).toBe('CHECK_VIOLATED');
    const query: Step = step('select count(*) from t', 'metrics/n.sql');
    const metrics = [{ name: 'n' as never, title: 'n', query }];
    expect(
      await codes(
        sealed([one], { metrics, invariants: { greenfield: { n: { equals: 1 } }, finalized: {}, always: {} } }),
      ),
    ).toBe('INVARIANT_VIOLATED');
  });
});

it('tries each option, and a chosen one that collides is a problem', async () => {
  await withHost(before, async ({ host, clones }) => {
    const one = tier('1-x', { up: ['create table n (id integer)'], down: ['drop table if exists n'] });
    const option = {
      id: '3-shadow',
      title: 's',
      decision: 'rejected' as const,
      reason: 'r',
      up: [step('create table n (id integer)', 'up.sql')],
    };
    const done = await rehearse({ release: sealed([one], { options: [option] }), host, owner: 'test' });
    expect(done.outcome).toBe('passed');
    expect(done.options).toMatchObject([{ outcome: 'collides' }]);
    expect(done.options[0]?.problems[0]?.problem).toContain('"n" already exists');
    expect(clones.size).toBe(0);
    const chosen = await rehearse({
      release: sealed([one], { options: [{ ...option, decision: 'chosen' }] }),
      host,
      owner: 'test',
    });
    expect(chosen.problems.map((problem) => problem.code)).toEqual(['OPTION_COLLIDES']);
  });
});

it('keeps the clones that it is told to keep', async () => {
  await withHost(before, async ({ host, clones }) => {
    const good = sealed([tier('1-x', { up: ['create table n (id integer)'], down: ['drop table n'] })]);
    const bad = sealed([tier('1-x', { up: ['create table n (id integer)'], down: ['select 1'] })]);
    const kept = async (release: typeof good, keep: 'never' | 'always'): Promise<boolean> => {
      const { clone } = await rehearse({ release, host, owner: 'test', keep });
      const isThere = clones.size === 1;
      for (const name of Array.from(clones)) await host.drop(name as DatabaseName);
      expect(clone.kept !== null).toBe(isThere);
      return isThere;
    };
    expect(await kept(bad, 'never')).toBe(false);
    expect(await kept(good, 'always')).toBe(true);
  });
});

it('stops where IF NOT EXISTS takes an invalid index for the one that is wanted', async () => {
  const invalid = [
    ...before,
    'create index "T v" on t (v)',
    `update pg_index set indisvalid = false where indexrelid = '"T v"'::regclass`,
  ];
  await withHost(invalid, async ({ host }) => {
    const one = tier('1-x', { up: ['create index if not exists "T v" on t (v)'], down: ['select 1'] });
    const done = await rehearse({ release: sealed([one]), host, owner: 'test' });
    expect(done.problems).toMatchObject([
      { code: 'INDEX_INVALID', problem: expect.stringContaining('index public."T v" was invalid before the release') },
    ]);
    const other = tier('1-x', { up: ['create table n (id integer)'], down: ['drop table n'] });
    expect((await rehearse({ release: sealed([other]), host, owner: 'test' })).problems).toEqual([]);
  });
});

it('cleans up when it is interrupted', async () => {
  await withHost(before, async ({ host, clones }) => {
    const stop = new AbortController();
    const release = sealed([tier('1-x', { up: ['select pg_sleep(30)'], down: [] })]);
    const onProgress = ({ stage, state }: RehearsalEvent): void => {
      if (stage === 'forward' && state === 'started') setTimeout(() => stop.abort(), 300);
    };
    await expect(rehearse({ release, host, owner: 'test', signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(clones.size).toBe(0);
  });
});

it('says that the clone is gone when somebody drops it', async () => {
  await withHost(before, async ({ host, clones }) => {
    const release = sealed([tier('1-x', { up: ['select pg_sleep(30)'], down: [] })]);
    // once the forward has begun the clone is there, however busy the machine is
    const onProgress = ({ stage, state }: RehearsalEvent): void => {
      if (stage !== 'forward' || state !== 'started') return;
      setTimeout(() => {
        void runSql(serverConnection('18'), [`drop database "${[...clones][0]}" with (force)`]);
      }, 500);
    };
    await expect(rehearse({ release, host, owner: 'test', onProgress })).rejects.toMatchObject({ code: 'CLONE_GONE' });
  });
});

it('refuses to start without a golden copy', async () => {
  await withHost([], async ({ host }) => {
    const none = { ...host, golden: () => Promise.resolve(null) };
    await expect(rehearse({ release: sealed([]), host: none, owner: 'test' })).rejects.toMatchObject({
      code: 'REHEARSAL_NO_GOLDEN',
    });
  });
});

it('stops an invalid index that is left behind, and measures notices and locks as the server tells them', async () => {
  await withHost(
    [...before, 'create table twice (id integer)', 'insert into twice values (1), (1)'],
    async ({ host }) => {
      const index = tier('1-x', {
        up: ['create unique index concurrently twice_id on twice (id)'],
        down: ['drop index if exists twice_id'],
      });
      const refused = await rehearse({ release: sealed([index]), host, owner: 'test' });
      expect(refused.problems.map((one) => one.code)).toEqual(['SQL_FAILED', 'INDEX_INVALID']);
      expect(refused.problems[1]?.problem).toContain('twice_id');
      const loud = tier('1-x', {
        up: ["do $$ begin raise notice E'\\x1b[2Jforged'; end $$", 'alter table t alter column v type bigint'],
        down: ['alter table t alter column v type integer'],
      });
      const done = await rehearse({ release: sealed([loud]), host, owner: 'test' });
      const steps = done.stages.find((one) => one.stage === 'forward')?.steps;
      expect(done.outcome).toBe('passed');
      expect(steps?.[0]?.notices[0]?.message).toContain('forged');
      expect(steps?.[1]?.rewritten).toContain('public.t');
      expect(steps?.[1]?.locks).toContainEqual({
        relation: 'public.t',
        mode: 'AccessExclusiveLock',
        kind: 'r',
        fromMs: expect.any(Number),
        age: 'existing',
        heldMs: expect.any(Number),
      });
      expect(steps?.[1]?.walBytes).toBeGreaterThan(0);
    },
  );
});
