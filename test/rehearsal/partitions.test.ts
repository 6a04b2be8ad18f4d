import { describe, expect, it } from 'vitest';
import { newest, versions } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { withPlace } from './place.io.ts';

/** A table with an index and a trigger, partitioned in some way; `bound`: of the partition that is there. */
const table = (name: string, key: string, ...bounds: readonly string[]): readonly string[] => [
  `create table app.${name} (i integer, b bigint, day date, at timestamptz, word text, flag boolean, hue app.hue, n numeric) partition by ${key}`,
  ...bounds.map((bound, at) => `create table app.${name}_${at} partition of app.${name} ${bound}`),
  `create index on app.${name} (n)`,
];

const application = [
  'reset role',
  'create schema app authorization app_owner',
  'set role app_owner',
  "create type app.hue as enum ('red', 'blue', 'green')",
  ...table('days', 'range (day)', "for values from ('2026-11-01') to ('2026-12-01')", 'default'),
  ...table('times', 'range (at)', "for values from ('2026-11-01') to ('2026-11-08')"),
  ...table('numbers', 'range (b)', 'for values from (minvalue) to (-5)', 'for values from (-5) to (1000)'),
  ...table('empty', 'range (i)'),
  ...table('words', 'list (word)', "for values in ('1', 'it''s', null)"),
  ...table('hues', 'list (hue)', "for values in ('red')"),
  ...table('flags', 'list (flag)'),
  ...table('hashes', 'hash (i)', 'for values with (modulus 1, remainder 0)'),
  ...table('halves', 'range ((i / 2))', 'for values from (1) to (2)'),
  ...table('pairs', 'range (i, b)', 'for values from (1, 1) to (2, 2)'),
  ...table('ends', 'range (i)', 'for values from (1) to (maxvalue)'),
  ...table('full', 'range (i)', 'for values from (1) to (2)', 'default'),
  'insert into app.full (i) values (2)',
  ...table('both', 'list (flag)', 'for values in (true, false)'),
  'create table app.plain (i integer)',
  ...table('exact', 'range (n)', 'for values from (1) to (2)'),
];

const proven = ['days', 'times', 'numbers', 'empty', 'words', 'hues', 'flags'];
const unproven = ['hashes', 'halves', 'pairs', 'ends', 'full', 'both', 'exact'];

/** Rehearses a release over some of the tables; answers what is wrong with it, and its stages. */
async function rehearsed(
  version: (typeof versions)[number],
  of: { readonly tables: readonly string[]; readonly up?: string; readonly down?: string },
) {
  const { tables } = of;
  const files = {
    'release.yaml': `format: 1
name: small
title: Small
database: shop
touches: [${tables.map((name) => `app.${name}, app.${name}_0, app.${name}_1`).join(', ')}]
expects: { partitionsOf: [${tables.map((name) => `app.${name}`).join(', ')}] }
tiers:
  - { id: 1-column, title: Column }
`,
    'tiers/1-column/up.sql': of.up ?? tables.map((name) => `alter table app.${name} add column more text;\n`).join(''),
    'tiers/1-column/down.sql': of.down ?? tables.map((name) => `alter table app.${name} drop column more;\n`).join(''),
  };
  const found = { status: -1 as number | null, problems: [] as readonly string[], stages: [] as readonly string[] };
  await withGate(version, { files, application }, (gated) =>
    withPlace(gated, async (run) => {
      const { status, stdout } = run('rehearse', 'release', '--golden', '--json');
      const { rehearsal } = JSON.parse(stdout) as {
        readonly rehearsal: {
          readonly problems: readonly {
            readonly code: string;
            readonly problem: string;
            readonly place?: { readonly file: string };
          }[];
          readonly stages: readonly { readonly stage: string; readonly outcome: string }[];
        };
      };
      found.status = status;
      found.problems = rehearsal.problems.map(({ code, problem, place }) => `${code} ${place?.file ?? ''} ${problem}`);
      found.stages = rehearsal.stages.map(({ stage, outcome }) => `${stage} ${outcome}`);
    }),
  );
  return found;
}

describe.each(versions)('new partitions in rehearsal, on PostgreSQL %s', (version) => {
  it('are added to each table before the forward and before the rollback', { timeout: 120_000 }, async () => {
    const { status, problems, stages } = await rehearsed(version, {
      tables: proven,
    });
    expect(problems).toEqual([]);
    expect(stages).toContain('partitions passed');
    expect(status).toBe(0);
  });
});

describe.each(newest)('what a rehearsal with new partitions finds, on PostgreSQL %s', (version) => {
  it('says where none can be added, and why', { timeout: 120_000 }, async () => {
    const { status, problems } = await rehearsed(version, { tables: unproven });
    expect(status).toBe(1);
    expect(problems).toEqual(
      [
        'app.hashes is partitioned by hash, where a new partition requires splitting others',
        'the partition key of app.halves is an expression, so no next bound can be calculated',
        'the partition key of app.pairs is of several columns, so no next bound can be calculated',
        'a partition of app.ends has the upper bound MAXVALUE, so no partition can follow it',
        'before the forward run, PostgreSQL refuses a new partition of app.full: updated partition constraint for default partition "full_1" would be violated by some row',
        'every value of boolean has a partition of app.both already',
        'app.exact is partitioned by ranges of numeric, so no next bound can be calculated',
      ].map((text) => `EXPECTS_UNPROVEN release.yaml ${text}`),
    );
    // the forward might have made it one
    const plain = await rehearsed(version, { tables: ['plain'] });
    expect(plain.problems).toEqual(['EXPECTS_UNPROVEN release.yaml app.plain is not a partitioned table']);
  });

  it('says where a new partition does not get what the forward gives to the others', { timeout: 120_000 }, async () => {
    const { problems } = await rehearsed(version, {
      tables: ['days'],
      up: "alter table only app.days alter column word set default 'x';\n",
      down: 'alter table only app.days alter column word drop default;\n',
    });
    expect(problems).toEqual([
      'EXPECTS_DIFFERS release.yaml before the rollback, the new partition app.days_oneroof_3 does not follow its parent: the gate would refuse it as a new object',
    ]);
  });

  it('says where the forward fails beside a new partition', { timeout: 120_000 }, async () => {
    const { problems } = await rehearsed(version, {
      tables: ['empty'],
      up: 'create table app.empty_1 partition of app.empty for values from (0) to (9);\n',
      down: 'drop table app.empty_1;\n',
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^SQL_FAILED tiers\/1-column\/up.sql with a new partition: partition "empty_1" would overlap/,
      ),
    ]);
  });

  it('says where the rollback does more, or less, beside a new partition', { timeout: 120_000 }, async () => {
    const where = (text: string): string =>
      `do $$ begin if to_regclass('app.numbers_oneroof_3') is not null then ${text}; end if; end $$;\n`;
    const dropped = await rehearsed(version, {
      tables: ['numbers'],
      down: `alter table app.numbers drop column more;\n${where('drop table app.numbers_oneroof_3')}`,
    });
    expect(dropped.problems).toEqual([
      'EXPECTS_DIFFERS release.yaml after the rollback, the new partition app.numbers_oneroof_3 does not exist any more',
    ]);
    const more = await rehearsed(version, {
      tables: ['numbers'],
      down: `alter table app.numbers drop column more;\n${where('create table app.more (i integer)')}`,
    });
    expect(more.problems).toContain(
      'EXPECTS_DIFFERS release.yaml with new partitions the rollback does not restore the previous state: table app.more',
    );
  });
});
