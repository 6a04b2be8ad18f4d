import { type Place, printable, type Problem, stated, type Stated } from '../core/index.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { lastName, visit } from './parse-tree.ts';
import {
  type StepBatch,
  type BatchedTable,
  type Batches,
  type Direction,
  type Release,
  type Step,
  type Tier,
} from './release.ts';

/** What a tier says of its batches. */
type Declared = Pick<Batches, 'by' | 'rows'>;

/** The batch of one step, by its number from 1; null where the step runs once. */
export function batchOf({ batched }: Pick<Tier, 'batched'>, direction: Direction, n: number): StepBatch | null {
  const table = batched?.[direction][n - 1] ?? null;
  return batched === undefined || table === null ? null : { ...table, by: batched.by, rows: batched.rows };
}

/** E.g. `in batches of 10000 by id`. */
function batchText({ by, rows }: Declared): string {
  return `in batches of ${rows} by ${by}`;
}

/** A step with a title that says that it runs in batches. */
export function withBatches(step: Step, table: BatchedTable | null, declared: Declared | undefined): Step {
  return table === null || declared === undefined ? step : { ...step, title: `${step.title} ${batchText(declared)}` };
}

const form =
  'write UPDATE, DELETE or INSERT … SELECT of one table with its schema, and `WHERE <key> BETWEEN $1 AND $2`, alone or with AND';

/**
 * The table whose keys bound each statement of a file; null for one that runs once. Only a statement with parameters runs in batches.
 *
 * Shape   one for each statement.
 * Errors  RULE_BATCHED as problems: parameters without `batched`, or a statement that could touch rows outside of its batch.
 */
export function readBatched(
  statements: readonly Statement[],
  declared: Declared | undefined,
): { readonly tables: readonly (BatchedTable | null)[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const tables = statements.map((statement) => {
    if (!hasParameters(statement)) return null;
    const found = declared === undefined ? 'the tier does not say `batched`' : tableOf(statement, declared.by);
    if (typeof found !== 'string') return found;
    const { step, excerpt } = statement;
    problems.push({
      code: 'RULE_BATCHED',
      ...stated`a statement with parameters runs in batches, but ${{ why: found }}`,
      fix: declared === undefined ? 'give the tier `batched: {by: id, rows: 10000}`, or remove the parameters' : form,
      place: step.place,
      excerpt,
    });
    return null;
  });
  return { tables, problems };
}

/** What is wrong with a tier that says `batched`, as a whole. */
export function checkBatched(
  tier: { readonly id: string; readonly transaction: string },
  up: readonly (BatchedTable | null)[],
  place: Place,
): readonly Problem[] {
  const said = (what: Stated, fix: string): Problem => ({ code: 'RULE_BATCHED', ...what, fix, place });
  if (tier.transaction !== 'each')
    return [
      said(
        stated`tier ${{ tier: tier.id }} says \`batched\` and \`transaction: ${{ transaction: tier.transaction }}\``,
        'give the tier `transaction: each`',
      ),
    ];
  return up.every((table) => table === null)
    ? [said(stated`tier ${{ tier: tier.id }} says \`batched\`, but no statement of its up.sql has bounds`, form)]
    : [];
}

const kinds = new Set(['UpdateStmt', 'DeleteStmt', 'InsertStmt']);

/** Other statements may hold parameters of their own: the body of a function. */
function hasParameters({ step, tree }: Statement): boolean {
  return kinds.has(step.kind) && parametersOf(tree).length > 0;
}

function parametersOf(tree: unknown): readonly unknown[] {
  const found: unknown[] = [];
  visit(tree, (kind, node) => {
    if (kind === 'ParamRef') found.push(node['number']);
  });
  return found;
}

/** The table, or why the statement could touch rows outside of its batch. */
function tableOf({ step, tree }: Statement, by: string): BatchedTable | string {
  const body = tree[step.kind] as Node;
  let writes = 0;
  visit(tree, (kind) => {
    if (/^(Insert|Update|Delete|Merge)Stmt$/.test(kind)) writes += 1;
  });
  if (writes > 1) return 'it has a second statement that writes';
  const select = (body['selectStmt'] as Node | undefined)?.['SelectStmt'] as Node | undefined;
  const source = step.kind === 'InsertStmt' ? select : body;
  if (source === undefined || isMany(source)) return 'its SELECT is not one row for each row of a table';
  const target = rangeOf(body['relation']);
  const tables = step.kind === 'InsertStmt' ? rangesIn(source['fromClause']) : [target];
  const bounded = boundedColumn(source['whereClause'], by);
  if (bounded === null || parametersOf(tree).length !== 2) return `its WHERE does not bound ${by} by $1 and $2`;
  const table =
    bounded.of === null && tables.length === 1 ? tables[0] : tables.find(({ alias }) => alias === bounded.of);
  if (table === undefined) return `${by} is not a column of the table that it reads`;
  if (table.schema === '') return `it names ${table.table} without its schema`;
  if (step.kind === 'InsertStmt' && target.schema === table.schema && target.table === table.table)
    return 'it adds rows to the table whose keys it follows';
  if (step.kind === 'UpdateStmt' && namesOf(body['targetList']).includes(by)) return `it changes ${by}`;
  return { schema: table.schema, table: table.table };
}

function isMany(source: Node): boolean {
  const whole = ['groupClause', 'havingClause', 'distinctClause', 'limitCount', 'limitOffset', 'valuesLists'];
  return (
    whole.some((part) => part in source) ||
    (source['op'] ?? 'SETOP_NONE') !== 'SETOP_NONE' ||
    foldsRows([source['targetList'], source['sortClause']])
  );
}

/** The aggregates of PostgreSQL, but for those that a call shows as such. */
const aggregates =
  /^(any_value|array_agg|avg|bit_(and|or|xor)|bool_(and|or)|corr|count|covar_(pop|samp)|every|jsonb?_(object_)?agg(_unique)?(_strict)?|max|min|mode|range_(intersect_)?agg|regr_\w+|stddev(_pop|_samp)?|string_agg|sum|var_(pop|samp)|variance|xmlagg)$/;
const shown = ['over', 'agg_star', 'agg_filter', 'agg_distinct', 'agg_order', 'agg_within_group'];

/** Whether an expression has an aggregate or a window, whose value depends on where a batch ends; a subquery has its own. */
function foldsRows(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([kind, member]) => {
    if (kind === 'SubLink') return false;
    if (kind === 'JsonArrayAgg' || kind === 'JsonObjectAgg') return true;
    const call = (kind === 'FuncCall' ? member : {}) as Node;
    return shown.some((part) => part in call) || aggregates.test(lastName(call['funcname'])) || foldsRows(member);
  });
}

interface Range extends BatchedTable {
  readonly alias: string;
}

function rangeOf(relation: unknown): Range {
  const { schemaname = '', relname = '', alias } = (relation ?? {}) as Record<string, string | undefined>;
  const { aliasname } = (alias ?? {}) as { aliasname?: string };
  return { schema: schemaname, table: relname, alias: aliasname ?? relname };
}

/**
 * The tables of a FROM, also joined ones, whose columns have their own names there: a list of names gives them others, and the name of a join hides
 * its tables. A column of a subselect is not one of its tables.
 */
function rangesIn(from: unknown): readonly Range[] {
  return ((from ?? []) as readonly Node[]).flatMap((item) => {
    const { larg, rarg, alias } = (item['JoinExpr'] ?? item['RangeVar'] ?? {}) as Node;
    if (larg !== undefined && rarg !== undefined) return alias === undefined ? rangesIn([larg, rarg]) : [];
    const isRenamed = (alias as Node | undefined)?.['colnames'] !== undefined;
    return item['RangeVar'] === undefined || isRenamed ? [] : [rangeOf(item['RangeVar'])];
  });
}

function namesOf(targets: unknown): readonly unknown[] {
  return ((targets ?? []) as readonly { ResTarget?: { name?: string } }[]).map(({ ResTarget }) => ResTarget?.name);
}

/** The table of the column that a condition on the top level bounds by both parameters, null where it names none; null: there is no such condition. */
function boundedColumn(where: unknown, by: string): { readonly of: string | null } | null {
  const condition = (where ?? {}) as { BoolExpr?: Node; A_Expr?: Node };
  if (condition.BoolExpr?.['boolop'] === 'AND_EXPR') {
    const parts = condition.BoolExpr['args'] as readonly unknown[];
    return parts.map((part) => boundedColumn(part, by)).find((found) => found !== null) ?? null;
  }
  const { kind, lexpr, rexpr } = (condition.A_Expr ?? {}) as Record<string, Node | undefined>;
  if ((kind as unknown) !== 'AEXPR_BETWEEN') return null;
  const bounds = ((rexpr?.['List'] as Node | undefined)?.['items'] ?? []) as readonly {
    ParamRef?: { number?: number };
  }[];
  if (bounds[0]?.ParamRef?.number !== 1 || bounds[1]?.ParamRef?.number !== 2) return null;
  const fields =
    (lexpr?.['ColumnRef'] as { fields?: readonly { String?: { sval?: string } }[] } | undefined)?.fields ?? [];
  const names = fields.map(({ String: part }) => part?.sval ?? '');
  if (names.at(-1) !== by || names.length > 2) return null;
  return { of: names.length === 2 ? (names[0] ?? '') : null };
}

/** Statements that change every row of a table at once, and could run in batches; in the order of the release. */
export function hintBatches({ tiers }: Pick<Release, 'tiers'>, parser: Parser): readonly string[] {
  return tiers
    .filter(({ batched }) => batched === undefined)
    .flatMap(({ id, up, down }) =>
      [...up, ...down].flatMap(({ sql, kind, place }) => {
        const body = ['UpdateStmt', 'DeleteStmt'].includes(kind) ? parser.tryParse(sql)?.[0]?.tree[kind] : undefined;
        if (body === undefined || (body as Node)['whereClause'] !== undefined) return [];
        const { schema, table } = rangeOf((body as Node)['relation']);
        const name = printable(schema === '' ? table : `${schema}.${table}`);
        return [
          `${place.file}:${place.line}: every row of ${name} stays locked until tier ${id} is committed; if it has many rows, use \`batched: {by: id}\` and \`BETWEEN $1 AND $2\``,
        ];
      }),
    );
}
