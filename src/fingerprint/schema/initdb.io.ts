import { type Json } from '../../core/index.ts';
import { fixed, id, literal, type Session, type Sql, sql, unionAll } from '../../database/index.ts';
import type { Difference } from '../fingerprint.ts';

/** A catalogue, the columns that say what an object is, and how its rows are told apart. */
interface Catalog {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** What follows from other rows, or is none of the objects that initdb made. */
const passedOver = [
  'pg_depend',
  'pg_init_privs',
  'pg_largeobject',
  'pg_largeobject_metadata',
  'pg_statistic',
  'pg_statistic_ext_data',
];

/** Columns that a server writes by itself, or that are compared as privileges, by words. */
const written = `(a.attname ~ '^rel(pages|tuples|allvisible|allfrozen|frozenxid|minmxid|filenode|rewrite|toastrelid)$' or a.attname ~ 'acl$' or a.attname = 'indcheckxmin')`;

/** The column that has the OID of the object, for the catalogues whose rows have none of their own. */
const keys: Readonly<Record<string, string>> = {
  pg_aggregate: 'aggfnoid',
  pg_attribute: 'attrelid',
  pg_description: 'objoid',
  pg_foreign_table: 'ftrelid',
  pg_index: 'indexrelid',
  pg_inherits: 'inhrelid',
  pg_partitioned_table: 'partrelid',
  pg_range: 'rngtypid',
  pg_seclabel: 'objoid',
  pg_sequence: 'seqrelid',
  pg_subscription_rel: 'srsubid',
  pg_ts_config_map: 'mapcfg',
};

/** SQL: a row that initdb numbered. */
function numbered({ schema, table, columns }: Catalog): Sql {
  if (schema !== 'pg_catalog') return sql`true`;
  const key = columns.includes('oid') ? 'oid' : keys[table];
  return key === undefined ? sql`false` : sql`x.${id(key)}::oid < 16384`;
}

/** SQL: what initdb made; schema public and what an extension brought are compared like the user's own, wherever they were made again. */
function made(catalog: Catalog): Sql {
  const { schema, table, columns } = catalog;
  const known = numbered(catalog);
  if (schema !== 'pg_catalog' || !columns.includes('oid')) return known;
  const name = literal(`pg_catalog.${table}`);
  return sql`${known} and not (${name}::regclass = 'pg_namespace'::regclass and x.oid = 2200) and ${name}::regclass <> 'pg_extension'::regclass
    and not exists (select from pg_depend d where d.classid = ${name}::regclass and d.objid = x.oid and d.deptype = 'e')`;
}

function list(columns: readonly string[]): Sql {
  return sql`${fixed(columns.map((column) => id('x', column).text).join(', '))}`;
}

/** Which transaction comes next: rows that are written from now on have it, or a later one. */
export async function nextTransaction(session: Session): Promise<string> {
  const [row] = await session.query<{ xid: string }>(
    sql`select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint % 4294967296)::text as xid`,
  );
  return row?.xid ?? '';
}

/**
 * Compares what initdb made in two copies of one database: rows of the catalogues and of information_schema, which no release should write and
 * a superuser can. Only catalogues of which a row was written since a transaction, or is missing, are read.
 *
 * Shape   one difference for each column, or for a row that one side lacks; always logical, because both are of one server.
 */
export async function compareInitdb(before: Session, after: Session, since: string): Promise<readonly Difference[]> {
  const catalogs = await catalogsOf(before);
  const [was, is] = await Promise.all([countsOf(before, { catalogs, since }), countsOf(after, { catalogs, since })]);
  const differences: Difference[] = [];
  for (const catalog of catalogs) {
    const name = `${catalog.schema}.${catalog.table}`;
    const [one, other] = [was.get(name), is.get(name)];
    if (one?.rows === other?.rows && other?.written === '0') continue;
    const [rowsWere, rowsAre] = await Promise.all([rowsOf(before, catalog), rowsOf(after, catalog)]);
    differences.push(...differing(catalog, rowsWere, rowsAre));
  }
  return differences;
}

async function catalogsOf(session: Session): Promise<readonly Catalog[]> {
  const rows = await session.query<{ schema: string; table: string; columns: string }>(sql`
    select n.nspname as schema, c.relname as table, jsonb_agg(a.attname order by a.attnum)::text as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not ${fixed(written)}
    where c.relkind = 'r' and not c.relisshared and c.oid < 16384 and n.nspname in ('pg_catalog', 'information_schema')
      and not (c.relname = any(${passedOver})) and has_table_privilege(c.oid, 'SELECT')
    group by n.nspname, c.relname order by 1, 2`);
  return rows.map(({ columns, ...row }) => ({ ...row, columns: JSON.parse(columns) as string[] }));
}

interface Counts {
  readonly rows: string;
  /** Since the transaction. */
  readonly written: string;
}

async function countsOf(
  session: Session,
  { catalogs, since }: { readonly catalogs: readonly Catalog[]; readonly since: string },
): Promise<ReadonlyMap<string, Counts>> {
  const arms = catalogs.map((one) => {
    const { schema, table } = one;
    return sql`select ${literal(`${schema}.${table}`)} as name, count(*)::text as rows, (count(*) filter (where age(x.xmin) <= age(${literal(since)}::xid)))::text as written
      from ${id(schema, table)} x where ${numbered(one)}`;
  });
  const rows = await session.query<Counts & { readonly name: string }>(unionAll(arms));
  return new Map(rows.map(({ name, ...counts }) => [name, counts]));
}

type Rows = ReadonlyMap<string, Readonly<Record<string, Json>>>;

async function rowsOf(session: Session, catalog: Catalog): Promise<Rows> {
  const { schema, table, columns } = catalog;
  const rows = await session.query<{ name: string; row: string }>(sql`
    select coalesce(${nameOf(catalog)}, 'a row of ' || ${literal(table)}) as name, to_jsonb(r)::text as row
    from ${id(schema, table)} x cross join lateral (select ${list(columns)}) r where ${made(catalog)}`);
  const found = new Map<string, Readonly<Record<string, Json>>>();
  for (const { name, row } of rows) {
    // rows without a name of their own: the first is called by it, the others by a number
    let unique = name;
    for (let n = 2; found.has(unique); n += 1) unique = `${name} (${n})`;
    found.set(unique, JSON.parse(row) as Record<string, Json>);
  }
  return found;
}

/** SQL: what PostgreSQL calls the object of a row. */
function nameOf({ schema, table, columns }: Catalog): Sql {
  if (schema !== 'pg_catalog') return sql`'a row of information_schema.' || ${literal(table)} || ': ' || md5(r::text)`;
  const own = literal(`pg_catalog.${table}`);
  if (columns.includes('oid')) return sql`pg_describe_object(${own}::regclass, x.oid, 0)`;
  switch (table) {
    case 'pg_attribute':
      return sql`pg_describe_object('pg_class'::regclass, x.attrelid, 0) || ' column ' || x.attnum`;
    case 'pg_ts_config_map':
      return sql`pg_describe_object('pg_ts_config'::regclass, x.mapcfg, 0) || ' mapping of token type ' || x.maptokentype || ', ' || x.mapseqno`;
    case 'pg_description':
    case 'pg_seclabel':
      return sql`'comment or label of ' || pg_describe_object(x.classoid, x.objoid, x.objsubid)`;
    case 'pg_aggregate':
      return sql`'aggregate ' || x.aggfnoid::regprocedure`;
    case 'pg_range':
      return sql`pg_describe_object('pg_type'::regclass, x.rngtypid, 0) || ' as a range'`;
    default:
      return sql`pg_describe_object('pg_class'::regclass, x.${id(keys[table] ?? 'oid')}, 0)`;
  }
}

function differing({ table }: Catalog, before: Rows, after: Rows): readonly Difference[] {
  const base = { in: 'schema', level: 'logical', kind: 'system object' } as const;
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((name): Difference[] => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === undefined || is === undefined)
      return [
        {
          ...base,
          name,
          property: null,
          before: was === undefined ? null : table,
          after: is === undefined ? null : table,
        },
      ];
    return Object.keys(was)
      .filter((column) => JSON.stringify(was[column]) !== JSON.stringify(is[column]))
      .map((property) => ({ ...base, name, property, before: was[property] ?? null, after: is[property] ?? null }));
  });
}
