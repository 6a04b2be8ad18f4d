import { OneRoofError, printable, stated } from '../../core/index.ts';
import { fixed, id, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { requireKeys } from './mask-keys.io.ts';
import { maskProblem } from './mask-plan.ts';
import { type MaskTarget } from './mask-targets.io.ts';
import { sleepingTriggers } from './sleeping-triggers.io.ts';

/** What was done to one column. */
export interface MaskedColumn {
  /** As oneroof.yaml writes it. */
  readonly column: string;
  readonly rows: number;
  /** Rows whose value is not null and as in production: the expression gave the same. Where a program masked it: values that are in production too, in whatever row. */
  readonly unchanged: number;
}

/**
 * Replaces the values, in one transaction: one UPDATE for each table, without its triggers and rules. Keys must hold afterwards, and materialized
 * views are computed again, all of them: a function hides which of them read a masked column.
 *
 * Errors  CLONE_MASK_INVALID, CLONE_MASK_FAILED. What the server says of rows is not repeated: it may hold values.
 */
export async function maskRows(
  session: Session,
  targets: readonly MaskTarget[],
): Promise<{ readonly columns: readonly MaskedColumn[]; readonly views: readonly string[] }> {
  await session.query(sql`begin`);
  await session.query(sql`set local session_replication_role = replica`);
  const sleeping = await sleepingTriggers(session, targets);
  await sleeping.suspend();
  for (const target of targets) await requireExpressions(session, target);
  const columns: MaskedColumn[] = [];
  for (const target of targets) columns.push(...(await updateTable(session, target)));
  await checkDeferred(session, targets);
  await requireKeys(session, targets);
  const views = await refreshViews(session);
  await sleeping.resume();
  await session.query(sql`commit`);
  return { columns, views };
}

/** PostgreSQL plans each expression alone before a row is read, so what it says of one holds no value. */
async function requireExpressions(session: Session, { name, columns }: MaskTarget): Promise<void> {
  for (const { written, column, expression } of columns) {
    await session.query(sql`savepoint mask`);
    try {
      await session.query(sql`explain update ${fixed(name)} set ${id(column)} = ${bracketed(expression)}`);
    } catch (error) {
      const said = printable(String((error as Error).message));
      throw OneRoofError.of([
        maskProblem(
          written,
          `PostgreSQL refuses ${printable(expression)}: ${said}`,
          'correct the expression; a function outside pg_catalog needs its schema',
        ),
      ]);
    }
    await session.query(sql`rollback to savepoint mask`);
  }
}

/** An expression of oneroof.yaml, which PostgreSQL's parser has read as one. The line break ends a comment in it. */
const bracketed = (expression: string): ReturnType<typeof fixed> => fixed(`(${expression}\n)`);

async function updateTable(session: Session, target: MaskTarget): Promise<readonly MaskedColumn[]> {
  const { name, table, columns } = target;
  const list = (part: (column: string, n: number) => string): string =>
    columns.map(({ column }, n) => part(id(column).text, n)).join(', ');
  const set = columns.map(({ column, expression }) => `${id(column).text} = (${expression}\n)`).join(', ');
  const own = id(table).text;
  // the old row beside the new one, so that what an expression leaves as it was is counted and not guessed
  const text = `
    with masked as (
      update ${name} set ${set}
      from (select tableoid as oneroof_table, ctid as oneroof_row, ${list((column, n) => `${column} as oneroof_old_${n}`)} from ${name}) as oneroof_old
      where oneroof_old.oneroof_row = ${own}.ctid and oneroof_old.oneroof_table = ${own}.tableoid
      returning ${list((column, n) => `oneroof_old_${n} is distinct from null as had_${n}, ${own}.${column}::text is not distinct from oneroof_old_${n}::text as same_${n}`)}
    ) select count(*)::text, ${list((_, n) => `count(*) filter (where had_${n})::text, count(*) filter (where had_${n} and same_${n})::text`)} from masked`;
  const [row = []] = await session.rows(text, { maxRows: 1 }).catch((error: unknown) => {
    throw refused(error, name);
  });
  const [rows, ...counts] = row.map(Number);
  return columns.map(({ written }, n) => {
    const [had = 0, unchanged = 0] = counts.slice(2 * n);
    if (had > 0 && unchanged === had)
      throw OneRoofError.of([
        maskProblem(
          written,
          `the expression changes no value of ${had} rows`,
          'correct the expression, or remove the column from clone.mask',
        ),
      ]);
    return { column: written, rows: rows ?? 0, unchanged };
  });
}

/** Unique keys that wait for the end of a transaction have triggers for that, which do not run here; and VACUUM FULL does not check what it builds. */
export async function checkDeferred(session: Session, targets: readonly MaskTarget[]): Promise<void> {
  const oids = targets.flatMap(({ tables }) => tables.map(({ oid }) => oid));
  const indexes = await session.query<{ name: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where i.indrelid = any(${oids}::oid[]) and not i.indimmediate order by 1`);
  for (const { name } of indexes)
    await session.query(sql`reindex index ${fixed(name)}`).catch((error: unknown) => {
      throw refused(error, `index ${name}`);
    });
}

/** Every materialized view that has rows, after those that it reads. */
export async function refreshViews(session: Session): Promise<readonly string[]> {
  const views = await session.query<{ name: string }>(sql`
    with recursive edge as (
      select distinct r.ev_class as view, d.refobjid as base from pg_catalog.pg_rewrite r
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
      where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> r.ev_class
    ), walk as (
      select oid, 0 as depth from pg_catalog.pg_class where relkind in ('v', 'm')
      union select e.view, w.depth + 1 from walk w join edge e on e.base = w.oid
    )
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name from walk w
    join pg_catalog.pg_class c on c.oid = w.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'm' and c.relispopulated group by c.oid, n.nspname, c.relname order by max(w.depth), c.oid`);
  for (const { name } of views)
    await session.query(sql`refresh materialized view ${fixed(name)}`).catch((error: unknown) => {
      throw refused(error, `materialized view ${name}`);
    });
  return views.map(({ name }) => name);
}

/** What a server says of an error beside its words. */
interface Refusal {
  readonly constraint?: string;
  readonly column?: string;
}

const fixes: Readonly<Record<string, string>> = {
  '23505': "give each row a value of its own, for example with its key: 'user' || id",
  '23502': 'give a value that is not null',
};

/** The words of the server stay out: `Failing row contains (…)` and `invalid input syntax …: "…"` hold values. */
export function refused(error: unknown, where: string): unknown {
  const state = sqlStateOf(error);
  if (error instanceof OneRoofError || state === '') return error;
  const { constraint, column } = error as Refusal;
  const what = constraint ?? (column === undefined ? '' : `not null of column ${column}`);
  return new OneRoofError('CLONE_MASK_FAILED', {
    ...stated`${{ column: printable(where) }} cannot be masked: ${what === '' ? `SQLSTATE ${state}` : `constraint ${printable(what)} would be broken (SQLSTATE ${state})`}`,
    fix:
      fixes[state] ??
      'correct the expressions of clone.mask in oneroof.yaml; run them by hand on a copy to see what the server says, which is not shown here because it may hold values of production',
  });
}
