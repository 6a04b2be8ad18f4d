import { type Connection, fixed, id, openSession, type Session, type Sql, sql } from '../../database/index.ts';

/**
 * Names the columns of one relation whose values differ between two databases, each column by itself as a multiset. Where none does, rows
 * differ in what stands beside what: then the columns are named without which they would be equal.
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
    const common = Object.keys(was ?? {}).filter((column) => is?.[column] !== undefined);
    const alone = common.filter((column) => was?.[column]?.alone !== is?.[column]?.alone);
    if (alone.length > 0) return alone;
    return common.filter((column) => was?.[column]?.without === is?.[column]?.without);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** Of the values of one column, and of the rows without it. */
interface Sums {
  readonly alone: string;
  readonly without: string;
}

async function sumsOf(
  session: Session,
  relation: { readonly schema: string; readonly table: string },
): Promise<Readonly<Record<string, Sums>>> {
  const { schema, table } = relation;
  const columns = await session.query<{ name: string }>(sql`
    select attname as name from pg_attribute where attnum > 0 and not attisdropped
      and attrelid = (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${schema} and c.relname = ${table})
    order by attname collate "C"`);
  if (columns.length === 0) return {};
  const names = columns.map(({ name }) => name);
  const sum = (some: readonly string[]): Sql =>
    sql`sum(hashtextextended(row(${fixed(some.map((name) => id('t', name).text).join(', '))})::text collate "C", 0))::text`;
  const members = names
    .map((name) => sql`${sum([name])}, ${sum(names.filter((other) => other !== name))}`)
    .reduce((all, next) => sql`${all}, ${next}`);
  const [row] = await session.query<{ sums: string }>(
    sql`select array_to_json(array[${members}])::text as sums from only ${id(schema, table)} t`,
  );
  const list = JSON.parse(row?.sums ?? '[]') as (string | null)[];
  return Object.fromEntries(
    names.map((name, at) => [name, { alone: list[at * 2] ?? '', without: list[at * 2 + 1] ?? '' }]),
  );
}
