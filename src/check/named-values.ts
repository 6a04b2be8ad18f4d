import { type Sent } from './sent.ts';

/** A value that a statement asks rows for, or gives them. */
export interface NamedValue {
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
  readonly value: string;
}

type Tree = Readonly<Record<string, unknown>>;

/**
 * The values that UPDATE and DELETE statements of a migration name: `set kind = 3 where kind = 1` names 1 and 3 of `kind`. Rows that have none of
 * them would show nothing of such a statement, and rows that have one of them before show whether the down can tell them apart.
 */
export function namedValues(of: {
  readonly up: readonly Sent[];
  readonly down: readonly Sent[];
}): readonly NamedValue[] {
  const made = new Set(of.up.flatMap(insertedInto));
  // an up that inserts a row whether it is there or not takes for granted that it is not: the down may delete it by its name
  const down = of.down.filter((sent) => sent.kind !== 'DeleteStmt' || !made.has(tableOf(sent)));
  return namedBy([...of.up, ...down]);
}

/** The table that a statement inserts into without asking what is there. */
function insertedInto(sent: Sent): readonly string[] {
  if (sent.kind !== 'InsertStmt') return [];
  const { onConflictClause, selectStmt } = sent.tree['InsertStmt'] as {
    readonly onConflictClause?: Tree;
    readonly selectStmt?: { readonly SelectStmt?: { readonly whereClause?: Tree } };
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
  return all.flatMap(({ kind, tree }) => {
    if (kind !== 'UpdateStmt' && kind !== 'DeleteStmt') return [];
    const {
      relation,
      targetList = [],
      whereClause,
    } = tree[kind] as {
      readonly relation?: { readonly schemaname?: string; readonly relname?: string };
      readonly targetList?: readonly Tree[];
      readonly whereClause?: Tree;
    };
    const table = relation?.relname ?? '';
    const set = targetList.flatMap(({ ResTarget: target }) => {
      const { name = '', val } = target as { readonly name?: string; readonly val?: Tree };
      const value = constantIn(val);
      return value === null ? [] : [[name, value] as const];
    });
    return [...compared(whereClause), ...set].map(([column, value]) => ({
      schema: relation?.schemaname ?? null,
      table,
      column,
      value,
    }));
  });
}

/** The columns that a condition compares with constants, and these. */
function compared(condition: Tree | undefined): readonly (readonly [column: string, value: string])[] {
  if (condition === undefined) return [];
  if ('BoolExpr' in condition)
    return ((condition['BoolExpr'] as { args?: readonly Tree[] }).args ?? []).flatMap(compared);
  const { lexpr, rexpr } = (condition['A_Expr'] ?? {}) as { readonly lexpr?: Tree; readonly rexpr?: Tree };
  const fields = (lexpr?.['ColumnRef'] as { readonly fields?: readonly Tree[] } | undefined)?.fields ?? [];
  const column = (fields.at(-1)?.['String'] as { readonly sval?: string } | undefined)?.sval;
  const list = (rexpr?.['List'] as { readonly items?: readonly Tree[] } | undefined)?.items ?? [rexpr];
  return column === undefined
    ? []
    : list.flatMap((one) => {
        const value = constantIn(one);
        return value === null ? [] : [[column, value] as const];
      });
}

/** A constant as text; the parser leaves zero and false out. */
function constantIn(node: Tree | undefined): string | null {
  const inner = (node?.['TypeCast'] as { readonly arg?: Tree } | undefined)?.arg;
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
