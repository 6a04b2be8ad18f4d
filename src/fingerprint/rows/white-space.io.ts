import { fixed, id, type Session, sql } from '../../database/index.ts';
import { type WhiteSpace } from '../fingerprint.ts';
import { shapeOf } from './examples.sql.ts';
import { type RelationShape } from './examples.ts';

/** White space that is in no string of a json text: what is in one is put back. */
const compact = (column: string): string =>
  `pg_catalog.regexp_replace(${column}::text, '("(?:[^"\\\\]|\\\\.)*")|[ \\t\\n\\r]+', '\\1', 'g')`;

/** So many different values of one column are compared to count the rows. */
const mostValues = 100_000;

/**
 * Says whether a relation of two databases differs in nothing but white space of json columns, which json keeps and jsonb does not.
 *
 * Shape   null where anything else differs.
 */
export async function whiteSpaceOnly(before: Session, after: Session, relation: string): Promise<WhiteSpace | null> {
  const [old] = await before.query<{ shape: string }>(shapeOf(relation));
  const [row] = await after.query<{ shape: string; json: string }>(sql`
    select s.shape, (select coalesce(jsonb_agg(a.attname order by a.attnum), '[]') from pg_catalog.pg_attribute a
      where a.attrelid = ${relation}::regclass and a.attnum > 0 and not a.attisdropped and a.atttypid = 'pg_catalog.json'::regtype)::text as json
    from (${shapeOf(relation)}) s`);
  if (row === undefined || old === undefined) return null;
  const shape = JSON.parse(row.shape) as RelationShape;
  const isSame =
    (JSON.parse(old.shape) as RelationShape).columns.toSorted().join('\0') === shape.columns.toSorted().join('\0');
  if (!isSame) return null;
  const json = JSON.parse(row.json) as readonly string[];
  if (json.length === 0) return null;
  const table = id(shape.schema, shape.table);
  const [was, is] = [await contentOf(before, { table, shape, json }), await contentOf(after, { table, shape, json })];
  if (was !== is) return null;
  const found: { readonly column: string; readonly rows: number | null }[] = [];
  for (const column of json) {
    const [first, last] = [await valuesOf(before, { table, column }), await valuesOf(after, { table, column })];
    const rows = [...last].reduce((sum, [value, count]) => sum + Math.max(0, count - (first.get(value) ?? 0)), 0);
    const isCounted = Math.max(first.size, last.size) < mostValues;
    if (rows > 0) found.push({ column, rows: isCounted ? rows : null });
  }
  if (found.length === 0) return null;
  const counts = found.flatMap(({ rows }) => rows ?? []);
  return {
    columns: found.map(({ column }) => column),
    rows: counts.length < found.length ? null : Math.max(...counts),
  };
}

async function contentOf(
  session: Session,
  of: { readonly table: ReturnType<typeof id>; readonly shape: RelationShape; readonly json: readonly string[] },
): Promise<string> {
  const texts = of.shape.columns.map((name) =>
    of.json.includes(name) ? fixed(compact(id(name).text)) : sql`${id(name)}::text`,
  );
  const list = texts.reduce((all, next) => sql`${all}, ${next}`);
  const [row] = await session.query<{ content: string }>(sql`
    select concat_ws(' ', count(*), sum(hashtextextended(row(${list})::text, 0)::numeric), sum(hashtextextended(row(${list})::text, 1)::numeric)) as content
    from only ${of.table}`);
  return row?.content ?? '';
}

async function valuesOf(
  session: Session,
  of: { readonly table: ReturnType<typeof id>; readonly column: string },
): Promise<ReadonlyMap<string, number>> {
  const rows = await session.query<{ value: string; count: string }>(sql`
    select coalesce(hashtextextended(${id(of.column)}::text, 0)::text, '') as value, count(*)::text as count
    from only ${of.table} group by 1 limit ${mostValues}`);
  return new Map(rows.map(({ value, count }) => [value, Number(count)]));
}
