import { id, literal, type Session, sql } from '../database/index.ts';
import { type NamedValue } from './named-values.ts';

/** Gives a row of its own each value that a migration names, as far as constraints let it. The session is outside of a transaction. */
export async function plantValues(session: Session, values: readonly NamedValue[]): Promise<void> {
  const rows = new Map<string, number>();
  for (const { schema, table, column, value } of distinct(values)) {
    const name = schema === null ? id(table) : id(schema, table);
    const at = rows.get(`${schema}.${table}`) ?? 0;
    try {
      await session.query(
        sql`update ${name} set ${id(column)} = ${literal(value)} where ctid = (select ctid from ${name} order by ctid offset ${at} limit 1)`,
      );
      rows.set(`${schema}.${table}`, at + 1);
    } catch {
      // no such column before the migration, or a constraint: the row keeps its value, and the next one may do
    }
  }
}

function distinct(values: readonly NamedValue[]): readonly NamedValue[] {
  return [...new Map(values.map((one) => [JSON.stringify(one), one])).values()];
}
