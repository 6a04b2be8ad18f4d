import { type Migration, type MigrationProject, type ToolName } from './migration.ts';
import { judgeFlyway } from './flyway-history.ts';
import { columnOf as text, type HistoryRow, type HistoryState } from './history-state.ts';

/** How one tool keeps its history. */
export interface HistoryForm {
  /** The table as the tool names it where nothing else is set. */
  readonly table: string;
  /** Columns that it has, by which it is told from another tool's table of the same name, and those that it never has. */
  readonly has: readonly string[];
  readonly hasNot?: readonly string[];
  /** Of the columns that are read: SQL for each, all cast to text. */
  readonly columns: Readonly<Record<string, string>>;
  judge(migrations: readonly Migration[], rows: readonly HistoryRow[]): HistoryState;
}

/** Recorded one by one: what is not there is pending. */
function eachBy(
  keyOf: (migration: Migration) => string,
  recorded: readonly string[],
  migrations: readonly Migration[],
): HistoryState {
  const done = new Set(recorded);
  const known = new Set(migrations.map(keyOf));
  return {
    pending: migrations.filter((one) => !done.has(keyOf(one))),
    unknown: recorded.filter((one) => !known.has(one)),
    stopped: null,
  };
}

const idOf = ({ id }: Migration): string => id;
const nameOf = ({ name }: Migration): string => name;

/** Recorded by one column that is the id. */
const byId = (table: string, more: Pick<HistoryForm, 'has' | 'hasNot'>, column = 'version'): HistoryForm => ({
  table,
  ...more,
  columns: { id: column },
  judge: (migrations, rows) =>
    eachBy(
      idOf,
      rows.map((row) => text(row, 'id')),
      migrations,
    ),
});

/**
 * The histories of the tools that keep one in the database.
 *
 * Source  golang-migrate, database/pgx/v5/pgx.go; goose, internal/dialects/postgres.go; dbmate, pkg/driver/postgres/postgres.go; Flyway,
 *         schemahistory/JdbcTableSchemaHistory.java; prisma-engines, sql_migration_persistence.rs; supabase cli, pkg/migration/history.go; sqlx-postgres,
 *         migrate.rs; Atlas, cmd/atlas/internal/migrate; diesel, migration_harness.rs; graphile-migrate, src/migration.ts; node-pg-migrate, src/runner.ts; Sqitch,
 *         Engine/pg.sql; refinery_core, drivers/tokio_postgres.rs; Liquibase, MarkChangeSetRanGenerator.java; ory/x, popx/migrator.go; Hasura,
 *         migrations/hdbtable.go; sql-migrate, migrate.go.
 */
export const histories: Partial<Readonly<Record<ToolName, HistoryForm>>> = {
  'golang-migrate': {
    table: 'schema_migrations',
    has: ['version', 'dirty'],
    columns: { id: 'version', dirty: 'dirty' },
    judge: (migrations, rows) => {
      const [row] = rows;
      if (row === undefined) return { pending: migrations, unknown: [], stopped: null };
      const current = BigInt(text(row, 'id'));
      const isKnown = migrations.some(({ id }) => id === String(current));
      return {
        // the tool keeps the last version alone: a lower one that was added later is never run
        pending: migrations.filter(({ id }) => numberOf(id) > current),
        unknown: isKnown || current < 0n ? [] : [String(current)],
        stopped:
          text(row, 'dirty') === 'true'
            ? `version ${current} is dirty: it failed half way`
            : isKnown || current < 0n
              ? null
              : `version ${current} has no file, and golang-migrate stops there`,
      };
    },
  },
  goose: {
    table: 'goose_db_version',
    has: ['version_id', 'is_applied', 'id'],
    columns: { id: 'version_id', applied: 'is_applied', at: 'id' },
    judge: (migrations, rows) => {
      const last = new Map<string, string>();
      for (const row of rows.toSorted((one, other) => Number(text(one, 'at')) - Number(text(other, 'at'))))
        last.set(text(row, 'id'), text(row, 'applied'));
      const applied = [...last].flatMap(([id, is]) => (is === 'true' && id !== '0' ? [id] : []));
      return eachBy(idOf, applied, migrations);
    },
  },
  dbmate: byId('schema_migrations', { has: ['version'], hasNot: ['dirty', 'statements'] }),
  supabase: byId('supabase_migrations.schema_migrations', { has: ['version', 'statements'] }),
  diesel: byId('__diesel_schema_migrations', { has: ['version', 'run_on'] }),
  hasura: byId('hdb_catalog.schema_migrations', { has: ['version', 'dirty'] }),
  refinery: byId('refinery_schema_history', { has: ['version', 'applied_on', 'checksum'] }),
  'sql-migrate': byId('gorp_migrations', { has: ['id', 'applied_at'] }, 'id'),
  sqlx: {
    table: '_sqlx_migrations',
    has: ['version', 'success', 'checksum'],
    columns: { id: 'version', success: 'success' },
    judge: (migrations, rows) => {
      const failed = rows.find((row) => text(row, 'success') !== 'true');
      const ids = rows.map((row) => text(row, 'id'));
      return {
        ...eachBy(idOf, ids, migrations),
        stopped: failed === undefined ? null : `version ${text(failed, 'id')} failed half way`,
      };
    },
  },
  atlas: {
    table: 'atlas_schema_revisions',
    has: ['version', 'applied', 'total'],
    columns: { id: 'version', applied: 'applied', total: 'total' },
    judge: (migrations, rows) => {
      const revisions = rows.filter((row) => text(row, 'id') !== '.atlas_cloud_identifier');
      const partial = revisions.find((row) => text(row, 'applied') !== text(row, 'total'));
      const ids = revisions.map((row) => text(row, 'id'));
      return {
        ...eachBy(idOf, ids, migrations),
        stopped:
          partial === undefined
            ? null
            : `version ${text(partial, 'id')} was applied in part: ${text(partial, 'applied')} of ${text(partial, 'total')} statements`,
      };
    },
  },
  popx: {
    table: 'schema_migration',
    has: ['version'],
    columns: { id: 'version' },
    judge: (migrations, rows) => {
      const recorded = rows.map((row) => text(row, 'id'));
      // a row of the first 14 characters is one of an older pop, for the same migration
      const isDone = ({ id }: Migration): boolean => recorded.includes(id) || recorded.includes(id.slice(0, 14));
      return {
        pending: migrations.filter((one) => !isDone(one)),
        unknown: recorded.filter((one) => !migrations.some(({ id }) => id === one || id.slice(0, 14) === one)),
        stopped: null,
      };
    },
  },
  prisma: {
    table: '_prisma_migrations',
    has: ['migration_name', 'finished_at', 'rolled_back_at', 'checksum'],
    columns: { name: 'migration_name', finished: 'finished_at is not null', back: 'rolled_back_at is not null' },
    judge: (migrations, rows) => {
      const standing = rows.filter((row) => text(row, 'back') !== 'true');
      const failed = standing.find((row) => text(row, 'finished') !== 'true');
      return {
        ...eachBy(
          nameOf,
          standing.map((row) => text(row, 'name')),
          migrations,
        ),
        stopped: failed === undefined ? null : `${text(failed, 'name')} failed, and was not resolved`,
      };
    },
  },
  'graphile-migrate': {
    table: 'graphile_migrate.migrations',
    has: ['hash', 'previous_hash', 'filename'],
    columns: { file: 'filename' },
    judge: (migrations, rows) => {
      const numbers = rows.map((row) => leadingNumber(text(row, 'file')));
      const last = numbers.reduce((most, one) => (one > most ? one : most), 0n);
      return { pending: migrations.filter(({ name }) => leadingNumber(name) > last), unknown: [], stopped: null };
    },
  },
  'node-pg-migrate': {
    table: 'pgmigrations',
    has: ['name', 'run_on'],
    columns: { name: 'name' },
    judge: (migrations, rows) =>
      eachBy(
        ({ name }) => withoutEnding(name),
        rows.map((row) => withoutEnding(text(row, 'name'))),
        migrations,
      ),
  },
  sqitch: {
    table: 'sqitch.changes',
    has: ['change_id', 'change', 'project'],
    columns: { change: 'change' },
    judge: (migrations, rows) =>
      eachBy(
        nameOf,
        rows.map((row) => text(row, 'change')),
        migrations,
      ),
  },
  flyway: {
    table: 'flyway_schema_history',
    has: ['installed_rank', 'version', 'description', 'success', 'checksum'],
    columns: {
      version: 'version',
      description: 'description',
      success: 'success',
      checksum: 'checksum',
      rank: 'installed_rank',
    },
    judge: judgeFlyway,
  },
  drizzle: {
    table: 'drizzle.__drizzle_migrations',
    has: ['id', 'hash', 'created_at'],
    columns: { at: 'created_at' },
    judge: (migrations, rows) => {
      const times = rows.map((row) => Number(text(row, 'at')));
      const last = Math.max(-1, ...times);
      return {
        // before 1.0 what is not newer than the newest is never run; from 1.0 on the moment is in the name
        pending: migrations.filter((one) =>
          one.when === undefined ? !times.includes(momentOf(one.name)) : one.when > last,
        ),
        unknown: [],
        stopped: null,
      };
    },
  },
  liquibase: {
    table: 'databasechangelog',
    has: ['id', 'author', 'filename', 'exectype', 'md5sum'],
    columns: { id: 'id', author: 'author', file: 'filename' },
    judge: (migrations, rows) => {
      // the path that is recorded may begin at another folder than the repository
      const isOf = (one: Migration, row: HistoryRow): boolean => {
        const path = one.id.split('::')[0] ?? '';
        const recorded = text(row, 'file').replace(/^classpath:/, '');
        return (
          one.name === `${text(row, 'author')}:${text(row, 'id')}` &&
          (`/${path}`.endsWith(`/${recorded}`) || `/${recorded}`.endsWith(`/${path}`))
        );
      };
      return {
        pending: migrations.filter((one) => !rows.some((row) => isOf(one, row))),
        unknown: rows
          .filter((row) => !migrations.some((one) => isOf(one, row)))
          .map((row) => `${text(row, 'author')}:${text(row, 'id')}`),
        stopped: null,
      };
    },
  },
};

/** UTC milliseconds of the fourteen digits that a folder of Drizzle 1.0 begins with. */
function momentOf(name: string): number {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(name) ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}

/** The number that an id is; ids of two migrations with the same number have more behind it. */
const numberOf = (id: string): bigint => BigInt(/^\d+/.exec(id)?.[0] ?? '0');
const leadingNumber = (name: string): bigint => numberOf(name);
const withoutEnding = (name: string): string => name.replace(/\.(?:sql|js|ts|cjs|mjs|up|down)$/, '');

/** Of a project whose tool keeps a history; null: it keeps none in the database, or it is not read. */
export function historyFormOf({ tool }: Pick<MigrationProject, 'tool'>): HistoryForm | null {
  return histories[tool] ?? null;
}
