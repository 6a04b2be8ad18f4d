import { printable } from '../core/index.ts';
import { type Session } from './session.io.ts';
import { id, sql } from './sql.ts';

/** A sequence that will give values which its column has already. */
export interface Behind {
  /** Quoted as in SQL. */
  readonly sequence: string;
  /** The table, quoted as in SQL. */
  readonly table: string;
  readonly column: string;
  readonly text: string;
  /** The statement that moves it on. */
  readonly fix: string;
}

interface Fed {
  readonly sequence_schema: string;
  readonly sequence: string;
  readonly table_schema: string;
  readonly table: string;
  readonly column: string;
}

/**
 * Finds the sequences that are behind the values of their columns, as after a restore of rows alone: a row that takes such a value fails. Read are
 * identity columns and defaults with nextval(), of columns that a unique index holds by themselves, as far as the current role may read both.
 *
 * Shape   `of`: these tables alone, quoted as in SQL; null: all.
 * Source  PostgreSQL manual, "Sequence Manipulation Functions": nextval() is never undone; pg_depend, whose `i` is an identity.
 */
export async function findBehind(
  reading: Pick<Session, 'query'>,
  of: readonly string[] | null,
): Promise<readonly Behind[]> {
  const fed = await reading.query<Record<keyof Fed, string>>(sql`
    with feeds as (
      select d.objid as sequence, d.refobjid as relation, d.refobjsubid as attnum from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refclassid = d.classid and d.deptype = 'i' and d.refobjsubid > 0
      union
      select d.refobjid, a.adrelid, a.adnum from pg_catalog.pg_depend d join pg_catalog.pg_attrdef a on a.oid = d.objid
      where d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
    select sn.nspname as sequence_schema, s.relname as sequence, n.nspname as table_schema, c.relname as table, a.attname as column
    from feeds f join pg_catalog.pg_class s on s.oid = f.sequence and s.relkind = 'S' join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
      join pg_catalog.pg_sequence q on q.seqrelid = s.oid and q.seqincrement > 0 and not q.seqcycle
      join pg_catalog.pg_class c on c.oid = f.relation and c.relkind in ('r', 'p') join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = f.attnum
        and a.atttypid in ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype)
    where n.nspname !~ '^pg_' and n.nspname <> 'gate'
      and exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indkey[0] = a.attnum and i.indpred is null)
      and (${of}::text[] is null or pg_catalog.format('%I.%I', n.nspname, c.relname) = any (${of}::text[]))
      and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_schema_privilege(sn.oid, 'usage')
      and pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_sequence_privilege(s.oid, 'select')
      and not pg_catalog.row_security_active(c.oid)
    order by 3, 4, 5`);
  const found: Behind[] = [];
  for (const one of fed) {
    const [sequence, table] = [id(one.sequence_schema, one.sequence), id(one.table_schema, one.table)];
    const [row] = await reading.query<Record<'sequence' | 'table' | 'column', string>>(sql`
      select pg_catalog.format('%I.%I', ${one.sequence_schema}::text, ${one.sequence}::text) as sequence,
        pg_catalog.format('%I.%I', ${one.table_schema}::text, ${one.table}::text) as table, pg_catalog.quote_ident(${one.column}) as column
      from ${sequence} s cross join pg_catalog.pg_sequence q
      where q.seqrelid = pg_catalog.format('%I.%I', ${one.sequence_schema}::text, ${one.sequence}::text)::pg_catalog.regclass
        and exists (select from ${table} t where t.${id(one.column)} >= s.last_value + case when s.is_called then q.seqincrement else 0 end)`);
    if (row !== undefined) found.push({ ...row, ...explained(row) });
  }
  return found;
}

function explained(of: Record<'sequence' | 'table' | 'column', string>): Pick<Behind, 'text' | 'fix'> {
  const { sequence, table, column } = of;
  return {
    text: printable(`sequence ${sequence} is behind ${table}.${column}: it will give values that rows have already`),
    fix: printable(
      `select setval('${sequence.replaceAll("'", "''")}', (select max(${column}) from ${table})); -- as the owner of the sequence`,
    ),
  };
}
