import { describe, expect, it } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { openSession, sql } from '../../src/database/index.ts';
import { type Execution, type RolloutRun } from '../../src/rollout/index.ts';
import { versions, withSession } from '../database.io.ts';
import { files, withRolloutFixture } from './fixture.io.ts';
import { run, standing } from './standing.io.ts';

type Extra = Partial<RolloutRun>;

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}

describe.each(versions)('a rollout on PostgreSQL %s', (version) => {
  it('goes up, has nothing to do, goes back, has nothing to do, and again with a second statement', () =>
    withRolloutFixture(version, async (ground) => {
      const lines: Execution[] = [];
      const record = async (line: Execution): Promise<void> => void lines.push(line);
      const first = await ground.submit();
      const before = await standing(ground, first);
      for (const statement of [first, await ground.submit()]) {
        expect(await run(ground, statement, 'up', { record })).toMatchObject({
          result: 'done',
          tiers: ['1-first', '2-each', '3-last'],
        });
        expect(await run(ground, statement, 'up')).toMatchObject({ result: 'nothing-to-do' });
        expect(await run(ground, statement, 'down', { record })).toMatchObject({
          result: 'done',
          tiers: ['3-last', '2-each', '1-first'],
        });
        expect(await run(ground, statement, 'down')).toMatchObject({ result: 'nothing-to-do' });
        expect(await run(ground, statement, 'up')).toMatchObject({ result: 'held' });
      }
      expect(lines.map(({ phase }) => phase).join(' ')).toBe(
        Array.from({ length: 16 }, () => 'intent applied').join(' '),
      );
      expect((await standing(ground, first)).schema).toEqual(before.schema);
    }));

  it('goes up and back through tiers that hold no statement', () => {
    const empty = ['1-first', '2-each'].flatMap((tier) => ['up', 'down'].map((side) => `tiers/${tier}/${side}.sql`));
    const declared = {
      ...files,
      'release.yaml': `${files['release.yaml']}allows: { emptyUp: done by hand }\n`,
      ...Object.fromEntries(empty.map((file) => [file, '-- nothing\n'])),
    };
    return withRolloutFixture(
      version,
      async (ground) => {
        const statement = await ground.submit();
        expect(await run(ground, statement, 'up')).toMatchObject({
          result: 'done',
          tiers: ['1-first', '2-each', '3-last'],
        });
        expect(await run(ground, statement, 'down')).toMatchObject({
          result: 'done',
          tiers: ['3-last', '2-each', '1-first'],
        });
        expect(await run(ground, statement, 'down')).toMatchObject({ result: 'nothing-to-do' });
      },
      { files: declared },
    );
  });

  it('is run once by two executors that race, and both end well', () =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit();
      const results = await Promise.all([run(ground, statement, 'up'), run(ground, statement, 'up')]);
      for (const { result } of results) expect(['done', 'nothing-to-do']).toContain(result);
      const [row] = await ground.session.query<{ n: string }>(
        sql`select count(*)::text as n from gate.markers where statement = ${statement}`,
      );
      expect(row?.n).toBe('3');
    }));

  it('tries again while a lock is held, and gives up with nothing half done', () =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit();
      await withSession(ground.database, async (other) => {
        await other.run('begin');
        await other.run('lock table public.base in share mode');
        const retries: string[] = [];
        const extra: Extra = {
          patience: { attempts: 3, budget: 5000, firstPause: 20 },
          onProgress: ({ at }) => void retries.push(at),
        };
        expect(await code(run(ground, statement, 'up', extra))).toBe('ROLLOUT_BUSY');
        expect(retries.filter((at) => at === 'retry')).toHaveLength(2);
        await other.run('rollback');
      });
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done', tiers: ['3-last'] });
    }));

  it('names the session of its own role that holds the fence or a lock, and the command that ends it', () =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit();
      const thief = await openSession(ground.connection, { applicationName: 'a thief' });
      const extra: Extra = { patience: { attempts: 2, budget: 2000, firstPause: 20 } };
      const told = async (): Promise<{ readonly problem: string; readonly fix: string }> => {
        const error: unknown = await run(ground, statement, 'up', extra).catch((cause: unknown) => cause);
        if (!(error instanceof OneRoofError)) throw new Error('it went through');
        expect(error.code).toBe('LOCK_TIMEOUT');
        const [{ problem, fix }] = error.problems;
        return { problem, fix };
      };
      try {
        await thief.run('begin');
        await thief.query(sql`select gate.begin_attempt(${statement}, 'up')`);
        await thief.run(`select set_config('idle_in_transaction_session_timeout', '0', true)`);
        const who = new RegExp(
          `session ${thief.pid} \\("a thief"\\) has been in a transaction since .* and holds the fence`,
        );
        const said = await told();
        expect(said.problem).toMatch(who);
        const [command = ''] = /select pg_terminate_backend\(\d+\);/.exec(said.fix) ?? [];
        expect(command).toContain(String(thief.pid));
        // whoever has the executor's credential may run it
        await withSession(ground.connection, (session) => session.run(command));
      } finally {
        await thief.close();
      }
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done' });
    }));

  it('is undone and says so when its server process is ended in a tier', () =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit();
      let ended: unknown = null;
      const end = () =>
        ground.session.query(
          sql`select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity where application_name ~ '^oneroof attempt'`,
        );
      const phases: string[] = [];
      const record = async ({ tier, phase }: Execution): Promise<void> => {
        phases.push(phase);
        if (tier === '3-last' && phase === 'intent') ended ??= await end();
      };
      expect(await code(run(ground, statement, 'up', { record }))).toBe('CONNECTION_LOST');
      expect(phases.at(-1)).toBe('not-applied');
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done', tiers: ['3-last'] });
    }));

  it('begins nothing where a statement cannot run in a transaction', () =>
    withRolloutFixture(version, async (ground) => {
      const { release, seal } = ground.sealed;
      const outside = release.tiers.map((tier) => ({
        ...tier,
        up: tier.up.map((step) => ({ ...step, transactional: false })),
      }));
      const sealed = { seal, release: { ...release, tiers: outside } };
      expect(await code(run(ground, await ground.submit(), 'up', { sealed }))).toBe('GATE_STEP_OUTSIDE');
    }));

  it('is held by what the gate says', () =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit(1);
      expect(await run(ground, statement, 'up')).toEqual({
        result: 'held',
        tiers: [],
        runs: [],
        reasons: [{ code: 'gate', facts: { code: 'seats', facts: { said: '1 of 2 seats are filled' } } }],
      });
    }));

  it('stops cleanly at an interruption', () =>
    withRolloutFixture(version, async (ground) => {
      const statement = await ground.submit();
      const stop = new AbortController();
      const onProgress: RolloutRun['onProgress'] = ({ at, tier }) => {
        if (at === 'step' && tier === '3-last') stop.abort();
      };
      expect(await code(run(ground, statement, 'up', { signal: stop.signal, onProgress }))).toBe('INTERRUPTED');
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done', tiers: ['3-last'] });
    }));
});
