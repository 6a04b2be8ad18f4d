import { isNonEmpty, OneRoofError, type Problem, printable } from '../../core/index.ts';
import { id, type Session, sql } from '../../database/index.ts';
import { loadParser } from '../../release/index.ts';
import { type MaskSetup } from '../../setup/index.ts';
import { byTable, type ColumnMask, maskProblem, readMasks, type TableMask } from './mask-plan.ts';

/** A relation, by its number and its quoted name. */
export interface MaskedRelation {
  readonly oid: string;
  readonly name: string;
}

/** The masks of one table, and what has their values. */
export interface MaskTarget extends TableMask {
  readonly name: string;
  /** The tables with rows: itself, its partitions and all tables that inherit from it. */
  readonly tables: readonly MaskedRelation[];
  /** These, and every parent above and between them: constraints and statistics of a parent are about its children too. */
  readonly all: readonly MaskedRelation[];
}

/**
 * Finds the tables and columns of masks.
 *
 * Errors  CLONE_MASK_INVALID, with every problem: a name, an expression, or a column that cannot be masked.
 */
export async function findMaskTargets(
  session: Session,
  mask: Pick<MaskSetup, 'columns'>,
): Promise<readonly MaskTarget[]> {
  const masks = readMasks(await loadParser(), mask);
  const problems: Problem[] = [];
  const targets: MaskTarget[] = [];
  for (const table of byTable(masks)) {
    const target = await findTarget(session, table, problems);
    if (target !== null) targets.push(target);
  }
  problems.push(...maskedTwice(targets));
  if (isNonEmpty(problems)) throw OneRoofError.of(problems);
  return targets;
}

interface Relation extends MaskedRelation {
  readonly kind: string;
  readonly below: string;
}

async function findTarget(session: Session, table: TableMask, problems: Problem[]): Promise<MaskTarget | null> {
  const name = `${table.schema}.${table.table}`;
  const refuse = (problem: string, fix: string): null => {
    problems.push(...table.columns.map(({ written }) => maskProblem(written, problem, fix)));
    return null;
  };
  if (/^(pg_.*|information_schema|gate)$/.test(table.schema))
    return refuse(`schema ${printable(table.schema)} is not of the application`, 'mask tables of the application');
  const relations = await readTree(session, table);
  const [self] = relations;
  if (self === undefined) return refuse(`there is no table ${printable(name)}`, howToName);
  if (self.kind !== 'r' && self.kind !== 'p')
    return refuse(`${printable(name)} is not a table`, 'mask the table that the values come from');
  const foreign = relations.find(({ kind, below }) => kind === 'f' && below === 'true');
  if (foreign !== undefined)
    return refuse(
      `${printable(foreign.name)}, a part of ${printable(name)}, is a foreign table: its rows are on another server`,
      'name the parts that have rows here, each of its own',
    );
  problems.push(...(await findColumnProblems(session, { table, oid: self.oid })));
  return {
    ...table,
    name: self.name,
    tables: relations.filter(({ kind, below }) => kind === 'r' && below === 'true'),
    all: relations,
  };
}

const howToName =
  'write schema.table.column as SQL has it: a name that is not lower case is quoted, app."Users"."E-Mail"';

/** The table first, then what is below and above it. */
function readTree(session: Session, { schema, table }: TableMask): Promise<Relation[]> {
  return session.query<Relation>(sql`
    with recursive self as (
      select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = ${table}
    ), below as (
      select oid from self
      union select i.inhrelid from below b join pg_catalog.pg_inherits i on i.inhparent = b.oid
    ), above as (
      select oid from below
      union select i.inhparent from above a join pg_catalog.pg_inherits i on i.inhrelid = a.oid
    )
    select c.oid::text as oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relkind::text as kind,
           (c.oid in (select oid from below))::text as below
    from above a join pg_catalog.pg_class c on c.oid = a.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    order by c.oid not in (select oid from self), c.oid`);
}

async function findColumnProblems(
  session: Session,
  { table, oid }: { readonly table: TableMask; readonly oid: string },
): Promise<readonly Problem[]> {
  const columns = await session.query<{ name: string; generated: string }>(sql`
    select attname as name, attgenerated::text as generated from pg_catalog.pg_attribute
    where attrelid = ${oid}::oid and attnum > 0 and not attisdropped`);
  return table.columns.flatMap(({ written, column }) => {
    const found = columns.find(({ name }) => name === column);
    if (found === undefined)
      return [maskProblem(written, `table ${printable(table.table)} has no column ${printable(column)}`, howToName)];
    return found.generated === ''
      ? []
      : [maskProblem(written, 'the column is generated', 'mask the columns that it is computed from: it follows them')];
  });
}

/** One column by two expressions: through a table and its part, or by two ways to write its name. */
function maskedTwice(targets: readonly MaskTarget[]): readonly Problem[] {
  const seen = new Map<string, ColumnMask>();
  return targets.flatMap(({ columns, tables }) =>
    columns.flatMap((mask) => {
      const keys = [
        ...new Set(tables.map(({ oid }) => `${oid} ${mask.column}`)),
        id(mask.schema, mask.table, mask.column).text,
      ];
      const other = keys.flatMap((key) => seen.get(key) ?? [])[0];
      for (const key of keys) seen.set(key, mask);
      return other === undefined
        ? []
        : [maskProblem(mask.written, `${printable(other.written)} masks the same column`, 'keep one of the two')];
    }),
  );
}
