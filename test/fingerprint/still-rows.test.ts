import { describe, expect, it } from 'vitest';
import { openSession } from '../../src/database/index.ts';
import { captureRows, captureStillRows, stillSettings } from '../../src/fingerprint/index.ts';
import { runSql, versions, withDatabase } from '../database.io.ts';

const seeds = ['7', '-9000000000000000000'] as const;

/** Steps after each of which the rows are read: what changes values, tables, or what is known of them. */
const steps: readonly string[] = [
  `create type mood as enum ('good', 'bad')`,
  'create table a (id serial primary key, m mood, t text)',
  `insert into a (m, t) select 'good', repeat('x', 5000) from generate_series(1, 60)`,
  'create table b (id int) partition by list (id)',
  'create table b1 partition of b for values in (1)',
  'insert into b values (1)',
  'create materialized view v as select count(*) as n from a',
  'create materialized view empty as select 1 as n with no data',
  'create table doubtful (p pg_snapshot, x xml, f float8)',
  `insert into doubtful values (pg_current_snapshot(), '<a/>', '-0')`,
  'alter table a add column later text default md5(random()::text)',
  `alter type mood rename value 'bad' to 'worse'`,
  `update a set m = 'worse' where id = 7`,
  'alter table a drop column t',
  'alter table a alter column id type bigint',
  'delete from a where id = 9',
  'truncate b',
  'select lo_from_bytea(4711, repeat(chr(7), 5000)::bytea)',
  'select nextval(pg_get_serial_sequence($$a$$, $$id$$))',
  'alter table b1 rename to b2',
  'drop table doubtful',
];

describe.each(versions)('the rows of a database to which no one else writes, on PostgreSQL %s', (version) => {
  it('are those of the reading that locks, after every step, by one session whose plans are kept', () =>
    withDatabase(version, async (connection) => {
      const session = await openSession(connection, {
        applicationName: 'test',
        settings: stillSettings,
        plans: 'kept',
      });
      try {
        const digests = new Set<string>();
        for (const step of steps) {
          await runSql(connection, [step]);
          const still = await captureStillRows(session, seeds);
          expect(still, step).toEqual(await captureRows(connection, { seeds, workers: 1 }));
          digests.add(JSON.stringify([still.relations, still.sequences, still.notProven]));
        }
        // only the type, its label and the view without rows say nothing of rows
        expect(digests.size).toBeGreaterThanOrEqual(steps.length - 4);
      } finally {
        await session.close();
      }
    }));
});
