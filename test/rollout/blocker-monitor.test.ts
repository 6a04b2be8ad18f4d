import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Waiting } from '../../src/activity/index.ts';
import { id, openSession, sql } from '../../src/database/index.ts';
import { type ReleaseSettings } from '../../src/release/index.ts';
import { execute, openLookout, type RolloutEvent } from '../../src/rollout/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';
import { withRolloutFixture } from './fixture.io.ts';

describe.each(versions)('who is waited for on PostgreSQL %s', (version) => {
  it('is found by the executor itself while its tier is tried again, and is left alone', () =>
    withRolloutFixture(version, async (ground) => {
      const { connection, sealed } = ground;
      const statement = await ground.submit();
      await withSession(ground.database, async (other) => {
        await other.query(sql`select pg_catalog.set_config('application_name', '<b>a report</b>', false)`);
        await other.run('begin');
        await other.run('lock table public.base in share mode');
        const seen: (readonly Waiting[])[] = [];
        const blockerMonitor = openLookout({
          executor: connection,
          observer: connection,
          settings: sealed.release.settings,
          onWaiting: (waiting) => {
            seen.push(waiting);
            // it was found, so it may end by itself
            if (waiting.length > 0) void other.run('commit');
          },
          onTrouble: (why) => expect.unreachable(why),
        });
        const events: RolloutEvent['at'][] = [];
        const result = await execute({
          sealed,
          statement,
          direction: 'up',
          through: null,
          target: { name: 'test', executor: connection },
          patience: { attempts: 50, budget: 30_000, firstPause: 20 },
          record: async () => undefined,
          onSession: blockerMonitor.watch,
          onProgress: (event) => {
            events.push(event.at);
            blockerMonitor.see(event);
          },
        });
        await blockerMonitor.close();
        expect(result).toMatchObject({ result: 'done', tiers: ['1-first', '2-each', '3-last'] });
        expect(events).toContain('retry');
        const expected = {
          pid: other.pid,
          application: '<b>a report</b>',
          relation: 'public.base',
          mode: 'ShareLock',
        };
        expect(seen).toEqual([[expected], []]);
        // the session is still the same one
        expect((await other.query<{ one: string }>(sql`select '1' as one`))[0]?.one).toBe('1');
      });
    }));

  it('is found when a statement runs long, also a row of a transaction and a prepared one, and nobody before that', () =>
    withDatabase(version, async (database) => {
      const role = `waiter_${database.database}`;
      await runSql(database, [
        'create table t (i integer)',
        'insert into t values (1)',
        `create role ${role} login`,
        `grant all on t to ${role}`,
      ]);
      const executor = { ...database, user: role };
      const settings = { lockTimeout: 0, statementTimeout: 0, searchPath: ['public'], role: null } as unknown;
      const attempt = await openSession(executor, { applicationName: 'oneroof attempt' });
      const seen: { readonly after: number; readonly waiting: readonly Waiting[] }[] = [];
      let from = performance.now();
      const blockerMonitor = openLookout({
        executor,
        observer: executor,
        settings: settings as ReleaseSettings,
        onWaiting: (waiting) => seen.push({ after: performance.now() - from, waiting }),
        onTrouble: (why) => expect.unreachable(why),
      });
      blockerMonitor.watch(attempt.pid);
      blockerMonitor.see({ at: 'attempt', tier: null, step: 7 });
      try {
        await withSession(database, async (other) => {
          for (const prepared of [false, true]) {
            seen.length = 0;
            await other.run('begin');
            await other.run('update public.t set i = i');
            if (prepared) await other.run(`prepare transaction '${role}'`);
            from = performance.now();
            blockerMonitor.see({ at: 'step', tier: '1-x', step: 1 });
            const waiting = attempt.run('update public.t set i = 2');
            await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(1);
            expect(seen[0]?.after).toBeGreaterThan(1000);
            expect(seen[0]?.waiting).toEqual([
              prepared
                ? { pid: null, application: 'a prepared transaction', relation: 'public.t', mode: 'RowExclusiveLock' }
                : { pid: other.pid, application: 'test', relation: 'public.t', mode: 'RowExclusiveLock' },
            ]);
            await other.run(prepared ? `commit prepared '${role}'` : 'commit');
            await waiting;
            await expect.poll(() => seen.at(-1)?.waiting, { timeout: 5000 }).toEqual([]);
            blockerMonitor.see({ at: 'committed', tier: '1-x', step: null });
          }
        });
      } finally {
        await blockerMonitor.close();
        await attempt.close();
        await runSql(database, [`drop owned by ${role}`, `drop role ${id(role).text}`]);
      }
    }));

  it('is not looked for by a role that may not connect, which is said once and breaks nothing', () =>
    withDatabase(version, async (database) => {
      const troubles: string[] = [];
      const blockerMonitor = openLookout({
        executor: { ...database, user: 'nobody_of_this_name' },
        observer: database,
        settings: {
          lockTimeout: 0,
          statementTimeout: 0,
          searchPath: ['public'],
          role: null,
        } as unknown as ReleaseSettings,
        onWaiting: () => expect.unreachable('nothing was seen'),
        onTrouble: (why) => troubles.push(why),
      });
      blockerMonitor.see({ at: 'attempt', tier: null, step: 1 });
      blockerMonitor.see({ at: 'retry', tier: '1-x', step: null });
      await expect.poll(() => troubles.length, { timeout: 5000 }).toBe(1);
      await wait(400);
      await blockerMonitor.close();
      expect(troubles).toHaveLength(1);
    }));
});
