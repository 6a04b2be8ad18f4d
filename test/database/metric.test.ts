import { describe, expect, test } from 'vitest';
import { type Milliseconds } from '../../src/core/index.ts';
import {
  type Connection,
  measureMetric,
  observerStatements,
  openObserver,
  openSession,
  problemOf,
  readerOf,
} from '../../src/database/index.ts';
import { runSql, serverConnection, newest, withDatabase, withSession } from '../database.io.ts';
import { type Version } from '../binaries.io.ts';
import { shared } from '../shared.ts';

const place = { file: 'metrics/m.sql', line: 3, column: 5 };
const metric = (sql: string) => ({ name: 'm', sql, place });

/** A database, and in it a role that observes. */
async function withObserver(version: Version, use: (given: Given) => Promise<void>): Promise<void> {
  await withDatabase(version, async (admin) => {
    const role = `m_${admin.database}`;
    await runSql(admin, observerStatements(role, ['public']));
    try {
      await use({ admin, as: { ...admin, user: role } });
    } finally {
      await runSql(admin, [`drop owned by ${role}`, `drop role ${role}`]);
    }
  });
}

interface Given {
  readonly admin: Connection;
  readonly as: Connection;
}

describe.each(newest)('a metric on PostgreSQL %s', (version) => {
  const given = shared<Given>((use) => withObserver(version, use));

  test.each([
    ['select 7', 7],
    ['select 1.50::numeric', 1.5],
    ['select -3::bigint;', -3],
    ['select 1e300::float8 / 4e299', 2.5],
  ])('%s is %d', async (text, value) => {
    await withSession(serverConnection(version), async (session) => {
      expect(await measureMetric(readerOf(session), metric(text))).toBe(value);
    });
  });

  test.each([
    ['select 1 where false', 'METRIC_NO_ROW'],
    ['select generate_series(1, 100000)', 'METRIC_MANY_ROWS'],
    ['select null::int', 'METRIC_NULL'],
    ["select 'many'", 'METRIC_NOT_A_NUMBER'],
    ["select 'NaN'::float8", 'METRIC_NOT_A_NUMBER'],
    ['select true', 'METRIC_NOT_A_NUMBER'],
    ['select 1, 2', 'METRIC_NOT_A_NUMBER'],
    ['select 12345678901234567890', 'METRIC_NOT_A_NUMBER'],
    ['select 1 / 0', 'METRIC_FAILED'],
    ['select 1; select 2', 'METRIC_FAILED'],
    ['select pg_sleep(60)', 'QUERY_TIMEOUT'],
  ])('%s is refused with %s, by a session and by an observer alike', async (text, code) => {
    // long enough for a busy machine to open the session, and short enough to wait for the end of a query that sleeps
    const wait = code === 'QUERY_TIMEOUT' ? 1000 : 5000;
    const { admin, as } = given();
    const session = await openSession(admin, {
      applicationName: 'test',
      settings: { statement_timeout: String(wait) },
    });
    await expect(measureMetric(readerOf(session), metric(text))).rejects.toMatchObject({ code });
    expect(await measureMetric(readerOf(session), metric('select 1'))).toBe(1);
    await session.close();
    const observer = await openObserver(as, { applicationName: 'test', statementTimeout: wait as Milliseconds });
    await observer.snapshot(async (reading) => {
      await expect(measureMetric(readerOf(reading), metric(text))).rejects.toMatchObject({ code });
    });
    await observer.close();
  });

  test('that fails points into the query of its author, the same by a session and by an observer', async () => {
    const { admin, as } = given();
    const text = "select count(*) -- é😀\n  from missing where 'é' = ''";
    const expected = {
      code: 'METRIC_FAILED',
      problems: [
        {
          code: 'METRIC_FAILED',
          place: { file: 'metrics/m.sql', line: 4, column: 8 },
          excerpt: "  from missing where 'é' = ''",
        },
      ],
    };
    const observer = await openObserver(as, { applicationName: 'test' });
    await observer.snapshot((reading) =>
      expect(measureMetric(readerOf(reading), metric(text))).rejects.toMatchObject(expected),
    );
    await observer.close();
    await withSession(admin, (session) =>
      expect(measureMetric(readerOf(session), metric(text))).rejects.toMatchObject(expected),
    );
  });

  test('problemOf names a lock that was waited for too long LOCK_TIMEOUT', async () => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, ['create table public.t (a int)']);
      await withSession(connection, async (holder) => {
        await holder.run('begin');
        await holder.run('lock table public.t');
        await withSession(connection, async (waiter) => {
          await waiter.run("set lock_timeout = '50ms'");
          const error: unknown = await waiter.run('drop table public.t').catch((reason: unknown) => reason);
          expect(problemOf(error, { sql: 'drop table public.t', place }).code).toBe('LOCK_TIMEOUT');
        });
      });
    });
  });

  test('problemOf names a session that was ended CONNECTION_LOST', async () => {
    await withSession(serverConnection(version), async (admin) => {
      const victim = await openSession(serverConnection(version), { applicationName: 'test' });
      const running = victim.run('select pg_sleep(60)').catch((reason: unknown) => reason);
      await admin.run(`select pg_terminate_backend(${victim.pid}, 5000)`);
      expect(problemOf(await running, { sql: '', place }).code).toBe('CONNECTION_LOST');
      await victim.close();
    });
  });
});

test('problemOf shows hostile text harmlessly, keeps the hint, and aligns the caret of a first line', () => {
  const problem = problemOf(
    {
      code: '42703',
      message: 'column "\u001b[2J\u202e" does not exist\nerror: fine',
      hint: 'Perhaps "b".',
      position: '8',
    },
    { sql: 'select a', place },
  );
  expect(problem).toMatchObject({ code: 'SQL_FAILED', place: { line: 3, column: 12 }, excerpt: '    select a' });
  expect(problem.problem).toBe('column "\\u{1b}[2J\\u{202e}" does not exist\\nerror: fine [SQLSTATE 42703]');
  expect(problem.fix).toContain('Perhaps "b".');
  expect(problemOf({ code: '53100', message: 'x' }, { sql: '', place }).code).toBe('DISK_FULL');
});
