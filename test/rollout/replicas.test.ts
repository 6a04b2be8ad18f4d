import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Milliseconds } from '../../src/core/index.ts';
import { sql, startServer } from '../../src/database/index.ts';
import { watchReplicas } from '../../src/rollout/index.ts';
import { backUp } from '../backup.io.ts';
import { newest, runSql, withSession } from '../database.io.ts';
import { following, withKillableServer } from './killable-server.io.ts';

const ms = (n: number): Milliseconds => n as Milliseconds;

it.each(newest)(
  'batches on PostgreSQL %s wait while a replica is behind, not for ever, and not where its lag is hidden',
  { timeout: 240_000 },
  (version) =>
    withKillableServer(version, async (killable) => {
      const primary = killable.own;
      await runSql(primary, ['create table public.t (i integer)', 'create role plain login']);
      const folder = await backUp(killable.server());
      const data = join(folder, 'data');
      writeFileSync(join(data, 'standby.signal'), '');
      const standby = await startServer({
        binaries: killable.server().binaries,
        data,
        settings: { fsync: 'off', ...following(primary), recovery_min_apply_delay: '3s' },
      });
      // a lag is measured only where there is something to replay
      const written = new AbortController();
      const writing = withSession(primary, async (session) => {
        for (; !written.signal.aborted; await wait(100)) await session.run('insert into public.t values (1)');
      });
      const unseen: string[] = [];
      const onUnseen = (why: string): void => void unseen.push(why);
      try {
        const lag = (): Promise<number> =>
          withSession(primary, async (session) => {
            const [row] = await session.query<{ lag: string }>(
              sql`select coalesce(max(extract(epoch from replay_lag)), 0)::text as lag from pg_stat_replication`,
            );
            return Number(row?.lag);
          });
        await expect.poll(lag, { timeout: 100_000 }).toBeGreaterThan(2.6);

        let waits = 0;
        const stuck = watchReplicas({ observer: primary, longest: ms(500), patience: 1500, onUnseen });
        await expect(stuck.ready(() => (waits += 1))).rejects.toMatchObject({ code: 'ROLLOUT_REPLICAS' });
        await stuck.close();
        expect(waits).toBeGreaterThan(1);

        const stop = new AbortController();
        const stopped = watchReplicas({ observer: primary, longest: ms(500), signal: stop.signal, onUnseen });
        await expect(stopped.ready(() => stop.abort())).rejects.toMatchObject({ code: 'INTERRUPTED' });
        await stopped.close();

        const near = watchReplicas({ observer: primary, longest: ms(60_000), onUnseen });
        await near.ready(() => expect.unreachable('it is near enough'));
        await near.close();

        const patient = watchReplicas({ observer: primary, longest: ms(2500), onUnseen });
        // with nothing more to replay it catches up
        await patient.ready(() => written.abort());
        await patient.close();
        expect(written.signal.aborted).toBe(true);
        expect(unseen).toEqual([]);

        const blind = watchReplicas({ observer: { ...primary, user: 'plain' }, longest: ms(0), onUnseen });
        await blind.ready(() => expect.unreachable('it sees no lag'));
        await blind.ready(() => expect.unreachable('it sees no lag'));
        await blind.close();
        expect(unseen).toEqual(['the observer does not see it; grant pg_read_all_stats to it']);
        const nobody = watchReplicas({ observer: { ...primary, user: 'nobody_of_this_name' }, onUnseen });
        await nobody.ready(() => expect.unreachable('it sees no lag'));
        await nobody.close();
        expect(unseen).toHaveLength(2);
      } finally {
        written.abort();
        await writing;
        await standby.stop();
      }
    }),
);
