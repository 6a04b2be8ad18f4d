import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { OneRoofError } from '../../src/core/index.ts';
import { type Server, sql, startServer } from '../../src/database/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { type Execution, preflight, type RolloutRun } from '../../src/rollout/index.ts';
import { backUp } from '../backup.io.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { type RolloutFixture, withRolloutFixture } from './fixture.io.ts';
import { following, type KillableServer, withKillableServer } from './killable-server.io.ts';
import { forget, run, standing } from './standing.io.ts';

/** A standby of a server: it follows it, or goes no further than the copy that it is made from. */
async function standbyOf(of: {
  readonly killable: KillableServer;
  readonly folder: string;
  readonly way: 'follow' | 'stay';
}) {
  const primary = of.killable.server();
  const data = join(of.folder, 'data');
  writeFileSync(join(data, 'standby.signal'), '');
  const settings = { fsync: 'off', ...(of.way === 'follow' ? following(of.killable.own) : {}) };
  return await startServer({ binaries: primary.binaries, data, settings });
}

/** Waits until a standby has all that its primary has. */
async function caughtUp(standby: Server, { own }: KillableServer): Promise<void> {
  const lsn = await withSession(own, async (session) => {
    const [row] = await session.query<{ lsn: string }>(sql`select pg_catalog.pg_current_wal_flush_lsn()::text as lsn`);
    return row?.lsn ?? '';
  });
  const isThere = () =>
    withSession(standby.connection('postgres'), async (session) => {
      const [row] = await session.query<{ is: string }>(
        sql`select (pg_catalog.pg_last_wal_replay_lsn() >= ${lsn}::pg_lsn)::text as is`,
      );
      return row?.is;
    });
  await expect.poll(isThere, { timeout: 20_000 }).toBe('true');
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    (result) => new Error(`no error: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof OneRoofError)) throw error;
  return `${error.code} ${error.problems[0].problem} / ${error.problems[0].fix}`;
}

it.each(newest)(
  'a rollout on PostgreSQL %s loses nothing and does nothing twice where a standby takes over, or answers in the place of the primary',
  { timeout: 180_000 },
  (version) =>
    withKillableServer(version, async (killable) => {
      await runSql(killable.connection, ['create database shop']);
      const database = { ...killable.connection, database: 'shop' };
      await withRolloutFixture(
        version,
        async (ground) => {
          const look = <T>(use: (now: RolloutFixture) => Promise<T>): Promise<T> =>
            withSession(database, (session) => use({ ...ground, session }));
          const calm = await ground.submit();
          await run(ground, calm, 'up');
          const top = await look((now) => standing(now, calm));
          await run(ground, calm, 'down');
          const statement = await ground.submit();
          await look(forget);
          const go = (direction: Direction, extra: Partial<RolloutRun> = {}) =>
            run(ground, statement, direction, extra);
          const told = async () => (await look((now) => standing(now, statement))).told;
          const sealed = ground.sealed;
          const ask = (direction: Direction = 'up') =>
            preflight({ sealed, executor: ground.connection, direction, statement });
          /** After a tier is applied, before the next one. */
          const behind =
            (tier: string, then: () => Promise<void>) =>
            async (line: Execution): Promise<void> => {
              if (line.tier === tier && line.phase === 'applied') await then();
            };
          /** From now on COMMIT waits for a standby that there is not, so that its answer can be lost. */
          const miss = () =>
            runSql(killable.own, [
              `alter system set synchronous_standby_names = 'lagging'`,
              'select pg_catalog.pg_reload_conf()',
            ]);
          const mend = () =>
            runSql(killable.own, [
              'alter system reset synchronous_standby_names',
              'select pg_catalog.pg_reload_conf()',
            ]);
          const isReadOnly = async (): Promise<void> => {
            const refusal =
              'ROLLOUT_READ_ONLY the server is read-only: it is a standby / give the executor the address';
            expect(await codeOf(ask())).toContain(refusal);
            expect(await codeOf(go('up'))).toContain(refusal);
          };
          const isHeld = async (direction: Direction): Promise<void> => {
            const said = 'the ratification is for another database';
            const reasons = [{ code: 'gate', facts: { code: 'target', facts: { said } } }];
            expect((await ask(direction)).verdict.reasons).toMatchObject(reasons);
            expect(await go(direction)).toMatchObject({ result: 'held', tiers: [], reasons });
          };

          // between two tiers the address leads to a standby that has all of it
          const folder = await backUp(killable.server());
          const first = await standbyOf({ killable, folder, way: 'follow' });
          const away = go('up', {
            record: behind('1-first', async () => {
              await caughtUp(first, killable);
              await killable.stop();
              killable.lead(first);
            }),
          });
          expect(await codeOf(away)).toMatch(/^CONNECTION_LOST .*run the same command again/);
          await isReadOnly();
          expect(await told()).toEqual(['1 up']);

          // within a tier as well, until the primary is back: what the standby has is not taken for the outcome
          await killable.start();
          let fault: Promise<void> | null = null;
          const lines: Execution[] = [];
          const back = await go('up', {
            through: sealed.release.tiers[1]?.id ?? null,
            record: async (line) => {
              lines.push(line);
              if (lines.length === 1) await miss();
            },
            onProgress: ({ at }) => {
              if (at !== 'commit' || fault !== null) return;
              fault = (async () => {
                await wait(1000);
                await killable.die();
                killable.lead(first);
                await wait(1500);
                await killable.start();
                await mend();
              })();
            },
          }).catch((error: unknown) => error);
          await fault;
          expect(lines.map(({ phase }) => phase)).not.toContain('unknown');
          if (back instanceof OneRoofError) {
            expect(back.code).toBe('CONNECTION_LOST');
            await go('up', { through: sealed.release.tiers[1]?.id ?? null });
          }
          expect(await told()).toEqual(['1 up', '2 up']);

          // a standby that lacks the last tier takes over while its COMMIT waits for that standby
          await caughtUp(first, killable);
          await first.stop();
          fault = null;
          const lost = go('up', {
            lease: 15_000,
            record: async ({ phase }) => {
              if (phase !== 'intent') return;
              await miss();
            },
            onProgress: ({ at }) => {
              if (at !== 'commit' || fault !== null) return;
              fault = (async () => {
                await wait(1000);
                await killable.die();
              })();
            },
          });
          const outcome = codeOf(lost);
          await expect.poll(() => fault, { timeout: 20_000 }).not.toBeNull();
          await fault;
          const lagging = await standbyOf({ killable, folder, way: 'stay' });
          await runSql(lagging.connection('postgres'), ['select pg_catalog.pg_promote(true, 60)']);
          killable.lead(lagging);
          expect(await outcome).toMatch(
            /^ROLLOUT_UNKNOWN the outcome of tier 3-last: .* from 00000001 to 00000002: a standby was promoted \/ .*new primary and on the old one/,
          );
          await isHeld('up');
          expect(await told()).toEqual(['1 up', '2 up']);
          await lagging.stop();

          // the old primary has it, and the same command goes on there, or finds nothing left
          await killable.start();
          await mend();
          expect(await told()).toEqual(['1 up', '2 up', '3 up']);
          expect(await go('up')).toMatchObject({ result: 'nothing-to-do' });
          expect(await look((now) => standing(now, statement))).toEqual(top);

          // on the rollback one that has everything takes over, and the old primary follows it
          const heir = await standbyOf({ killable, folder: await backUp(killable.server()), way: 'follow' });
          const moved = go('down', {
            record: behind('3-last', async () => {
              await caughtUp(heir, killable);
              await killable.stop();
              await runSql(heir.connection('postgres'), ['select pg_catalog.pg_promote(true, 60)']);
              killable.lead(heir);
            }),
          });
          expect(await codeOf(moved)).toMatch(/^CONNECTION_LOST .*run the same command again/);
          await isHeld('down');
          expect(await told()).toEqual(['1 up', '2 up', '3 down', '3 up']);
          await killable.start(heir.connection('postgres'));
          await isReadOnly();
          await heir.stop();
        },
        { database },
      );
    }),
);
