import { type FileTree, pathIn } from './repository.ts';

/** Other databases, as folders and files are named after them. CockroachDB speaks PostgreSQL's protocol and not all of its SQL. */
const others = new Set(
  [
    'mysql',
    'mysql8',
    'mariadb',
    'maria',
    'sqlite',
    'sqlite3',
    'cockroach',
    'cockroachdb',
    'crdb',
    'mssql',
    'sqlserver',
    'oracle',
    'clickhouse',
  ].concat([
    'spanner',
    'tidb',
    'snowflake',
    'bigquery',
    'cassandra',
    'scylla',
    'duckdb',
    'h2',
    'hsqldb',
    'db2',
    'mongodb',
    'redshift',
    'ydb',
    'libsql',
    'd1',
  ]),
);
const ours = new Set(['postgres', 'postgresql', 'pg', 'psql', 'pgsql', 'pgx']);

/** The words of a path: its folders, and the parts of their names. */
function words(path: string): readonly string[] {
  return path.toLowerCase().split(/[/_.-]/);
}

/** Says whether a folder is named after another database, and not after PostgreSQL too. */
export function isOtherDatabase(folder: string): boolean {
  return words(folder).some((word) => others.has(word)) && !words(folder).some((word) => ours.has(word));
}

/** Says whether a folder is named after PostgreSQL. */
export function isPostgres(folder: string): boolean {
  return words(folder).some((word) => ours.has(word));
}

/** SQL that PostgreSQL does not read, and SQL that no other database reads. */
const foreignSql =
  /\bAUTO_?INCREMENT\b|\bENGINE\s*=\s*\w+|^[^'\n]*`\w+`|\bNVARCHAR\b|\bIDENTITY\s*\(|^[ \t]*PRAGMA\s/im;
const ownSql =
  /\b(?:BIG|SMALL)?SERIAL\b|\bTIMESTAMPTZ\b|\bJSONB\b|\bBYTEA\b|::\w|\$\$|\bplpgsql\b|\bUUID\b|\bRETURNING\b|\bCREATE\s+(?:EXTENSION|TYPE|SEQUENCE)\b/i;
/** How many files of a folder are read to see whose SQL they are. */
const sample = 12;

/** Says whether the SQL of a folder is that of another database: more of its files have words of another one than words of PostgreSQL. */
export function readsAsOther(tree: FileTree, folder: string): boolean {
  const names = (tree.folders.get(folder) ?? [])
    .filter((name) => name.endsWith('.sql') && !isOtherDatabase(name))
    .slice(0, sample);
  const texts = names.map((name) => tree.read(pathIn(folder, name)).text.replaceAll(/--.*$/gm, ''));
  const count = (form: RegExp): number => texts.filter((text) => form.test(text)).length;
  return count(foreignSql) > count(ownSql);
}
