import { type Parser } from '../release/index.ts';
import { type Sent } from './sent.ts';

/** A value that a statement asks rows for, or gives them. */
export interface NamedValue {
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
  readonly value: string;
}

export type SyntaxTree = Readonly<Record<string, unknown>>;

/** The statements of a script, and those inside of its blocks and functions. */
export function withBodies(parser: Parser, script: readonly Sent[]): readonly Sent[] {
  return script.flatMap((sent) => {
    if (sent.kind !== 'DoStmt' && sent.kind !== 'CreateFunctionStmt') return [sent];
    const inner = (parser.bodyTexts(sent.sql) ?? []).flatMap((text) => parser.tryParse(text) ?? []);
    return [sent, ...inner.map(({ step, tree }) => ({ ...sent, sql: step.sql, kind: step.kind, tree }))];
  });
}

/**
 * The values that UPDATE, DELETE and INSERT statements of a migration name: `set kind = 3 where kind = 1` names 1 and 3 of `kind`. Rows that have none of
 * them would show nothing of such a statement, and rows that have one of them before show whether the down can tell them apart.
 */
export function namedValues(of: {
  readonly up: readonly Sent[];
  readonly down: readonly Sent[];
}): readonly NamedValue[] {
  return namedBy(namingStatements(of));
}

/** The statements of a migration that name rows. */
export function namingStatements(of: {
  readonly up: readonly Sent[];
  readonly down: readonly Sent[];
}): readonly Sent[] {
  const made = new Set(of.up.flatMap(insertedInto));
  // an up that inserts a row whether it is there or not takes for granted that it is not: the down may delete it by its name
  const down = of.down.filter((sent) => sent.kind !== 'DeleteStmt' || !made.has(tableOf(sent)));
  return [...of.up, ...down].filter(({ kind }) => naming.has(kind));
}

const naming: ReadonlySet<string> = new Set(['UpdateStmt', 'DeleteStmt', 'InsertStmt']);

/** The table that a statement inserts into without asking what is there. */
function insertedInto(sent: Sent): readonly string[] {
  if (sent.kind !== 'InsertStmt') return [];
  const { onConflictClause, selectStmt } = sent.tree['InsertStmt'] as {
    readonly onConflictClause?: SyntaxTree;
    readonly selectStmt?: { readonly SelectStmt?: { readonly whereClause?: SyntaxTree } };
  };
  const asks = onConflictClause !== undefined || selectStmt?.SelectStmt?.whereClause !== undefined;
  return asks ? [] : [tableOf(sent)];
}

function tableOf({ kind, tree }: Sent): string {
  const { relation } = tree[kind] as {
    readonly relation?: { readonly schemaname?: string; readonly relname?: string };
  };
  return JSON.stringify([relation?.schemaname ?? 'public', relation?.relname ?? '']);
}

function namedBy(all: readonly Sent[]): readonly NamedValue[] {
  return all.flatMap((sent) => {
    const { kind, tree } = sent;
    const { relation, targetList = [] } = tree[kind] as {
      readonly relation?: NamedRelation;
      readonly targetList?: readonly SyntaxTree[];
    };
    const target = { schema: relation?.schemaname ?? null, table: relation?.relname ?? '' };
    const set = targetList.flatMap(({ ResTarget: of }) => {
      const { name = '', val } = of as { readonly name?: string; readonly val?: SyntaxTree };
      const value = constantIn(val);
      return value === null ? [] : [{ ...target, column: name, value }];
    });
    const read = comparedIn(tree[kind] as SyntaxTree);
    // what an INSERT looks for in its own table is not there
    return [...(kind === 'InsertStmt' ? read.filter(({ table }) => table !== target.table) : read), ...set];
  });
}

export interface NamedRelation {
  readonly schemaname?: string;
  readonly relname?: string;
  readonly alias?: { readonly aliasname?: string };
}

/** The columns that a statement compares with constants, wherever it does: in conditions, subqueries, CASE, joins. One that names no table may be of each. */
function comparedIn(statement: SyntaxTree): readonly NamedValue[] {
  const relations = relationsIn(statement);
  const pairs = nodesOf(statement, ['A_Expr']).flatMap(comparedBy);
  return pairs.flatMap((one) =>
    relations
      .filter((relation) => isColumnOf(one, relation))
      .map(({ schemaname, relname = '' }) => {
        const { column, value } = one;
        return { schema: schemaname ?? null, table: relname, column, value };
      }),
  );
}

/** The tables that a statement names. */
export function relationsIn(statement: SyntaxTree): readonly NamedRelation[] {
  return nodesOf(statement, ['RangeVar', 'relation']);
}

/** Whether a column may be one of a table. */
export function isColumnOf(
  { qualifier }: Pick<ComparedColumn, 'qualifier'>,
  { relname, alias }: NamedRelation,
): boolean {
  return qualifier === null || qualifier === (alias?.aliasname ?? relname);
}

/** What stands under one of these keys, wherever it does. */
function nodesOf(node: unknown, keys: readonly string[]): readonly SyntaxTree[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, child]) => [
    ...(keys.includes(key) ? [child as SyntaxTree] : []),
    ...nodesOf(child, keys),
  ]);
}

export interface ComparedColumn {
  readonly qualifier: string | null;
  readonly column: string;
  readonly value: string;
}

/** Operators that compare nothing. */
const making = /"sval":"(?:->>?|#>>?|\|\||[-+*/%])"/;

/** A column compared with constants by one operator; `data ->> 'kind' = 'x'` asks for an object. */
export function comparedBy({ name: operator, lexpr, rexpr }: SyntaxTree): readonly ComparedColumn[] {
  if (making.test(JSON.stringify(operator))) return [];
  const sides = [lexpr, rexpr] as readonly (SyntaxTree | undefined)[];
  for (const [side, other] of [sides, sides.toReversed()]) {
    const list = (other?.['List'] as { readonly items?: readonly SyntaxTree[] } | undefined)?.items ?? [other];
    const values = list.map(constantIn).filter((one) => one !== null);
    if (values.length === 0) continue;
    const whole = columnIn(side);
    if (whole !== null) return values.map((value) => ({ ...whole, value }));
    const { name = [], ...inner } = (plainOf(side)?.['A_Expr'] ?? {}) as SyntaxTree & {
      readonly name?: readonly SyntaxTree[];
    };
    const key = constantIn(inner['rexpr'] as SyntaxTree | undefined);
    const holder = columnIn(inner['lexpr'] as SyntaxTree | undefined);
    if (!JSON.stringify(name).includes('"->>"') || key === null || holder === null) continue;
    return values.map((value) => ({ ...holder, value: JSON.stringify({ [key]: value }) }));
  }
  return [];
}

/** What is left of an expression without casts and without functions that keep a text as it is, or nearly. */
function plainOf(node: SyntaxTree | undefined): SyntaxTree | undefined {
  const { arg } = (node?.['TypeCast'] ?? {}) as { readonly arg?: SyntaxTree };
  if (arg !== undefined) return plainOf(arg);
  const { funcname = [], args = [] } = (node?.['FuncCall'] ?? node?.['CoalesceExpr'] ?? {}) as {
    readonly funcname?: readonly SyntaxTree[];
    readonly args?: readonly SyntaxTree[];
  };
  const { sval = 'coalesce' } = (funcname.at(-1)?.['String'] ?? {}) as { readonly sval?: string };
  return args.length > 0 && /^(?:coalesce|lower|upper|[lrb]?trim)$/.test(sval) ? plainOf(args[0]) : node;
}

export function columnIn(node: SyntaxTree | undefined): Pick<ComparedColumn, 'qualifier' | 'column'> | null {
  const { fields = [] } = (plainOf(node)?.['ColumnRef'] ?? {}) as { readonly fields?: readonly SyntaxTree[] };
  const names = fields.map((one) => (one['String'] as { readonly sval?: string } | undefined)?.sval ?? '');
  const column = names.at(-1);
  return column === undefined || column === '' ? null : { qualifier: names.at(-2) ?? null, column };
}

/** A constant as text; the parser leaves zero and false out. */
function constantIn(node: SyntaxTree | undefined): string | null {
  const inner = (node?.['TypeCast'] as { readonly arg?: SyntaxTree } | undefined)?.arg;
  if (inner !== undefined) return constantIn(inner);
  const constant = node?.['A_Const'] as
    | {
        readonly ival?: { readonly ival?: number };
        readonly fval?: { readonly fval?: string };
        readonly sval?: { readonly sval?: string };
        readonly boolval?: { readonly boolval?: boolean };
      }
    | undefined;
  if (constant === undefined) return null;
  const { ival, fval, sval, boolval } = constant;
  if (ival !== undefined) return String(ival.ival ?? 0);
  if (boolval !== undefined) return String(boolval.boolval ?? false);
  return fval?.fval ?? sval?.sval ?? null;
}
