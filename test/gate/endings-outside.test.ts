import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { readTierRows } from '../../src/gate/index.ts';
import { describeRows } from '../../src/signing/ending.ts';
import { runSql, versions } from '../database.io.ts';
import { indexIn, outsideFiles, type OutsideGround, withOutside } from '../rollout/outside.io.ts';
import { abandon, abandonmentOf, end } from './abandoning.io.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback.io.ts';
import { outsideCalls } from './outside-calls.io.ts';
import { sign } from './purpose.io.ts';

const files = outsideFiles('create index concurrently big_v on big (v);', 'drop index concurrently if exists big_v;');
const timeout = 120_000;

describe.each(versions)('a release with a statement outside of a transaction, on PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  /** With a session of the executor, and of someone who writes to the table meanwhile. */
  const within = (use: (ground: OutsideGround, executor: Session, writer: Session) => Promise<void>): Promise<void> =>
    withOutside({ version, at }, { files }, async (ground) => {
      const writer = await openSession(
        { ...ground.gated.database, user: 'app_owner' },
        { applicationName: 'slow report' },
      );
      try {
        await ground.gated.as('oneroof_executor', (executor) => use(ground, executor, writer));
      } finally {
        await writer.close();
      }
    });
  const hold = async (writer: Session): Promise<void> => {
    await writer.query(sql`begin`);
    await writer.query(sql`insert into public.big values (-1, 'held')`);
  };
  const rowsOf = ({ gated }: OutsideGround) =>
    gated.as('oneroof_relay', (session) => readTierRows(session, gated.sealed.seal));
  const hasPassword = async ({ admin }: OutsideGround): Promise<boolean> =>
    (await admin.query(sql`select from pg_authid where rolname = 'oneroof_runner' and rolpassword is not null`))
      .length === 1;

  it('is not abandoned while it runs, and as it is once it has ended', { timeout }, () =>
    within(async (ground, executor, writer) => {
      const calls = outsideCalls(ground, executor);
      await hold(writer);
      const epoch = await calls.begin();
      expect(await calls.send(epoch)).toBeNull();
      const body = await abandonmentOf(ground.gated);
      await sign(ground.gated, body, [ground.gated.people.ana, ground.gated.people.ben]);
      const [{ pid } = { pid: '' }] = await ground.admin.query<{ pid: string }>(sql`select pid from gate.outside`);
      await expect(end(ground.gated, 'abandon', body)).rejects.toThrow(
        `a statement still runs outside of a transaction: wait for it, or end its process ${pid}`,
      );
      await ground.admin.query(sql`select pg_terminate_backend(${pid}::integer, 5000)`);
      // the advice was followed, and the same signatures count
      await end(ground.gated, 'abandon', body);
      expect(await indexIn(ground)).toBe('invalid');
      expect(await rowsOf(ground)).toMatchObject([{ direction: 'up', steps: 0, undecided: 1, done: false }]);
      expect(describeRows(await rowsOf(ground))[0]).toMatch(
        /HALF WAY.*step 1 was sent, and what it did is not decided/,
      );
      // no one goes on with it: not with what was sent, nor with what it left
      await expect(calls.decide(epoch)).rejects.toThrow('a newer attempt has begun');
      const [{ now } = { now: '' }] = await ground.admin.query<{ now: string }>(
        sql`select epoch::text as now from gate.fence`,
      );
      await expect(calls.decide(now)).rejects.toThrow('nothing is to be decided');
      await expect(calls.clear(now)).rejects.toThrow('there is nothing to clear');
      for (const direction of ['up', 'down'] as const) expect((await ground.run(direction)).result).not.toBe('done');
      expect(await indexIn(ground)).toBe('invalid');
      expect(await rowsOf(ground)).toMatchObject([{ steps: 0, undecided: 1 }]);
    }),
  );

  it('is abandoned only as people saw it: what was sent since they looked is not in their list', { timeout }, () =>
    within(async (ground, executor) => {
      const body = await abandonmentOf(ground.gated);
      await sign(ground.gated, body, [ground.gated.people.ana, ground.gated.people.ben]);
      const calls = outsideCalls(ground, executor);
      const epoch = await calls.begin();
      expect(await calls.send(epoch)).toBeNull();
      await calls.wait(epoch);
      await expect(end(ground.gated, 'abandon', body)).rejects.toThrow('the state of the release has changed');
      expect(await calls.decide(epoch)).toBe('done');
      expect(await rowsOf(ground)).toEqual([expect.not.objectContaining({ undecided: 1 })]);
    }),
  );

  it('leaves no password of the runner when it is abandoned before its text was sent', { timeout }, () =>
    within(async (ground, executor) => {
      const epoch = await outsideCalls(ground, executor).begin();
      expect(await hasPassword(ground)).toBe(true);
      await abandon(ground.gated);
      expect(await hasPassword(ground)).toBe(false);
      await expect(outsideCalls(ground, executor).send(epoch)).rejects.toThrow('a newer attempt has begun');
      expect(await indexIn(ground)).toBe('absent');
    }),
  );
});
