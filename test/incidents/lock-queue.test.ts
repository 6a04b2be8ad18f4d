import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Connection, openSession, type Session, sql } from '../../src/database/index.ts';
import { cli } from '../cli/run.io.ts';
import { withSession } from '../database.io.ts';
import { expectSaid, ratified, withStory } from './story.io.ts';

const production = {
  application: [
    'create table accounts (id integer primary key, name text)',
    "insert into accounts values (1, 'a'), (2, 'b')",
  ],
};
const time = { timeout: 300_000 };
const told = {
  up: 'alter table accounts add column region text;\n',
  down: 'alter table accounts drop column region;\n',
  touches: 'public.accounts',
  more: 'settings: { lockTimeout: 200ms }',
};

/** A report that reads for hours, and holds the lock of reading meanwhile. */
async function withReport(database: Connection, use: (pid: number) => Promise<void>): Promise<void> {
  const report: Session = await openSession(database, { applicationName: 'nightly report' });
  try {
    await report.query(sql`begin`);
    await report.query(sql`select * from public.accounts`);
    await use(report.pid);
    await report.query(sql`rollback`);
  } finally {
    await report.close();
  }
}

/** Reads as the application does, which gives up after a second. */
const read = (database: Connection): Promise<unknown> =>
  withSession(database, async (session) => {
    await session.run("set lock_timeout = '1s'");
    return await session.query(sql`select * from public.accounts`);
  });

describe('a lock queue behind a long reader', () => {
  it('stops every reader where the statement is run by hand', time, () =>
    withStory(production, async ({ plain }) => {
      await plain([], (copy) =>
        withReport(copy, async () => {
          const writer = await openSession(copy, { applicationName: 'psql' });
          await writer.run("set lock_timeout = '4s'");
          const changing = writer
            .run('alter table public.accounts add column region text')
            .catch((error: unknown) => error);
          await new Promise((resolve) => setTimeout(resolve, 500));
          await expect(read(copy)).rejects.toMatchObject({ code: '55P03' });
          await changing;
          await writer.close();
        }),
      );
    }),
  );

  it('is named before the rollout, with its session and its lock, and the rollout lets readers pass', time, () =>
    withStory(production, async (story) => {
      const { rehearse, run, database, folder } = story;
      expectSaid(
        rehearse(told),
        0,
        'ACCESS EXCLUSIVE on public.accounts in 1-change; meanwhile reads and writes of others wait',
      );
      await ratified(story);
      await withReport(database, async (pid) => {
        const named = `would wait: session ${pid} (nightly report) holds AccessShareLock on public.accounts`;
        expectSaid(run('rollout', 'release', '--dry-run'), 0, named);
        const rollout = promisify(execFile)(process.execPath, [cli, 'rollout', 'release'], { cwd: folder }).then(
          (): never => expect.fail('it was rolled out'),
          (error: unknown) => error as { readonly code: number; readonly stderr: string },
        );
        for (let n = 0; n < 10; n += 1) {
          await read(database);
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
        const { code, stderr } = await rollout;
        expect(code, stderr).toBe(4);
        expect(stderr).toContain(named);
        expect(stderr).toContain(`waits for session ${pid}, nightly report: holds AccessShareLock on public.accounts`);
        expect(stderr).toMatch(/tier 1-change was not applied: .*\[ROLLOUT_BUSY\]/);
      });
    }),
  );
});
