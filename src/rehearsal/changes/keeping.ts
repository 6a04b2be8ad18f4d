import { type ComparedSchemas, type Difference } from '../../fingerprint/index.ts';
import { partsOf, unquoted } from './object-sql.ts';
import { type Done } from './release-work.ts';

/** A table whose rows must be kept, and the key that finds them again. */
export interface Keep {
  readonly table: string;
  /** Columns, quoted as in SQL; null where there is no key. */
  readonly key: readonly string[] | null;
  readonly schemas: ComparedSchemas | undefined;
}

/** The SQL of both files. */
export interface Kept {
  readonly up: readonly string[];
  /** What the up.sql ends with: it forgets what the statements between did not change. */
  readonly upEnd?: readonly string[];
  readonly down: readonly string[];
}

/** The primary key of a table, or what its examples found rows by. */
export function keyOf(
  table: string,
  of: { readonly own: readonly Difference[]; readonly schemas: ComparedSchemas | undefined },
): readonly string[] | null {
  const [before] = of.schemas ?? [];
  const primary = before?.objects.find(
    ({ kind, name, logical }) => kind === 'constraint' && partsOf(name).relation === table && logical['type'] === 'p',
  );
  const definition = primary?.logical['definition'];
  const listed = typeof definition === 'string' ? /^PRIMARY KEY \((.*?)\)/.exec(definition)?.[1] : undefined;
  if (listed !== undefined) return listed.split(/, (?=(?:[^"]*"[^"]*")*[^"]*$)/);
  const example = of.own.flatMap(({ examples = [] }) => examples).find(({ key }) => key !== null);
  return example?.key === undefined || example.key === null
    ? null
    : Object.keys(example.key).map((column) => columnName(table, column, of.schemas));
}

/** A name as SQL writes it. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The name of a column as SQL writes it: where the schema has it, as the server quotes it, which knows the reserved words. */
export function columnName(table: string, column: string, schemas: ComparedSchemas | undefined): string {
  const known = schemas?.[0].objects.find(
    ({ kind, name }) => kind === 'column' && partsOf(name).relation === table && unquoted(partsOf(name).own) === column,
  );
  return known === undefined ? identifier(column) : partsOf(known.name).own;
}

/** Keeps the values of columns by key, and puts them back; `by`: the only statements that change them, so that nothing else is kept. */
export function keepColumns({ table, key }: Keep, columns: readonly string[], by?: readonly Done[]): Kept {
  const keep = keepName(table, columns[0]);
  const keys = key ?? [];
  const others = columns.filter((column) => !keys.includes(column));
  const same = keys.map((column) => `k.${column} = t.${column}`).join(' and ');
  const where = by === undefined ? '' : conditionOf(by);
  // as text: some types have no equality
  const unchanged = others.map((column) => `k.${column}::text is not distinct from t.${column}::text`).join(' and ');
  return {
    up: [`create table ${keep} as select ${[...keys, ...others].join(', ')} from ${table}${where};`],
    ...(by === undefined || where !== ''
      ? {}
      : { upEnd: [`delete from ${keep} k using ${table} t where ${same} and ${unchanged};`] }),
    down: [
      `update ${table} t set ${others.map((column) => `${column} = k.${column}`).join(', ')} from ${keep} k where ${same};`,
      `drop table ${keep};`,
    ],
  };
}

/** Keeps deleted rows, and inserts those that are missing. */
export function keepRows(of: Keep, by: readonly Done[]): Kept {
  const { table, key } = of;
  const keep = keepName(table);
  const where = conditionOf(by);
  const columns = columnsOf(of);
  const same = (key ?? []).map((column) => `t.${column} = k.${column}`).join(' and ');
  const missing = key === null ? '' : ` where not exists (select from ${table} t where ${same})`;
  return {
    up: [`create table ${keep} as select * from ${table}${where};`],
    ...(key === null || where !== '' || by.length === 0
      ? {}
      : { upEnd: [`delete from ${keep} k using ${table} t where ${same};`] }),
    down: [insert({ table, keep, columns }) + missing.concat(';'), `drop table ${keep};`],
  };
}

/** Keeps all rows of a table that is emptied. */
export function keepTable(of: Keep): Kept {
  return keepRows(of, []);
}

function insert({ table, keep, columns }: { table: string; keep: string; columns: string | null }): string {
  return columns === null
    ? `insert into ${table} overriding system value select k.* from ${keep} k`
    : `insert into ${table} (${columns}) overriding system value select ${columns} from ${keep} k`;
}

/** The columns that can be written, where some cannot; null: all of them. */
function columnsOf({ table, schemas }: Keep): string | null {
  const columns = (schemas?.[0].objects ?? []).filter(
    ({ kind, name }) => kind === 'column' && partsOf(name).relation === table,
  );
  const ordered = columns.toSorted((a, b) => Number(a.strict['attnum']) - Number(b.strict['attnum']));
  const own = ordered.filter(({ logical }) => logical['generated'] === '');
  return own.length === columns.length ? null : own.map(({ name }) => partsOf(name).own).join(', ');
}

/** The condition of a single UPDATE or DELETE that reads no other table; otherwise empty, so all rows are kept. */
function conditionOf(by: readonly Done[]): string {
  const [only, ...more] = by;
  if (only === undefined || more.length > 0) return '';
  const found =
    /^(?:delete\s+from|update)\s+(?:only\s+)?(?:"(?:[^"]|"")+"|[\w$.])+\s+(?:set\s+(.*?)\s+)?where\s+(.*?);?\s*$/is.exec(
      only.sql,
    );
  const [, set = '', condition = ''] = found ?? [];
  const isPlain =
    !/\b(from|select|where)\b|--|\/\*/i.test(set) && !/\b(returning|current\s+of)\b|--|\/\*/i.test(condition);
  return condition === '' || !isPlain ? '' : ` where ${condition}`;
}

/** The name of a table that keeps what another one had. */
export function keepName(table: string, column?: string): string {
  const { relation, own } = partsOf(table);
  const plain = [own, ...(column === undefined ? [] : [column])].map(unquoted);
  return `${relation}.${identifier(['keep', ...plain].join('_').slice(0, 60))}`;
}
