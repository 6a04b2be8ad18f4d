import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitingText } from '../../src/activity/index.ts';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { openLookout } from '../../src/rollout/index.ts';
import { runSql, versions } from '../database.io.ts';
import { type LoopbackServer, startLoopbackServer } from '../gate/loopback.io.ts';
import { outsideCalls } from '../gate/outside-calls.io.ts';
import { indexIn, outsideFiles, type OutsideGround, until, withOutside } from './outside.io.ts';

const files = outsideFiles('create index concurrently big_v on big (v);', 'drop index concurrently if exists big_v;');
const seconds = 120_000;

/** Holds a transaction that has written to the table: a concurrent build waits for it. */
async function withWriter(ground: OutsideGround, use: (writer: Session) => Promise<void>): Promise<void> {
  const writer = await openSession(ground.gated.database, { applicationName: 'slow report' });
  try {
    await writer.query(sql`begin`);
    await writer.query(sql`insert into public.big values (-1, 'held')`);
    await use(writer);
  } finally {
    await writer.close();
  }
}

/** The server process that the gate's statement runs in. */
async function runnerOf({ admin }: OutsideGround): Promise<number> {
  return await until(async () => {
    const [row] = await admin.query<{ pid: number }>(
      sql`select pid from pg_stat_activity where usename = 'oneroof_runner' and query ~* 'concurrently' and state = 'active'`,
    );
    return row?.pid ?? null;
  });
}

describe.each(versions)('an ending of a statement outside of a transaction, on PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());
  const within = (use: (ground: OutsideGround) => Promise<void>): Promise<void> =>
    withOutside({ version, at }, { files }, use);

  it('that someone cut off leaves an invalid index, which the gate drops and builds again', { timeout: seconds }, () =>
    within(async (ground) => {
      await withWriter(ground, async (writer) => {
        const running = ground.run('up');
        const pid = await runnerOf(ground);
        expect(await indexIn(ground)).toBe('invalid');
        await ground.admin.query(sql`select pg_terminate_backend(${pid}::integer)`);
        await writer.query(sql`rollback`);
        expect(await running).toMatchObject({ result: 'done' });
      });
      expect(await indexIn(ground)).toBe('valid');
      const [row] = await ground.admin.query(sql`select phase, tries from gate.outside`);
      expect(row).toEqual({ phase: 'done', tries: '2' });
    }),
  );

  it('whose executor died is taken up by the same command', { timeout: seconds }, () =>
    within(async (ground) => {
      await withWriter(ground, async (writer) => {
        const first = ground.run('up').catch((error: unknown) => error);
        const pid = await runnerOf(ground);
        await ground.admin.query(
          sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'oneroof_executor'`,
        );
        const second = ground.run('up');
        // the statement goes on without the session that sent it
        expect(await runnerOf(ground)).toBe(pid);
        await writer.query(sql`rollback`);
        expect(await second).toMatchObject({ result: expect.stringMatching(/done|nothing-to-do/) });
        await first;
      });
      expect(await indexIn(ground)).toBe('valid');
      const [row] = await ground.admin.query(sql`select phase, tries from gate.outside`);
      expect(row).toEqual({ phase: 'done', tries: '1' });
    }),
  );

  it('that waits too long is taken away, and says so', { timeout: seconds }, () =>
    within(async (ground) => {
      await withWriter(ground, async () => {
        await expect(ground.run('up')).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
      });
      await expect(ground.run('up')).resolves.toMatchObject({ result: 'done' });
      expect(await indexIn(ground)).toBe('valid');
    }),
  );

  it.each([
    ['and since when that is in a transaction', true, /^session \d+, slow report, in a transaction since 2\d{3}-.*Z/],
    ['not its age, which the observer may not see', false, /^session \d+, slow report, age unknown/],
  ])('that waits says whom it waits for, %s', { timeout: seconds }, (_, maySee, expected) =>
    within(async (ground) => {
      const reader = `reader_${ground.gated.database.database}`;
      await runSql(ground.gated.database, [
        `create role ${reader} login`,
        `revoke temporary, create on database ${ground.gated.database.database} from public`,
        ...(maySee ? [`grant pg_read_all_stats to ${reader}`] : []),
      ]);
      const told: string[] = [];
      const monitor = openLookout({
        executor: { ...ground.gated.database, user: 'oneroof_executor' },
        observer: { ...ground.gated.database, user: reader },
        settings: ground.gated.sealed.release.settings,
        onWaiting: (waiting) => told.push(...waiting.map(waitingText)),
        onTrouble: (why) => told.push(why),
      });
      await withWriter(ground, async (writer) => {
        const running = ground.run('up', { onSession: monitor.watch, onProgress: monitor.see });
        await until(async () => told.find((one) => one.includes('slow report')) ?? null);
        await writer.query(sql`rollback`);
        await running;
      });
      await monitor.close();
      expect(told.find((one) => one.includes('slow report'))).toMatch(expected);
      await runSql(ground.gated.database, [`drop owned by ${reader}`, `drop role ${reader}`]);
    }),
  );

  it('that a person stops leaves nothing', { timeout: seconds }, () =>
    within(async (ground) => {
      await withWriter(ground, async (writer) => {
        const stop = new AbortController();
        const running = ground.run('up', { signal: stop.signal });
        await runnerOf(ground);
        stop.abort();
        const ended = expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
        setTimeout(() => void writer.query(sql`rollback`), 1000);
        await ended;
      });
      expect(await indexIn(ground)).toBe('absent');
      expect(await ground.run('up')).toMatchObject({ result: 'done' });
    }),
  );

  it('that is not decided keeps out another ratification of its release', { timeout: seconds }, () =>
    within(async (ground) => {
      const { gated } = ground;
      // its intention is committed, and its process killed before anything was sent
      await gated.as('oneroof_executor', async (session) => void (await outsideCalls(ground, session).begin()));
      const other = await gated.ratify(await gated.ratification({ nonce: 'f'.repeat(32) }), [
        gated.people.ana,
        gated.people.ben,
      ]);
      const refused = { result: 'held', reasons: [{ facts: { code: 'in-progress' } }] };
      expect(await ground.run('up', { statement: other })).toMatchObject(refused);
      await ground.run('down');
      expect(await indexIn(ground)).toBe('absent');
      await expect(ground.run('up', { statement: other })).resolves.toMatchObject({ result: 'done' });
      expect(await indexIn(ground)).toBe('valid');
    }),
  );

  it('never touches an index of that name that is not its own', { timeout: seconds }, () =>
    within(async (ground) => {
      await ground.admin.query(sql`set role app_owner`);
      await ground.admin.query(sql`create index big_v on public.big (id)`);
      expect(await ground.run('up')).toMatchObject({ result: 'held' });
      expect(await indexIn(ground)).toBe('valid');
    }),
  );

  it('under a gate that was closed meanwhile is recorded, and nothing more is sent', { timeout: seconds }, () =>
    within(async (ground) => {
      await withWriter(ground, async (writer) => {
        const running = ground.run('up');
        await runnerOf(ground);
        await runSql(ground.gated.database, [
          "insert into gate.documents (kind, digest, body) select kind, digest || 'x', body from gate.documents where kind = 'policy'",
        ]);
        await writer.query(sql`rollback`);
        // the tier cannot be left any more
        expect(await running).toMatchObject({ result: 'held', reasons: [{ facts: { code: 'policy' } }] });
      });
      expect(await indexIn(ground)).toBe('valid');
      const [row] = await ground.admin.query(
        sql`select (select count(*)::text from gate.steps) as steps, (select count(*)::text from gate.markers) as markers`,
      );
      expect(row).toEqual({ steps: '1', markers: '0' });
    }),
  );
});
