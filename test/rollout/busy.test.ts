import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Connection, sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { withCommand } from './command.io.ts';

const pgbench = '/usr/lib/postgresql/15/bin/pgbench';

/** Milliseconds. */
const lockTimeout = 200;
/** How long a reader holds its lock. Milliseconds. */
const held = 5000;

const files: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: busy
title: Busy
database: shop
touches: [public.accounts]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
settings: { lockTimeout: ${lockTimeout}ms }
tiers:
  - { id: 1-note, title: Note }
`,
  'tiers/1-note/up.sql': 'alter table public.accounts add column note text;\n',
  'tiers/1-note/down.sql': 'alter table public.accounts drop column if exists note;\n',
};

const more = [
  'create table public.accounts (id integer primary key, n integer not null default 0)',
  'insert into public.accounts (id) select generate_series(1, 100)',
];

/** Transactions of an application, and when each of them ended, in milliseconds. */
interface Load {
  end(): Promise<readonly number[]>;
}

/** Short transactions on the table, by pgbench, in a process of its own. */
function loadOn({ host, database, user }: Connection): Load {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-load-'));
  writeFileSync(
    join(folder, 'script.sql'),
    '\\set id random(1, 100)\nupdate public.accounts set n = n + 1 where id = :id;\n',
  );
  const words = ['-n', '-c', '4', '-T', '120', '-f', 'script.sql', '-l', '--log-prefix=load', '-h', host, '-U', user];
  const child: ChildProcess = spawn(pgbench, [...words, database], { cwd: folder, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  return {
    end: async () => {
      child.kill('SIGINT');
      await ended;
      const lines = readdirSync(folder)
        .filter((name) => name.startsWith('load'))
        .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
        .map((line) => line.split(' '))
        .filter((words) => words.length >= 6);
      rmSync(folder, { recursive: true });
      // the last two are when the transaction ended: seconds and microseconds
      return lines.map((words) => Number(words[4]) * 1000 + Number(words[5]) / 1000).toSorted((a, b) => a - b);
    },
  };
}

/** The longest time in which no transaction ended. */
const longestGap = (ends: readonly number[], from: number, to: number): number => {
  // a quiet machine ends hundreds of thousands of them, which no call takes as arguments
  let [longest, last] = [0, from];
  for (const end of [...ends.filter((one) => one > from && one < to), to]) {
    longest = Math.max(longest, end - last);
    last = end;
  }
  return longest;
};

/** A reader that holds ACCESS SHARE so long, by a name of its own. */
async function read(database: Connection, ms: number): Promise<void> {
  await withSession(database, async (session) => {
    await session.query(sql`select pg_catalog.set_config('application_name', 'a report', false)`);
    await session.run('begin');
    await session.run('select from public.accounts limit 1');
    await wait(ms);
    await session.run('commit');
  });
}

/** Measures the load while a piece of work meets a reader: the longest gap before it, and with it. */
async function measured<T>(
  database: Connection,
  work: () => Promise<T>,
): Promise<{ readonly before: number; readonly gap: number; readonly result: T }> {
  const load = loadOn(database);
  try {
    await wait(1000);
    const quiet = Date.now();
    await wait(3000);
    // two, one after the other: on a slow machine a command begins late
    const readers = read(database, held).then(() => read(database, held));
    await wait(300);
    const began = Date.now();
    const result = await work();
    await readers;
    const ended = Date.now() + 300;
    await wait(500);
    const ends = await load.end();
    return { before: longestGap(ends, quiet, began), gap: longestGap(ends, began, ended), result };
  } catch (error) {
    await load.end();
    throw error;
  }
}

describe.skipIf(!existsSync(pgbench)).each(versions)('a rollout on a busy PostgreSQL %s', (version) => {
  it(
    'stalls the application no longer than its lock timeout, behind readers that hold their locks for 5 s, and names them',
    { timeout: 240_000 },
    () =>
      withCommand(
        version,
        async (command) => {
          await command.ratify();
          const { database } = command;
          const rollout = await measured(database, () => command.run(['rollout', 'release']));
          expect(rollout.result, rollout.result.stderr).toMatchObject({ status: 0 });
          // what the machine alone delays is in the gap before it
          const bound = lockTimeout + 100 + rollout.before;
          expect(rollout.result.stderr).toMatch(/waiting to try the tier again/);
          expect(rollout.result.stderr).toMatch(
            /(?:would wait: session \d+ \(a report\)|waits for session \d+, a report:) holds AccessShareLock on public\.accounts/,
          );
          await runSql(database, ['alter table public.accounts drop column note']);
          // the same statement without a lock timeout stalls it for as long as the reader reads
          const bare = await measured(database, () =>
            runSql(database, ['alter table public.accounts add column note text']),
          );
          console.info(
            `PostgreSQL ${version}: longest gap ${Math.round(rollout.gap)} ms (before ${Math.round(rollout.before)} ms); without a lock timeout ${Math.round(bare.gap)} ms`,
          );
          expect(rollout.gap).toBeLessThanOrEqual(bound);
          expect(bare.gap).toBeGreaterThan(Math.max(bound, held * 0.7));
        },
        { files, more },
      ),
  );

  it(
    'ends with an error of its own when a reader does not go, and names the reader; nothing is half done',
    { timeout: 120_000 },
    () =>
      withCommand(
        version,
        async (command) => {
          await command.ratify();
          await withSession(command.database, async (reader) => {
            await reader.query(sql`select pg_catalog.set_config('application_name', 'a report', false)`);
            await reader.run('begin');
            await reader.run('select from public.accounts limit 1');
            const began = performance.now();
            const { status, stderr } = await command.run(['rollout', 'release']);
            expect(status, stderr).toBe(4);
            expect(performance.now() - began).toBeLessThan(60_000);
            expect(stderr).toMatch(/tried 10 times in \d+/);
            expect(stderr).toContain('ROLLOUT_BUSY');
            expect(stderr).toContain(
              `waits for session ${reader.pid}, a report: holds AccessShareLock on public.accounts`,
            );
            await reader.run('commit');
          });
          expect((await command.run(['rollout', 'release'])).status).toBe(0);
        },
        { files, more },
      ),
  );
});
