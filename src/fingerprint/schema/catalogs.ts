import { fixed, id, literal, type Sql, sql } from '../../database/index.ts';

/** A catalogue of one database, with the columns by which its rows are compared. */
export interface Catalog {
  readonly schema: string;
  readonly table: string;
  readonly oid: string;
  readonly columns: readonly string[];
}

/** What holds no part of a definition: statistics, and large objects, which count as rows. */
const passedOver = ['pg_largeobject', 'pg_largeobject_metadata', 'pg_statistic', 'pg_statistic_ext_data'];

/** Columns that a server writes by itself; a relation's file says nothing about its definition. */
const written = `a.attname ~ '^rel(pages|tuples|allvisible|allfrozen|frozenxid|minmxid|filenode|rewrite)$' or a.attname = 'indcheckxmin'`;

/** SQL: the catalogues of a database, and the tables of information_schema; some only a superuser may read. */
export const catalogs =
  fixed(`select n.nspname as schema, c.relname as table, c.oid::text as oid, has_table_privilege(c.oid, 'SELECT')::text as readable, jsonb_agg(a.attname order by a.attnum)::text as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not (${written})
  where c.relkind = 'r' and not c.relisshared and c.oid < 16384 and n.nspname in ('pg_catalog', 'information_schema')
    and c.relname <> all ('{${passedOver.join(',')}}')
  group by n.nspname, c.relname, c.oid order by 1, 2`);

/** The column with the OID by which rows are looked up, for the catalogues whose rows have none of their own. */
const anchors: Readonly<Record<string, string>> = {
  pg_aggregate: 'aggfnoid',
  pg_attribute: 'attrelid',
  pg_depend: 'objid',
  pg_description: 'objoid',
  pg_foreign_table: 'ftrelid',
  pg_index: 'indexrelid',
  pg_inherits: 'inhrelid',
  pg_init_privs: 'objoid',
  pg_partitioned_table: 'partrelid',
  pg_range: 'rngtypid',
  pg_seclabel: 'objoid',
  pg_sequence: 'seqrelid',
  pg_ts_config_map: 'mapcfg',
};

/** What tells rows apart that have one anchor. */
const others: Readonly<Record<string, readonly string[]>> = {
  pg_attribute: ['attnum'],
  pg_depend: ['classid', 'objsubid', 'refclassid', 'refobjid', 'refobjsubid', 'deptype'],
  pg_description: ['classoid', 'objsubid'],
  pg_inherits: ['inhparent'],
  pg_init_privs: ['classoid', 'objsubid'],
  pg_seclabel: ['classoid', 'objsubid', 'provider'],
  pg_ts_config_map: ['maptokentype', 'mapseqno'],
};

/** The objects, beside a row's own, whose definition is made from it: the catalogue of each, and the column with its OID. */
const readers: Readonly<Record<string, readonly (readonly [catalog: string, column: string])[]>> = {
  pg_aggregate: [['pg_proc', 'aggfnoid']],
  pg_attrdef: [['pg_class', 'adrelid']],
  pg_attribute: [['pg_class', 'attrelid']],
  pg_constraint: [
    ['pg_class', 'conrelid'],
    ['pg_type', 'contypid'],
    ['pg_class', 'conindid'],
  ],
  pg_enum: [['pg_type', 'enumtypid']],
  pg_foreign_table: [['pg_class', 'ftrelid']],
  pg_index: [
    ['pg_class', 'indexrelid'],
    ['pg_class', 'indrelid'],
  ],
  pg_inherits: [
    ['pg_class', 'inhrelid'],
    ['pg_class', 'inhparent'],
  ],
  pg_operator: [
    ['pg_operator', 'oprcom'],
    ['pg_operator', 'oprnegate'],
  ],
  pg_partitioned_table: [['pg_class', 'partrelid']],
  pg_policy: [['pg_class', 'polrelid']],
  pg_range: [
    ['pg_type', 'rngtypid'],
    ['pg_type', 'rngmultitypid'],
  ],
  pg_rewrite: [['pg_class', 'ev_class']],
  pg_sequence: [['pg_class', 'seqrelid']],
  pg_trigger: [
    ['pg_class', 'tgrelid'],
    ['pg_constraint', 'tgconstraint'],
  ],
  pg_ts_config_map: [['pg_ts_config', 'mapcfg']],
};

/** The catalogues whose rows say something of an object of any catalogue. */
const sayings = ['pg_description', 'pg_init_privs', 'pg_seclabel'];

/** The OID by which rows are looked up; null for the tables of information_schema, and for a catalogue that we do not know. */
export function anchorOf({ table, columns }: Catalog): Sql | null {
  const column = columns.includes('oid') ? 'oid' : anchors[table];
  return column === undefined ? null : sql`x.${id(column)}::oid`;
}

/** SQL: `catalogue OID` of an object; the catalogue by name, or as SQL. */
function keyOf(catalog: Sql, oid: Sql): Sql {
  return sql`${catalog} || ' ' || (${oid})::text`;
}

const named = (catalog: string): Sql => sql`${literal(catalog)}`;

/** SQL: the keys of the objects whose definition is made from a row. */
function concerns(catalog: Catalog): Sql {
  const { table, columns } = catalog;
  if (sayings.includes(table)) return sql`array[${keyOf(sql`x.classoid::regclass::text`, sql`x.objoid`)}]`;
  if (table === 'pg_depend')
    return sql`array[${keyOf(sql`x.classid::regclass::text`, sql`x.objid`)}, ${keyOf(sql`x.refclassid::regclass::text`, sql`x.refobjid`)}]`;
  const own = columns.includes('oid') ? [keyOf(named(table), sql`x.oid`)] : [];
  const more = (readers[table] ?? []).map(([of, column]) => keyOf(named(of), sql`x.${id(column)}::oid`));
  const all = [...own, ...more];
  if (all.length === 0) return sql`'{}'::text[]`;
  return sql`array[${all.reduce((list, next) => sql`${list}, ${next}`)}]`;
}

/** SQL: a row that says something of a definition. A dependency does for members of an extension, what it needs, whose sequence, whose class. */
function meant({ table }: Catalog): Sql {
  if (table !== 'pg_depend') return sql`true`;
  return sql`(x.deptype in ('e', 'x') or x.refclassid = 'pg_opclass'::regclass
    or x.deptype in ('a', 'i') and x.classid = 'pg_class'::regclass and x.refclassid = 'pg_class'::regclass and x.refobjsubid > 0)`;
}

/** SQL: the name of a catalogue, which each answer begins with. */
const titleOf = ({ schema, table }: Catalog): Sql => sql`${literal(`${schema}.${table}`)} as catalog`;

/** SQL: a row that was written since a transaction. */
const writtenSince = (since: string): Sql => sql`age(x.xmin) <= age(${literal(since)}::xid)`;

/** Which rows of a catalogue are meant: those of some objects, or in some blocks. */
export type Chosen =
  | { readonly anchors: readonly string[] }
  | { readonly blocks: readonly (readonly [first: number, after: number])[] }
  | 'all';

/**
 * Asks for rows of a catalogue.
 *
 * Shape   catalog, key (what tells it apart from the others), concerns (`catalogue OID` of the objects whose definition is made from it), and the
 *         row as JSON.
 */
export function catalogRows(catalog: Catalog, chosen: Chosen): Sql {
  const { schema, table, columns } = catalog;
  const anchor = anchorOf(catalog);
  const list = fixed(columns.map((column) => id('x', column).text).join(', '));
  const key =
    anchor === null
      ? sql`md5(to_jsonb(r)::text)`
      : sql`concat_ws(' ', ${anchor}, ${fixed(
          ['null', ...(others[table] ?? []).map((column) => id('x', column).text)].join(', '),
        )})`;
  const columnsOf = sql`${titleOf(catalog)}, ${key} as key, to_jsonb(${concerns(catalog)})::text as concerns, to_jsonb(r)::text as row`;
  const from = sql`${id(schema, table)} x`;
  const row = sql`cross join lateral (select ${list}) r`;
  const counted = meant(catalog);
  if (chosen === 'all') return sql`select ${columnsOf} from ${from} ${row} where ${counted}`;
  if ('anchors' in chosen)
    return sql`select ${columnsOf} from ${from} ${row} where ${anchor ?? sql`null::oid`} = any(${chosen.anchors}::oid[]) and ${counted}`;
  return sql`select b.* from unnest(${chosen.blocks.map(([first]) => first)}::bigint[], ${chosen.blocks.map(([, after]) => after)}::bigint[]) g(first, after)
    cross join lateral (select ${columnsOf} from ${from} ${row}
      where x.ctid >= format('(%s,0)', g.first)::tid and x.ctid < format('(%s,0)', g.after)::tid and ${counted}) b`;
}

/** Asks how many rows a catalogue has, and how many were written since a transaction. */
export function countsOf(catalog: Catalog, since: string): Sql {
  return sql`select ${titleOf(catalog)}, count(*)::text as rows, (count(*) filter (where ${writtenSince(since)}))::text as written
    from ${id(catalog.schema, catalog.table)} x where ${meant(catalog)}`;
}

/** Asks for the anchors of a catalogue, each with its number of rows; of all rows, or of those written since a transaction. */
export function anchorsIn(catalog: Catalog, since: string | null): Sql {
  return sql`select ${titleOf(catalog)}, ${anchorOf(catalog) ?? sql`null::oid`}::text as anchor, count(*)::text as rows
    from ${id(catalog.schema, catalog.table)} x where ${meant(catalog)} and ${since === null ? sql`true` : writtenSince(since)} group by 2`;
}
