import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { type Execution, execute, type RolloutResult, type Run } from '../../src/rollout/index.ts';
import { versions, withSession } from '../database.io.ts';
import { type Ground, startRunner, withGround } from './ground.io.ts';

type Extra = Partial<Run>;

function run(
  ground: Ground,
  statement: StatementDigest,
  direction: Direction,
  extra: Extra = {},
): Promise<RolloutResult> {
  const target = { name: 'test', executor: ground.connection };
  const plan = { sealed: ground.sealed, statement, direction, through: null, target, record: async () => undefined };
  return execute({ ...plan, ...extra });
}

/** Schema, rows and markers: what two ends have to have in common. */
async function standing({ session }: Ground, statement: StatementDigest): Promise<unknown> {
  const [schema] = await session.query(
    sql`select gate.schema_digest() as digest, (select pg_catalog.string_agg(b::text, ';') from public.base b) as rows`,
  );
  const markers = await session.query(
    sql`select tier, direction from gate.markers where statement = ${statement} order by 2, 1`,
  );
  const steps = await session.query(
    sql`select tier, direction, n from gate.steps where statement = ${statement} order by 2, 1, 3`,
  );
  return { schema, markers, steps };
}

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}

describe.each(versions)('a rollout on PostgreSQL %s', (version) => {
  it('goes up, has nothing to do, goes back, has nothing to do, and again with a second statement', () =>
    withGround(version, async (ground) => {
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
      expect(((await standing(ground, first)) as { schema: unknown }).schema).toEqual(
        (before as { schema: unknown }).schema,
      );
    }));

  it(
    'ends the same when its process is killed at a sample of its boundaries, forward and back',
    () =>
      withGround(version, async (ground) => {
        const calm = await ground.submit();
        await run(ground, calm, 'up');
        const top = await standing(ground, calm);
        await run(ground, calm, 'down');
        const bottom = await standing(ground, calm);
        let killed = 0;
        // each boundary costs two processes: a sample, shifted between the versions, keeps the suite short
        const stride = version === versions[0] ? 4 : 7;
        for (let boundary = 1, more = true; more; boundary += stride) {
          const statement = await ground.submit();
          more = false;
          for (const [direction, end] of [
            ['up', top],
            ['down', bottom],
          ] as const) {
            const errand = {
              folder: ground.folder,
              connection: ground.connection,
              statement,
              direction,
              boundary,
              signal: 'SIGKILL',
            } as const;
            const { signal } = await startRunner(errand).ended;
            if (signal === 'SIGKILL') killed += 1;
            more ||= signal === 'SIGKILL';
            await run(ground, statement, direction);
            expect(await standing(ground, statement), `${direction} at boundary ${boundary}`).toEqual(end);
          }
        }
        expect(killed).toBeGreaterThan(stride === 4 ? 10 : 5);
      }),
    240_000,
  );

  it('is run once by two executors that race, and both end well', () =>
    withGround(version, async (ground) => {
      const statement = await ground.submit();
      const results = await Promise.all([run(ground, statement, 'up'), run(ground, statement, 'up')]);
      for (const { result } of results) expect(['done', 'nothing-to-do']).toContain(result);
      const [row] = await ground.session.query<{ n: string }>(
        sql`select count(*)::text as n from gate.markers where statement = ${statement}`,
      );
      expect(row?.n).toBe('3');
    }));

  it('tries again while a lock is held, and gives up with nothing half done', () =>
    withGround(version, async (ground) => {
      const statement = await ground.submit();
      await withSession(ground.database, async (other) => {
        await other.run('begin');
        await other.run('lock table public.base in share mode');
        const retries: string[] = [];
        const extra: Extra = {
          patience: { attempts: 3, budget: 5000, firstPause: 20 },
          onProgress: ({ at }) => void retries.push(at),
        };
        expect(await code(run(ground, statement, 'up', extra))).toBe('LOCK_TIMEOUT');
        expect(retries.filter((at) => at === 'retry')).toHaveLength(2);
        await other.run('rollback');
      });
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done', tiers: ['3-last'] });
    }));

  it('is undone and says so when its server process is ended in a tier', () =>
    withGround(version, async (ground) => {
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
    withGround(version, async (ground) => {
      const { release, seal } = ground.sealed;
      const outside = release.tiers.map((tier) => ({
        ...tier,
        up: tier.up.map((step) => ({ ...step, transactional: false })),
      }));
      const sealed = { seal, release: { ...release, tiers: outside } };
      expect(await code(run(ground, await ground.submit(), 'up', { sealed }))).toBe('GATE_STEP_OUTSIDE');
    }));

  it('is held by what the gate says', () =>
    withGround(version, async (ground) => {
      const statement = await ground.submit(1);
      expect(await run(ground, statement, 'up')).toEqual({
        result: 'held',
        tiers: [],
        reasons: [expect.stringContaining('seats: 1 of 2')],
      });
    }));

  it('stops cleanly at an interruption', () =>
    withGround(version, async (ground) => {
      const statement = await ground.submit();
      const stop = new AbortController();
      const onProgress: Run['onProgress'] = ({ at, tier }) => {
        if (at === 'step' && tier === '3-last') stop.abort();
      };
      expect(await code(run(ground, statement, 'up', { signal: stop.signal, onProgress }))).toBe('INTERRUPTED');
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done', tiers: ['3-last'] });
    }));

  it('is not gone on with by a process that slept longer than its lease', () =>
    withGround(version, async (ground) => {
      const statement = await ground.submit();
      const errand = {
        folder: ground.folder,
        connection: ground.connection,
        statement,
        direction: 'up',
        boundary: 4,
        signal: 'SIGSTOP',
        lease: 500,
      } as const;
      const zombie = startRunner(errand);
      await wait(2500);
      expect(await run(ground, statement, 'up')).toMatchObject({ result: 'done' });
      const end = await standing(ground, statement);
      process.kill(zombie.pid, 'SIGCONT');
      await zombie.ended;
      expect(await standing(ground, statement)).toEqual(end);
    }));
});
