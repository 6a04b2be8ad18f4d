import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Server, sql, startServer, startTemporaryServer } from '../../src/database/index.ts';
import { describeGate } from '../../src/gate/index.ts';
import { preflight } from '../../src/rollout/index.ts';
import { backUp } from '../backup.io.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { type Gated, runTier, withGate } from './cycle.io.ts';
import { binariesOf, type Version } from '../binaries.io.ts';

/** Starts a copy in recovery, over the primary's WAL files, hands it over and takes it away. */
async function withRecovery<T>(
  of: { readonly server: Server; readonly gated: Gated; readonly signal: 'standby.signal' | 'recovery.signal' },
  use: (copy: Server) => Promise<T>,
): Promise<T> {
  const { server, gated, signal } = of;
  const folder = await backUp(server);
  // so that the first checkpoint after a promotion takes a while: it writes the control file at its end
  await runSql(gated.database, ['update public.much set t = t', 'select pg_switch_wal()']);
  const data = join(folder, 'data');
  writeFileSync(join(data, signal), '');
  execFileSync('chown', ['--reference', server.data, join(data, signal)]);
  const settings = {
    fsync: 'off',
    restore_command: `cp ${server.data}/pg_wal/%f %p`,
    ...(signal === 'recovery.signal' ? { recovery_target: 'immediate', recovery_target_action: 'promote' } : {}),
  };
  const copy = await startServer({ binaries: server.binaries, data, deleteAfter: folder, settings });
  try {
    return await use(copy);
  } finally {
    await copy.stop();
  }
}

/** A gate on a server of its own, with an open ratification, and much to write at the first checkpoint of a copy. */
async function withPrimary(
  version: Version,
  change: (text: string) => string,
  use: (of: { gated: Gated; server: Server; statement: string }) => Promise<void>,
): Promise<void> {
  const server = await startTemporaryServer({
    binaries: binariesOf(version),
    settings: { wal_level: 'replica', checkpoint_timeout: '1h' },
  });
  try {
    const owned = { server: server.connection('postgres'), installer: null };
    const application = ['create table much as select repeat(i::text, 100) as t from generate_series(1, 50000) i'];
    await withGate(version, { owned, change, application }, async (gated) => {
      const { ana, ben } = gated.people;
      const statement = await gated.ratify(await gated.ratification(), [ana, ben]);
      await use({ gated, server, statement });
    });
  } finally {
    await server.stop();
  }
}

/** What the executor is told there. */
const attemptOn = (copy: Server, gated: Gated, statement: string): Promise<unknown> =>
  withSession({ ...copy.connection(gated.database.database), user: 'oneroof_executor' }, (session) =>
    session.query(sql`select gate.begin_attempt(${statement}, 'up')`),
  );
const timelines = (copy: Server): Promise<object | undefined> =>
  withSession(copy.connection('postgres'), async (session) => {
    const [found] = await session.query(sql`select (select timeline_id from pg_control_checkpoint())::text as control,
      substr(pg_walfile_name(pg_current_wal_insert_lsn()), 8, 1) as wal, pg_is_in_recovery()::text as recovery`);
    return found;
  });
const unchanged = (text: string): string => text;
/** The gate as it would be if it believed the control file. */
const believing = (text: string): string => {
  const from = /case when not pg_is_in_recovery\(\) then .*?::bigint end/;
  expect(text).toMatch(from);
  return text.replace(from, '(select timeline_id from pg_control_checkpoint())');
};

it.each(newest)(
  'a standby of PostgreSQL %s opens for no one, also after it is promoted',
  { timeout: 120_000 },
  (version) =>
    withPrimary(version, unchanged, async ({ gated, server, statement }) => {
      await withRecovery({ server, gated, signal: 'standby.signal' }, async (copy) => {
        await expect(attemptOn(copy, gated, statement)).rejects.toThrow('gate: target');
        const address = copy.connection(gated.database.database);
        await expect(withSession({ ...address, user: 'oneroof_observer' }, describeGate)).rejects.toMatchObject({
          code: 'ROLLOUT_READ_ONLY',
        });
        const look = {
          sealed: gated.sealed,
          executor: { ...address, user: 'oneroof_executor' },
          direction: 'up',
        } as const;
        await expect(preflight({ ...look, statement: null })).rejects.toMatchObject({ code: 'ROLLOUT_READ_ONLY' });
        await runSql(copy.connection('postgres'), ['select pg_promote(true, 60)']);
        expect(await timelines(copy)).toEqual({ control: '1', wal: '2', recovery: 'false' });
        await expect(attemptOn(copy, gated, statement)).rejects.toThrow('gate: target');
        await runSql(copy.connection('postgres'), ['checkpoint']);
        await expect(attemptOn(copy, gated, statement)).rejects.toThrow('gate: target');
      });
      // the primary is what was ratified
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
      );
    }),
);

it.each(newest)(
  'would open right after a promotion on %s, if the gate believed the control file',
  { timeout: 120_000 },
  (version) =>
    withPrimary(version, believing, async ({ gated, server, statement }) => {
      await withRecovery({ server, gated, signal: 'standby.signal' }, async (copy) => {
        await runSql(copy.connection('postgres'), ['select pg_promote(true, 60)']);
        await attemptOn(copy, gated, statement);
        expect(await timelines(copy)).toEqual({ control: '1', wal: '2', recovery: 'false' });
      });
    }),
);

it.each(newest)('a restore of PostgreSQL %s does not run a used ratification again', { timeout: 120_000 }, (version) =>
  withPrimary(version, unchanged, async ({ gated, server, statement }) => {
    await withRecovery({ server, gated, signal: 'recovery.signal' }, async (copy) => {
      await gated.as('oneroof_executor', (session) =>
        runTier(session, { gated, statement, direction: 'up', tier: '1-rows' }),
      );
      await expect
        .poll(() => timelines(copy).catch(() => null), { timeout: 20_000 })
        .toMatchObject({ wal: '2', recovery: 'false' });
      await expect(attemptOn(copy, gated, statement)).rejects.toThrow('gate: target');
    });
  }),
);
