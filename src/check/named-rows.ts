import {
  columnIn,
  type ComparedColumn,
  comparedBy,
  isColumnOf,
  namingStatements,
  type NamedRelation,
  relationsIn,
  type SyntaxTree,
} from './named-values.ts';
import { type Sent } from './sent.ts';

/** Values that one row must have together: `kind = 'x' and parent is null` asks for both. */
export interface NamedRow {
  readonly schema: string | null;
  readonly table: string;
  /** Of each column; null: NULL. */
  readonly values: readonly (readonly [column: string, value: string | null])[];
  /** Columns that have any value but NULL. */
  readonly present: readonly string[];
}

/** What a part of a condition asks of a column; true: any value but NULL. */
type Asked = Pick<ComparedColumn, 'qualifier' | 'column'> & { readonly value: string | null | true };
/** Each member is a way to meet a condition: what it asks for together. */
type Ways = readonly (readonly Asked[])[];

/** How many ways to meet a condition are followed. */
const mostWays = 8;
const anyWay: Ways = [[]];

/**
 * The rows that conditions of several columns of a table ask for: one for each way to meet the condition of a statement or of a subquery (its joins and its
 * WHERE), alone and with each CASE WHEN in it. `a = 1 and b in (2, 3) or c` asks for (1, 2) and (1, 3).
 */
export function namedRows(of: { readonly up: readonly Sent[]; readonly down: readonly Sent[] }): readonly NamedRow[] {
  return namingStatements(of).flatMap(({ kind, tree }) => {
    const statement = tree[kind] as SyntaxTree;
    const written = kind === 'InsertStmt' ? (statement['relation'] as NamedRelation).relname : undefined;
    // what an INSERT looks for in its own table is not there
    const relations = relationsIn(statement).filter(({ relname }) => relname !== written);
    return waysIn(statement, anyWay).flatMap((asked) => relations.flatMap((relation) => rowFor(relation, asked)));
  });
}

function rowFor(relation: NamedRelation, asked: readonly Asked[]): readonly NamedRow[] {
  const own = asked.filter((one) => isColumnOf(one, relation));
  const values = new Map<string, string | null>();
  for (const { column, value } of own) if (value !== true) values.set(column, both(values.get(column), value));
  const present = [...new Set(own.filter(({ value }) => value === true).map(({ column }) => column))];
  const free = present.filter((column) => !values.has(column));
  if (values.size === 0 || values.size + free.length < 2) return [];
  return [{ schema: relation.schemaname ?? null, table: relation.relname ?? '', values: [...values], present: free }];
}

/** Two members of one document stand in one document; of two values of a column, such as the ends of a range, the first is taken. */
function both(before: string | null | undefined, value: string | null): string | null {
  if (before === undefined) return value;
  if (before === null || !before.startsWith('{') || value === null) return before;
  try {
    return JSON.stringify({ ...JSON.parse(before), ...JSON.parse(value) });
  } catch {
    return before;
  }
}

/** The ways to meet each condition below a node; `around` is what the statement around it asks for. */
function waysIn(node: unknown, around: Ways): Ways {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap((one) => waysIn(one, around));
  const { whereClause, CaseWhen: when } = node as { readonly whereClause?: SyntaxTree; readonly CaseWhen?: SyntaxTree };
  const { fromClause, usingClause } = node as SyntaxTree;
  const below = (ways: Ways): Ways => Object.values(node).flatMap((child) => waysIn(child, ways));
  if (when !== undefined) {
    const ways = together([around, waysOf(when['expr'] as SyntaxTree)]);
    return [...ways, ...below(around)];
  }
  const joined = [...joinsIn(fromClause), ...joinsIn(usingClause)];
  if (whereClause === undefined && joined.length === 0) return below(around);
  const ways = together([...joined, ...(whereClause === undefined ? [] : [whereClause])].map(waysOf));
  return [...ways, ...below(ways)];
}

/** The conditions of the joins of a FROM, without those of its subqueries. */
function joinsIn(node: unknown): readonly SyntaxTree[] {
  if (Array.isArray(node)) return node.flatMap(joinsIn);
  const { larg, rarg, quals } = ((node as SyntaxTree | undefined)?.['JoinExpr'] ?? {}) as Readonly<
    Record<string, SyntaxTree>
  >;
  return [
    ...(quals === undefined ? [] : [quals]),
    ...[larg, rarg].flatMap((one) => (one === undefined ? [] : joinsIn(one))),
  ];
}

/** What meets all of some conditions. */
function together(all: readonly Ways[]): Ways {
  return all.reduce(
    (some, ways) => some.flatMap((one) => ways.map((way) => [...one, ...way])).slice(0, mostWays),
    anyWay,
  );
}

function waysOf(node: SyntaxTree): Ways {
  if ('BoolExpr' in node) {
    const { boolop, args } = node['BoolExpr'] as { readonly boolop: string; readonly args: readonly SyntaxTree[] };
    if (boolop === 'AND_EXPR') return together(args.map(waysOf));
    return boolop === 'OR_EXPR' ? args.flatMap(waysOf) : isAsked(args[0], 'false');
  }
  if ('A_Expr' in node) return comparisonWays(node['A_Expr'] as SyntaxTree);
  const test = (node['NullTest'] ?? node['BooleanTest']) as
    | { readonly arg: SyntaxTree; readonly nulltesttype?: string; readonly booltesttype?: string }
    | undefined;
  if (test === undefined) return isAsked(node, 'true');
  const value = testValues[test.nulltesttype ?? test.booltesttype ?? ''];
  return value === undefined ? anyWay : isAsked(test.arg, value);
}

const testValues: Readonly<Record<string, Asked['value']>> = {
  IS_NULL: null,
  IS_NOT_NULL: true,
  IS_TRUE: 'true',
  IS_NOT_FALSE: 'true',
  IS_FALSE: 'false',
  IS_NOT_TRUE: 'false',
  IS_UNKNOWN: null,
  IS_NOT_UNKNOWN: true,
};

function isAsked(node: SyntaxTree | undefined, value: Asked['value']): Ways {
  const column = columnIn(node);
  return column === null ? anyWay : [[{ ...column, value }]];
}

/** Operators that are true for the constant itself; a pattern is like itself. */
const selfTrue = new Set(['=', '>=', '<=', '~~', '~~*', 'BETWEEN']);
const aside: Readonly<Record<string, bigint>> = { '<': -1n, '>': 1n };

function comparisonWays(expression: SyntaxTree): Ways {
  const { kind, name, lexpr } = expression as {
    readonly kind: string;
    readonly name: readonly { readonly String?: { readonly sval?: string } }[];
    readonly lexpr?: SyntaxTree;
  };
  const operator = name.at(-1)?.String?.sval ?? '';
  const pairs = comparedBy(expression);
  if (pairs.length === 0 || kind === 'AEXPR_DISTINCT' || kind === 'AEXPR_OP_ALL' || kind === 'AEXPR_NULLIF')
    return anyWay;
  if (selfTrue.has(operator)) return pairs.map((one) => [one]);
  const step = (aside[operator] ?? 0n) * (columnIn(lexpr) === null ? -1n : 1n);
  return pairs
    .slice(0, 1)
    .map((one) => [
      { ...one, value: step !== 0n && /^-?\d+$/.test(one.value) ? String(BigInt(one.value) + step) : true },
    ]);
}
