import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { id, literal, sql } from '../database/index.ts';
import { journalTime } from './drizzle-journal.ts';

/** The tools whose rows of history a release can hold. */
export const importedTools = [
  'golang-migrate',
  'goose',
  'dbmate',
  'flyway',
  'prisma',
  'drizzle',
  'sqlx',
  'diesel',
  'graphile-migrate',
  'node-pg-migrate',
] as const;
export type ImportedTool = (typeof importedTools)[number];

/** The table in which a tool keeps its history, and the database that it is in; names as they are, without quotes. */
export interface ToolHistory {
  readonly database: string;
  readonly schema: string;
  readonly table: string;
}

/** One migration, as its row is made of it. */
export interface RowSource {
  /** The file below the folder of migrations. */
  readonly path: string;
  readonly text: string;
  /** The text of Drizzle's journal; null: there is none. */
  readonly journal: string | null;
  /** What the files do not say, and an invariant compares: `before` of golang-migrate, `rank` of Flyway. */
  readonly known: Readonly<Record<string, string>>;
}

/** The SQL that a tool keeps its history with. */
export interface ToolRows {
  /** The columns whose values a second run gives anew: moments and keys of a sequence. */
  readonly varies: readonly string[];
  /** The keys of the advisory locks that the tool takes; none: it takes none, and the table itself is locked. */
  keys(history: ToolHistory): readonly bigint[];
  /** The columns that the tool writes, with their values as SQL; null: the name of the file is not one of the tool's. */
  row(source: RowSource): Readonly<Record<string, string>> | null;
  /** Of these columns, those by which the row is found again. */
  readonly found: readonly string[];
  /** What else holds for that row, as SQL. */
  readonly stands?: string;
  /** SQL that holds for a row of a migration that failed half way. */
  readonly failed?: string;
}

const text = (value: string): string => sql`${literal(value)}`.text.trim();
const baseOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
/** The folder that a file is in: `a` of `a/up.sql`. */
const folderOf = (path: string): string => baseOf(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
const sha = (name: 'sha256' | 'sha384', content: string): string => createHash(name).update(content).digest('hex');
const none = (): readonly bigint[] => [];
const crc = (content: string): bigint => BigInt(crc32(content));

/**
 * How each tool keeps its history.
 *
 * Source  golang-migrate, database/util.go, database/pgx/v5/pgx.go; goose, internal/dialects/postgres.go; dbmate, pkg/driver/postgres/postgres.go;
 *         Flyway, JdbcTableSchemaHistory.java, PostgreSQLAdvisoryLockTemplate.java; prisma-engines, sql_migration_persistence.rs; drizzle-orm,
 *         pg-core/dialect.ts; sqlx-postgres, migrate.rs; diesel, migration_harness.rs; graphile-migrate, src/migration.ts; node-pg-migrate, src/runner.ts.
 */
export const toolRows: Readonly<Record<ImportedTool, ToolRows>> = {
  'golang-migrate': {
    varies: [],
    // from an address the name of the database has its slash, from a program it has none
    keys: ({ schema, table, database }) =>
      [`/${database}`, database].map((name) => (crc(`${schema}\0${table}\0${name}`) * 1_486_364_155n) % 4_294_967_296n),
    row: ({ path }) => {
      const version = /^([0-9]+)_.*\.up\.[^/]*$/.exec(baseOf(path))?.[1];
      return version === undefined ? null : { version: String(BigInt(version)), dirty: 'false' };
    },
    found: ['version', 'dirty'],
    failed: 'dirty',
  },
  goose: {
    varies: ['id', 'tstamp'],
    keys: none,
    row: ({ path }) => {
      const version = /^[0-9]+(?=_)/.exec(baseOf(path))?.[0];
      return version === undefined ? null : { version_id: String(BigInt(version)), is_applied: 'true' };
    },
    found: ['version_id'],
  },
  dbmate: {
    varies: [],
    keys: none,
    row: ({ path }) => {
      const version = /^\d+/.exec(baseOf(path))?.[0];
      return version === undefined ? null : { version: text(version) };
    },
    found: ['version'],
  },
  flyway: {
    varies: ['installed_on'],
    keys: ({ schema, table }) => [77_431_708_279_161n + BigInt(hashOfJava(`"${schema}"."${table}"`))],
    row: ({ path, text: content, known }) => {
      const [, version, rest = ''] = /^(?:V([0-9][0-9._]*)|R)__(.*)\.sql$/.exec(baseOf(path)) ?? [];
      const { rank } = known;
      if (rank === undefined || (version === undefined && !baseOf(path).startsWith('R__'))) return null;
      return {
        installed_rank: rank,
        version: version === undefined ? 'NULL' : text(version.replaceAll('_', '.')),
        description: text(rest.replaceAll('_', ' ')),
        type: text('SQL'),
        script: text(path),
        checksum: String(flywayChecksum(content)),
        // as Flyway: the role that runs it
        installed_by: 'CURRENT_USER',
        execution_time: '0',
        success: 'true',
      };
    },
    found: ['installed_rank', 'script'],
    failed: 'NOT success',
  },
  prisma: {
    varies: ['id', 'started_at', 'finished_at'],
    keys: () => [72_707_369n],
    row: ({ path, text: content }) => ({
      id: 'pg_catalog.gen_random_uuid()::text',
      checksum: text(sha('sha256', content)),
      started_at: 'pg_catalog.now()',
      finished_at: 'pg_catalog.now()',
      migration_name: text(folderOf(path)),
      applied_steps_count: '1',
    }),
    found: ['migration_name'],
    stands: 'rolled_back_at IS NULL',
    failed: 'finished_at IS NULL AND rolled_back_at IS NULL',
  },
  drizzle: {
    // the second is of 1.0
    varies: ['id', 'applied_at'],
    keys: none,
    row: ({ path, text: content, journal }) => {
      const hash = text(sha('sha256', content));
      const name = folderOf(path);
      // before 1.0 the time is in the journal, from then on in the name of the folder
      const when = name === '' ? journalTime(journal ?? '', baseOf(path).replace(/\.sql$/, '')) : momentOf(name);
      return when === null ? null : { hash, created_at: String(when), ...(name === '' ? {} : { name: text(name) }) };
    },
    found: ['hash', 'created_at'],
  },
  sqlx: {
    varies: ['installed_on'],
    keys: ({ database }) => [0x3d_32_ad_9en * crc(database)],
    row: ({ path, text: content }) => {
      const [, version, title = ''] = /^\+?([0-9]+)_(.*?)(?:\.up)?\.sql$/.exec(baseOf(path)) ?? [];
      if (version === undefined) return null;
      return {
        version: String(BigInt(version)),
        description: text(title.replaceAll('_', ' ')),
        success: 'true',
        checksum: `pg_catalog.decode(${text(sha('sha384', content))}, 'hex')`,
        execution_time: '0',
      };
    },
    found: ['version'],
    failed: 'NOT success',
  },
  diesel: {
    varies: ['run_on'],
    keys: none,
    row: ({ path }) => ({ version: text((folderOf(path).split('_')[0] ?? '').replaceAll('-', '')) }),
    found: ['version'],
  },
  'graphile-migrate': {
    varies: ['date'],
    keys: () => [4_727_445_306_447_283n],
    row: ({ path, text: content }) => {
      const number = /^[0-9]+/.exec(baseOf(path))?.[0];
      const previous = /^--! Previous: (.*)\n/.exec(content)?.[1];
      const hash = graphileHash(content, previous === '-' ? '' : (previous ?? ''));
      // a file whose own hash is another one is refused by the tool too
      if (number === undefined || previous === undefined || !content.includes(`\n--! Hash: ${hash}\n`)) return null;
      return {
        hash: text(hash),
        previous_hash: previous === '-' ? 'NULL' : text(previous),
        filename: text(`${number}.sql`),
      };
    },
    found: ['hash'],
  },
  'node-pg-migrate': {
    varies: ['id', 'run_on'],
    keys: () => [7_241_865_325_823_964n],
    row: ({ path }) => ({ name: text(baseOf(path).replace(/\.sql$/, '')), run_on: 'pg_catalog.now()' }),
    found: ['name'],
  },
};

/** The table with its schema, quoted. */
export const historyName = ({ schema, table }: Pick<ToolHistory, 'schema' | 'table'>): string =>
  sql`${id(schema, table)}`.text;

/**
 * Flyway's checksum of a text.
 *
 * Shape   CRC-32 over the UTF-8 bytes of each line without its end, as a signed 32-bit integer.
 * Source  Flyway, resolver/ChecksumCalculator.java.
 */
export function flywayChecksum(content: string): number {
  return crc32(content.replace(/^\uFEFF/, '').replaceAll(/[\r\n]/g, '')) | 0;
}

/** Java's String.hashCode, by UTF-16 units. */
function hashOfJava(value: string): number {
  let hash = 0;
  for (let at = 0; at < value.length; at += 1) hash = (Math.imul(hash, 31) + value.charCodeAt(at)) | 0;
  return hash;
}

/** graphile-migrate's own hash, of the body and the hash before it. Source: src/hash.ts. */
function graphileHash(content: string, previous: string): string {
  const body = content.slice((/\n\n/.exec(content)?.index ?? -2) + 2).trim();
  return `sha1:${createHash('sha1')
    .update(`${`${previous}\n${body}`.trim()}\n`)
    .digest('hex')}`;
}

/** UTC milliseconds of the fourteen digits that a folder of Drizzle 1.0 begins with. */
function momentOf(name: string): number | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)_/.exec(name) ?? [];
  return year === undefined
    ? null
    : Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
}
