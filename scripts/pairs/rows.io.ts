import { openSession, type Connection, type Session, sql } from '../../src/database/index.ts';

interface Column {
  readonly relation: string;
  readonly name: string;
  readonly type: string;
  readonly category: string;
  /** `e` enum, `d` domain, `b` base. */
  readonly kind: string;
  readonly isRequired: boolean;
  readonly limit: number | null;
  readonly label: string | null;
  /** The column that a foreign key names, as SQL: relation and column. */
  readonly parent: string | null;
  readonly parentColumn: string | null;
}

const rowsOfATable = 3;

/**
 * Gives each empty table up to three rows, the same in each run: values by the type of the column, keys from the table that a foreign key
 * names. A table whose constraints do not take them stays empty. Answers how many tables have rows.
 */
export async function fillEmpty(connection: Connection): Promise<number> {
  const session = await openSession(connection, { applicationName: 'pairs', settings: { search_path: 'public' } });
  try {
    const tables = new Map<string, Column[]>();
    for (const column of await columnsOf(session))
      tables.set(column.relation, [...(tables.get(column.relation) ?? []), column]);
    const empty = new Set<string>();
    for (const relation of tables.keys()) if (await isEmpty(session, relation)) empty.add(relation);
    let filled = tables.size - empty.size;
    // parents come first: as long as a round fills a table, another may be possible
    for (let before = -1; before !== filled && empty.size > 0; ) {
      before = filled;
      for (const relation of empty) {
        if (!(await fillOne(session, relation, tables.get(relation) ?? []))) continue;
        empty.delete(relation);
        filled += 1;
      }
    }
    return filled;
  } finally {
    await session.close();
  }
}

/** Takes the rows out of all tables. */
export async function emptyAll(connection: Connection): Promise<void> {
  const session = await openSession(connection, { applicationName: 'pairs' });
  try {
    const found = await session.query<{ all: string | null }>(
      sql`select string_agg(format('%I.%I', n.nspname, c.relname), ', ') as all from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
    );
    if (typeof found[0]?.all === 'string') await session.run(`truncate ${found[0].all} cascade`);
  } finally {
    await session.close();
  }
}

async function columnsOf(session: Session): Promise<readonly Column[]> {
  return session.query<Column>(sql`
    select format('%I.%I', n.nspname, c.relname) as relation, quote_ident(a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
      t.typcategory as category, t.typtype as kind, a.attnotnull as "isRequired",
      case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > 4 then a.atttypmod - 4 end as limit,
      (select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder limit 1) as label,
      k.parent, k."parentColumn"
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    join pg_type t on t.oid = a.atttypid
    left join lateral (
      select f.confrelid::regclass::text as parent, quote_ident(p.attname) as "parentColumn" from pg_constraint f
      cross join lateral unnest(f.conkey, f.confkey) as u(child, parent) join pg_attribute p on p.attrelid = f.confrelid and p.attnum = u.parent
      where f.conrelid = c.oid and f.contype = 'f' and u.child = a.attnum order by cardinality(f.conkey) limit 1) k on true
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and a.attnum > 0 and not a.attisdropped
      and a.attidentity = '' and a.attgenerated = ''
      and not exists (select from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum and pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')
    order by 1, a.attnum`);
}

async function isEmpty(session: Session, relation: string): Promise<boolean> {
  return (await session.rows(`select 1 from ${relation} limit 1`, { maxRows: 1 })).length === 0;
}

/** Tries all columns, then only those that must have a value. */
async function fillOne(session: Session, relation: string, columns: readonly Column[]): Promise<boolean> {
  let done = 0;
  for (let n = 1; n <= rowsOfATable; n += 1) {
    // the last row leaves out what may be missing
    const few = columns.filter(({ isRequired }) => isRequired);
    const choices = n === rowsOfATable ? [few, columns] : [columns, few];
    for (const chosen of choices) {
      if (!(await insert(session, { relation, chosen, n }))) continue;
      done += 1;
      break;
    }
  }
  return done > 0;
}

async function insert(
  session: Session,
  { relation, chosen, n }: { readonly relation: string; readonly chosen: readonly Column[]; readonly n: number },
): Promise<boolean> {
  const list =
    chosen.length === 0
      ? 'default values'
      : `(${chosen.map(({ name }) => name).join(', ')}) values (${chosen.map((one) => valueOf(one, n)).join(', ')})`;
  try {
    await session.run(`insert into ${relation} ${list}`);
    return true;
  } catch {
    // a constraint or a trigger does not take it: the table keeps what it has
    return false;
  }
}

function valueOf(column: Column, n: number): string {
  const { parent, parentColumn, type, category, label } = column;
  if (parent !== null) return `(select ${parentColumn} from ${parent} order by 1 offset ${n - 1} limit 1)`;
  if (label !== null) return `'${label.replaceAll("'", "''")}'`;
  if (category === 'A') return `'{}'`;
  const text = `${column.name.replaceAll(/[^a-z_]/g, '')}-${n}`;
  if (category === 'S') return `'${column.limit === null ? text : text.slice(-column.limit)}'`;
  if (category === 'N') return String(n);
  if (category === 'B') return n % 2 === 0 ? 'true' : 'false';
  if (category === 'D') return `timestamp '2026-01-0${n} 10:00:00'`;
  if (category === 'T') return `interval '${n} hours'`;
  if (category === 'I') return `'10.0.0.${n}'`;
  if (type === 'uuid') return `md5('${text}')::uuid`;
  if (type === 'bytea') return `decode(md5('${text}'), 'hex')`;
  if (type.startsWith('json')) return `'{"n": ${n}}'`;
  return `'${n}'`;
}
