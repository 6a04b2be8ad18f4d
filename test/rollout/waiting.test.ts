import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Waiting } from '../../src/activity/index.ts';
import { type Milliseconds, OneRoofError } from '../../src/core/index.ts';
import { type Connection, type Session, sql } from '../../src/database/index.ts';
import {
  type Execution,
  explainExecution,
  openLookout,
  type RolloutEvent,
  type RolloutRun,
} from '../../src/rollout/index.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { files, type RolloutFixture, withRolloutFixture, withRunners } from './fixture.io.ts';
import { withKillableServer } from './killable-server.io.ts';
import { forget, run, standing } from './standing.io.ts';

/** A server whose COMMITs can be made to wait for a standby that there is not. */
interface Hanging {
  /** From now on each COMMIT waits. */
  miss(): Promise<void>;
  /** The standby is not wanted any more: who waits goes on. */
  mend(): Promise<void>;
  /** Waits until an executor waits, and names its server process. */
  stuck(which: 'begin' | 'tier'): Promise<string>;
  /** Asks the server something of such a process. */
  signal(how: 'pg_cancel_backend' | 'pg_terminate_backend', pid: string): Promise<void>;
  /** Waits until no executor's process is left. */
  gone(): Promise<void>;
}

function hanging(database: Connection): Hanging {
  const ask = <T>(use: (session: Session) => Promise<T>): Promise<T> => withSession(database, use);
  const waiting = async (session: Session, name: string, query = ''): Promise<string | undefined> => {
    const rows = await session.query<{ pid: string }>(sql`
      select pid::text as pid from pg_catalog.pg_stat_activity where application_name ~ ${name} and query ~ ${query} and wait_event = 'SyncRep'`);
    return rows[0]?.pid;
  };
  return {
    miss: () =>
      ask(async (session) => {
        await session.run(`alter system set synchronous_standby_names = 'gone'`);
        await session.run('select pg_catalog.pg_reload_conf()');
        // another process of the server makes it so: a COMMIT that is seen to wait is the proof
        await withSession(database, async (probe) => {
          await probe.run(`select pg_catalog.set_config('application_name', 'probe', false)`);
          for (let pid: string | undefined; pid === undefined; ) {
            const sent = probe.run(`select pg_catalog.pg_logical_emit_message(true, 'probe', '')`);
            await Promise.race([sent, wait(500)]);
            pid = await waiting(session, '^probe$');
            if (pid !== undefined) await session.query(sql`select pg_catalog.pg_cancel_backend(${pid}::integer)`);
            await sent;
          }
        });
      }),
    mend: () =>
      runSql(database, ['alter system reset synchronous_standby_names', 'select pg_catalog.pg_reload_conf()']),
    stuck: (which) =>
      ask(async (session) => {
        for (const until = Date.now() + 30_000; Date.now() < until; await wait(20)) {
          const pid = await waiting(
            session,
            '^oneroof attempt$',
            which === 'begin' ? 'gate.begin_attempt' : '^commit$',
          );
          if (pid !== undefined) return pid;
        }
        throw new Error(`no COMMIT of a ${which} waits`);
      }),
    signal: (how, pid) => runSql(database, [`select pg_catalog.${how}(${pid})`]),
    gone: () =>
      ask(async (session) => {
        const left = () =>
          session.query(sql`select from pg_catalog.pg_stat_activity where application_name ~ '^oneroof attempt'`);
        await expect.poll(async () => (await left()).length, { timeout: 20_000 }).toBe(0);
      }),
  };
}

/** Milliseconds: the release's bound for a statement, which must not become one for the wait. */
const bound = 4000;
const manifest = files['release.yaml']?.replace(
  'lockTimeout: 200ms',
  `lockTimeout: 200ms, statementTimeout: ${bound}ms`,
);

async function problemOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly text: string }> {
  const error = await work.then(
    (result) => new Error(`no error: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof OneRoofError)) throw error;
  return { code: error.code, text: `${error.problems[0].problem} / ${error.problems[0].fix}` };
}

it.each(newest)(
  'a rollout on PostgreSQL %s whose COMMITs wait for a standby that is gone loses nothing, does nothing twice, and says what is the case',
  { timeout: 180_000 },
  (version) =>
    withRunners((runners) =>
      withKillableServer(version, async (killable) => {
        await runSql(killable.connection, ['create database shop']);
        const database = { ...killable.connection, database: 'shop' };
        await withRolloutFixture(
          version,
          async (ground) => {
            const look = <T>(use: (now: RolloutFixture) => Promise<T>): Promise<T> =>
              withSession(database, (session) => use({ ...ground, session }));
            const standby = hanging(database);
            const calm = await ground.submit();
            await run(ground, calm, 'up');
            const top = await look((now) => standing(now, calm));
            await run(ground, calm, 'down');
            const bottom = await look((now) => standing(now, calm));
            const statement = await ground.submit();
            const told = async () => (await look((now) => standing(now, statement))).told;
            await look(forget);

            // Ctrl-C, while the COMMIT of the first tier waits
            const lines: Execution[] = [];
            const seen: (readonly Waiting[])[] = [];
            const looking = (
              extra: Partial<RolloutRun>,
            ): { readonly ended: Promise<unknown>; close(): Promise<void> } => {
              const blockerMonitor = openLookout({
                executor: ground.connection,
                observer: ground.database,
                settings: ground.sealed.release.settings,
                onWaiting: (waiting) => seen.push(waiting),
                onTrouble: (why) => expect.unreachable(why),
              });
              const onProgress = (event: RolloutEvent): void => blockerMonitor.see(event);
              return {
                ended: run(ground, statement, 'up', { onProgress, onSession: blockerMonitor.watch, ...extra }),
                close: () => blockerMonitor.close(),
              };
            };
            const stop = new AbortController();
            const first = looking({
              signal: stop.signal,
              record: async (line) => {
                lines.push(line);
                if (line.phase === 'intent') await standby.miss();
              },
            });
            const interrupted = problemOf(first.ended);
            const pid = await standby.stuck('tier');
            const missing = { pid: null, application: 'a synchronous standby, of gone', relation: null, mode: null };
            await expect.poll(() => seen.at(-1), { timeout: 10_000 }).toEqual([missing]);
            // neither the executor's time-out nor its interruption ends the wait
            await wait(bound + 1000);
            stop.abort();
            const pressed = performance.now();
            const { code, text } = await interrupted;
            expect(performance.now() - pressed).toBeLessThan(15_000);
            await first.close();
            expect(code).toBe('ROLLOUT_UNKNOWN');
            expect(text).toContain(
              `on the primary's disk, and the server process ${pid} waits for a synchronous standby`,
            );
            expect(text).toContain('the standbys of synchronous_standby_names (gone)');
            expect(lines.map(({ phase }) => phase)).toEqual(['intent', 'unknown']);
            expect(await standby.stuck('tier')).toBe(pid);
            // the same command meanwhile begins nothing, and does not say of the tier that it was not applied
            seen.length = 0;
            const second = looking({
              patience: { attempts: 4, budget: 20_000, firstPause: 200 },
              record: async () => expect.unreachable('nothing was begun'),
            });
            const kept = await problemOf(second.ended);
            await second.close();
            expect(kept).toMatchObject({ code: 'LOCK_TIMEOUT' });
            expect(kept.text).toMatch(/^nothing was begun: an older attempt holds the fence.*SyncRep/);
            expect(seen.flat()).toContainEqual(missing);
            expect(seen.flat()).toContainEqual(expect.objectContaining({ pid: Number(pid) }));
            expect(await told()).toEqual([]);
            await standby.mend();
            await standby.gone();
            expect(await told()).toEqual(['1 up']);

            // the wait is cancelled, then its process is terminated, then the server is restarted
            const events: RolloutEvent[] = [];
            const committed = (): number => events.filter(({ at }) => at === 'committed').length;
            lines.length = 0;
            const third = run(ground, statement, 'up', {
              onProgress: (event) => void events.push(event),
              record: async (line) => {
                lines.push(line);
                if (lines.length === 1) await standby.miss();
              },
            });
            third.catch(() => undefined);
            const faults = [
              async () => standby.signal('pg_cancel_backend', await standby.stuck('tier')),
              async () => standby.signal('pg_terminate_backend', await standby.stuck('tier')),
              async () => {
                await standby.stuck('tier');
                await killable.stop();
                await killable.start();
              },
            ];
            for (const [index, fault] of faults.entries()) {
              await fault();
              await expect.poll(committed, { timeout: 30_000 }).toBe(index + 1);
            }
            expect(await third).toMatchObject({
              result: 'done',
              runs: [
                { tier: '2-each', replication: 'uncertain' },
                { tier: '3-last', replication: 'uncertain' },
              ],
            });
            expect(events.filter(({ at }) => at === 'uncertain')).toHaveLength(3);
            const lack = 'committed on the primary; a synchronous standby may lack it';
            expect(
              lines
                .filter(({ phase }) => phase !== 'intent')
                .map(({ phase, reason }) => ({ phase, reason: explainExecution(reason ?? '') })),
            ).toEqual(Array.from({ length: 3 }, () => ({ phase: 'applied', reason: lack })));
            expect(await look((now) => standing(now, statement))).toEqual(top);

            // on the rollback the attempt itself waits at its beginning: Ctrl-C there, then SIGKILL in the first tier
            await standby.miss();
            const early = new AbortController();
            const { seal, release } = ground.sealed;
            // no time-out ends this wait instead
            const sealed = {
              seal,
              release: { ...release, settings: { ...release.settings, statementTimeout: 0 as Milliseconds } },
            };
            const begun = problemOf(run(ground, statement, 'down', { sealed, signal: early.signal }));
            await standby.stuck('begin');
            early.abort();
            expect((await begun).code).toBe('INTERRUPTED');
            const killed = runners.start({
              sealed: ground.sealed,
              connection: ground.connection,
              statement,
              direction: 'down',
              through: null,
              boundary: 0,
              moment: 'at',
              signal: 'SIGKILL',
            });
            await standby.signal('pg_cancel_backend', await standby.stuck('begin'));
            const orphan = await standby.stuck('tier');
            process.kill(killed.pid, 'SIGKILL');
            expect((await killed.ended).signal).toBe('SIGKILL');
            expect(await standby.stuck('tier')).toBe(orphan);
            await standby.mend();
            await standby.gone();
            expect(await told()).toEqual(['1 up', '2 up', '3 down', '3 up']);
            expect(await run(ground, statement, 'down')).toMatchObject({
              tiers: ['2-each', '1-first'],
              runs: [{ replication: 'as-configured' }, { replication: 'as-configured' }],
            });
            expect(await look((now) => standing(now, statement))).toEqual(bottom);
          },
          { database, files: { ...files, 'release.yaml': manifest ?? '' } },
        );
      }),
    ),
);
