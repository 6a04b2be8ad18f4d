import { type Connection, id, openSession, type Session, type Sql, sql } from '../database/index.ts';

/**
 * Names the columns of one relation whose values differ between two databases, each column by itself as a multiset. Rows that differ only
 * in what stands beside what name no column.
 *
 * Shape   sorted; columns that one side lacks are not named.
 */
export async function differingColumns(
  before: Connection,
  after: Connection,
  relation: { readonly schema: string; readonly table: string },
): Promise<readonly string[]> {
  const sessions = await Promise.all(
    [before, after].map((side) => openSession(side, { applicationName: 'oneroof proof' })),
  );
  try {
    const [was, is] = await Promise.all(sessions.map((session) => sumsOf(session, relation)));
    return Object.keys(was ?? {}).filter((column) => is?.[column] !== undefined && is[column] !== was?.[column]);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

async function sumsOf(
  session: Session,
  relation: { readonly schema: string; readonly table: string },
): Promise<Readonly<Record<string, string>>> {
  const { schema, table } = relation;
  const columns = await session.query<{ name: string }>(sql`
    select attname as name from pg_attribute where attnum > 0 and not attisdropped
      and attrelid = (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${schema} and c.relname = ${table})
    order by attname collate "C"`);
  if (columns.length === 0) return {};
  const members = columns
    .map(({ name }) => sql`sum(hashtextextended(row(t.${id(name)})::text collate "C", 0))::text`)
    .reduce<Sql | null>((all, next) => (all === null ? next : sql`${all}, ${next}`), null);
  const [row] = await session.query<{ sums: string }>(
    sql`select array_to_json(array[${members ?? sql``}])::text as sums from only ${id(schema, table)} t`,
  );
  const list = JSON.parse(row?.sums ?? '[]') as (string | null)[];
  return Object.fromEntries(columns.map(({ name }, index) => [name, list[index] ?? '']));
}
