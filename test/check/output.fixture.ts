import { type CheckResult } from '../../src/check/check-result.ts';

/** What an author can write into a name or a message, to be taken for something else. */
export const hostile =
  ']]>\n::error::forged\u001B[31m | <script>alert(1)</script> @everyone [a](http://x.example) `b` {0} %0A \uFFFE\uD800 "q" \'s\' -->';

type Migration = CheckResult['migrations'][number];

/** A clean migration, with what is given. */
export function migrationWith(parts: Partial<Migration>): Migration {
  return {
    id: '1',
    name: '1_first.up.sql',
    up: { file: 'migrations/1_first.up.sql', line: 1 },
    down: { file: 'migrations/1_first.down.sql', line: 1 },
    verdict: 'clean',
    faults: [],
    hazards: [],
    locks: [],
    onRows: true,
    milliseconds: { total: 120, sql: 10 },
    ...parts,
  };
}

/** A fault with what is given. */
export function faultWith(parts: Partial<Migration['faults'][number]>): Migration['faults'][number] {
  return {
    code: 'schema-not-restored',
    level: 'error',
    spot: { file: 'migrations/1_first.down.sql', line: 3 },
    cause: 'index public.a_key is missing after the down',
    facts: {},
    detail: ['index public.a_key: gone'],
    fix: 'create the index again in the down',
    ...parts,
  };
}

/** A hazard with what is given. */
export function hazardWith(parts: Partial<Migration['hazards'][number]>): Migration['hazards'][number] {
  return {
    code: 'index-blocks-writes',
    level: 'warning',
    spot: { file: 'migrations/1_first.up.sql', line: 2 },
    relation: 'public.orders',
    others: [],
    statement: 'create index on orders (id)',
    measured: 'ShareLock on a table that has rows',
    facts: {},
    rule: 'build it CONCURRENTLY',
    safer: 'create index concurrently on orders (id)',
    production: null,
    ...parts,
  };
}

/** A result of these migrations. */
export function resultOf(migrations: readonly Migration[], parts: Partial<CheckResult> = {}): CheckResult {
  const isFailed = migrations.some(({ faults }) => faults.some(({ level }) => level === 'error'));
  return {
    project: {
      tool: 'golang-migrate',
      folder: 'migrations',
      knownBy: 'go.mod',
      migrations: migrations.length,
      warnings: [],
    },
    server: { version: '18.0', network: 'none', role: 'owner' },
    scope: { which: 'all', why: 'all were asked for' },
    history: [],
    roles: [],
    rows: { tables: 3, rows: 30, empty: [] },
    golden: null,
    against: null,
    migrations,
    cached: 0,
    outcome: isFailed ? 'failed' : 'passed',
    milliseconds: 1500,
    ...parts,
  };
}

/** A result in which every text of an author is hostile. */
export const hostileResult = resultOf(
  [
    migrationWith({
      id: hostile,
      name: hostile,
      verdict: 'schema-not-restored',
      faults: [
        faultWith({ spot: { file: `a,b:c/${hostile}.sql`, line: 7 }, cause: hostile, detail: [hostile], fix: hostile }),
      ],
      hazards: [
        hazardWith({ relation: hostile, statement: hostile, measured: hostile, rule: hostile, safer: hostile }),
      ],
    }),
  ],
  {
    project: { tool: hostile, folder: hostile, knownBy: hostile, migrations: 1, warnings: [] },
    scope: { which: 'new', why: hostile },
    roles: [hostile],
    history: [faultWith({ code: 'up-fails', cause: hostile })],
  },
);
