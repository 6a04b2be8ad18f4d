import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Connection, fixed, sql } from '../../src/database/index.ts';
import { historyTables } from '../../src/import/history-tables.ts';
import { newest, runSql, withSession } from '../database.io.ts';
import { startLoopbackServer } from '../gate/loopback.io.ts';
import { type Place, withPlace } from '../runbooks/place.io.ts';

/** A repository with migrations that its tool runs without a transaction, and the version of each in the history. */
interface Told {
  readonly tool: 'goose' | 'golang-migrate' | 'diesel' | 'dbmate' | 'sqlx';
  readonly files: Readonly<Record<string, string>>;
  /** What the history has after the rollout. */
  readonly history: readonly [query: string, before: string, after: string];
  /** Its rows before. */
  readonly start: readonly string[];
  /** Indexes that there are only after the rollout, and only before it and after the rollback. */
  readonly made: readonly [added: readonly string[], dropped: readonly string[]];
}

const indexes = `select string_agg(c.relname || case when i.indisvalid then '' else ' is invalid' end, ',' order by c.relname) as said
   from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'public.big'::regclass and not i.indisprimary`;

const stories: readonly Told[] = [
  {
    tool: 'goose',
    files: {
      'migrations/00002_lookups.sql': `-- +goose NO TRANSACTION
-- +goose Up
ALTER TABLE big ADD COLUMN IF NOT EXISTS kind text;
-- +goose StatementBegin
DO $$ BEGIN UPDATE big SET kind = 'new' WHERE id <= 10; END $$;
-- +goose StatementEnd
CREATE INDEX CONCURRENTLY IF NOT EXISTS big_kind_idx ON big (kind) WHERE kind IS NOT NULL;
CREATE INDEX CONCURRENTLY big_v_idx ON big (v);
ANALYZE big;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS big_v_idx;
DROP INDEX IF EXISTS big_kind_idx;
ALTER TABLE big DROP COLUMN IF EXISTS kind;
`,
      'migrations/00003_drop_old.sql': `-- +goose NO TRANSACTION
-- +goose Up
DROP INDEX CONCURRENTLY IF EXISTS big_old_a;
DROP INDEX CONCURRENTLY IF EXISTS big_old_b;
-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS big_old_a ON big (id, v);
CREATE INDEX CONCURRENTLY IF NOT EXISTS big_old_b ON big (v, id);
`,
    },
    start: ['insert into goose_db_version (version_id, is_applied) values (0, true), (1, true)'],
    history: [
      `select string_agg(version_id::text, ' ' order by id) as said from public.goose_db_version where is_applied`,
      '0 1',
      '0 1 2 3',
    ],
    made: [
      ['big_kind_idx', 'big_v_idx'],
      ['big_old_a', 'big_old_b'],
    ],
  },
  {
    // a file is one message: one statement alone is in no transaction
    tool: 'golang-migrate',
    files: {
      'go.mod': 'module shop\nrequire github.com/golang-migrate/migrate/v4 v4.18.1\n',
      'migrations/000001_start.up.sql': 'SELECT 1;\n',
      'migrations/000002_by_v.up.sql':
        'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "big By v" ON public.big (v, id);\n',
      'migrations/000002_by_v.down.sql': 'DROP INDEX IF EXISTS "big By v";\n',
      'migrations/000003_vacuum.up.sql': 'VACUUM (ANALYZE) big;\n',
      'migrations/000003_vacuum.down.sql': '-- nothing to undo\n',
    },
    start: ['insert into schema_migrations values (1, false)'],
    history: ['select version::text as said from public.schema_migrations where not dirty', '1', '3'],
    made: [['big By v'], []],
  },
  {
    tool: 'diesel',
    files: {
      'Cargo.toml': '[dependencies]\ndiesel = "2"\n',
      'migrations/2024-01-02-000000_by_v/up.sql':
        '-- for the search\ncreate index concurrently big_lower on big (lower(v));\n',
      'migrations/2024-01-02-000000_by_v/down.sql': 'drop index concurrently big_lower;\n',
      'migrations/2024-01-02-000000_by_v/metadata.toml': 'run_in_transaction = false\n',
      'migrations/2024-01-03-000000_swap/up.sql': 'drop index concurrently big_old_a;\n',
      'migrations/2024-01-03-000000_swap/down.sql': 'create index big_old_a on big (id, v);\n',
      'migrations/2024-01-03-000000_swap/metadata.toml': 'run_in_transaction = false\n',
    },
    start: [],
    history: [
      `select string_agg(version, ' ' order by version) as said from public.__diesel_schema_migrations`,
      '',
      '20240102000000 20240103000000',
    ],
    made: [['big_lower'], ['big_old_a']],
  },
];

const said = async (database: Connection, query: string): Promise<string> =>
  withSession(database, async (session) => {
    const [row] = await session.query<{ said: string | null }>(sql`${fixed(query)}`);
    return row?.said ?? '';
  });

/** Types a line that must end with a status. */
const at =
  ({ type }: Place) =>
  async (line: string, expected = 0): Promise<string> => {
    const { status, stdout, stderr } = await type(line);
    expect(status, `${line}\n${stdout}${stderr}`).toBe(expected);
    return stdout + stderr;
  };

describe.each(newest)('on PostgreSQL %s, migrations that their tool runs without a transaction', (version) => {
  it('are imported, rehearsed, ratified, rolled out and rolled back, and the history says so', {
    timeout: 900_000,
  }, async () => {
    const loopback = await startLoopbackServer(version);
    try {
      await runSql(loopback.connection('postgres'), ['create role app_owner login', 'create database shop']);
      const database = loopback.connection('shop');
      const application = [
        'create table big (id bigint primary key, v text)',
        "insert into big select i, 'x' || i from generate_series(1, 5000) i",
        'create index big_old_a on big (id, v)',
        'create index big_old_b on big (v, id)',
      ];
      await withPlace(version as '15' | '18', { database, application }, async (place) => {
        const works = at(place);
        await works('oneroof install production --loopback --apply');
        for (const { tool, files, start, history, made } of stories) {
          const repository = join(place.home, tool);
          for (const [path, text] of Object.entries(files)) {
            mkdirSync(join(repository, dirname(path)), { recursive: true });
            writeFileSync(join(repository, path), text);
          }
          await runSql(database, [
            'set role app_owner',
            historyTables[tool] ?? '',
            ...start,
            'reset role',
            'grant select on all tables in schema public to oneroof_observer',
          ]);
          const before = (await said(database, indexes)).split(',');
          const holds = async (row: string, is: readonly string[]): Promise<void> => {
            expect([await said(database, history[0]), await said(database, indexes)]).toEqual([
              row,
              is.toSorted().join(),
            ]);
          };
          await works(`oneroof import ${tool} --into of-${tool}`);
          for (const verb of ['lint', 'seal', 'rehearse --golden', 'ratify']) await works(`oneroof ${verb} of-${tool}`);
          await holds(history[1], before);
          await works(`oneroof rollout of-${tool}`);
          await holds(history[2], [...before.filter((one) => !made[1].includes(one)), ...made[0]]);
          await works(`oneroof rollback of-${tool}`);
          await holds(history[1], before);
        }
      });
    } finally {
      await loopback.server.stop();
    }
  });
});
