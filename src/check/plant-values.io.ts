import { fixed, id, literal, type Session, sql } from '../database/index.ts';
import { type NamedReference } from './named-references.ts';
import { type NamedValue } from './named-values.ts';

/** Gives a row of its own each value that a migration names, as far as constraints let it. The session is outside of a transaction. */
export async function plantValues(session: Session, values: readonly NamedValue[]): Promise<void> {
  const taken = new Map<string, string[]>();
  for (const { schema, table, column, value } of distinct(values)) {
    const name = schema === null ? id(table) : id(schema, table);
    const places = taken.get(`${schema}.${table}`) ?? [];
    try {
      // the new version of a row stands somewhere else
      const [row] = await session.query<{ place: string }>(sql`
        update ${name} set ${id(column)} = ${literal(value)} where (tableoid, ctid) = (
          select tableoid, ctid from ${name} where tableoid || '/' || ctid <> all (${places}::text[]) order by tableoid, ctid limit 1)
        returning tableoid || '/' || ctid as place`);
      if (row !== undefined) taken.set(`${schema}.${table}`, [...places, row.place]);
    } catch {
      // no such column before the migration, or a constraint: the row keeps its value, and the next one may do
    }
  }
}

function distinct(values: readonly NamedValue[]): readonly NamedValue[] {
  return [...new Map(values.map((one) => [JSON.stringify(one), one])).values()];
}

/** Lets rows refer to rows that there are, for foreign keys that a migration adds; one does not, where the migration cleans such rows up. The session is outside of a transaction. */
export async function plantReferences(session: Session, references: readonly NamedReference[]): Promise<void> {
  for (const { table, columns, parent, keys, cleans } of references) {
    const [own, other] = [id(...table).text, id(...parent).text];
    try {
      const pk = keys.length > 0 ? keys.map((key) => id(key).text) : await primaryKey(session, other);
      const list = columns.map((column) => id(column).text);
      const equal = list.map((column, at) => `p.${pk[at]} = t.${column}`).join(' and ');
      const orphans = cleans ? sql`o.n > 1 and` : sql``;
      const all = list.map((column) => `t.${column} is not null`).join(' and ');
      await session.query(sql`
        with parents as (select row_number() over () as n, ${fixed(pk.join(', '))} from ${fixed(other)}),
          orphans as (select t.ctid as place, row_number() over () as n from only ${fixed(own)} t
            where ${fixed(all)} and not exists (select from ${fixed(other)} p where ${fixed(equal)}))
        update only ${fixed(own)} set (${fixed(list.join(', '))}) = row (${fixed(pk.map((key) => `p.${key}`).join(', '))})
        from orphans o join parents p on p.n = (o.n - 1) % (select count(*) from parents) + 1
        where ${orphans} ${fixed(own)}.ctid = o.place`);
    } catch {
      // no such column before the migration, another type, or a constraint: the rows stay as they are
    }
  }
}

async function primaryKey(session: Session, table: string): Promise<readonly string[]> {
  const rows = await session.query<{ name: string }>(sql`
    select quote_ident(a.attname) as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = ${table}::regclass and i.indisprimary order by array_position(i.indkey::int2[], a.attnum)`);
  return rows.map(({ name }) => name);
}
