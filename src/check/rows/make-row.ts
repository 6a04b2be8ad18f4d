import {
  type Cell,
  type FillColumn,
  type FillKey,
  type FillTable,
  type FillType,
  fromDefault,
} from './fill-catalog.ts';
import { type AcceptedValues, firstNumber } from './rule-groups.ts';
import { type TypeValues } from './type-values.ts';

/** All that a row of one table is made of. */
export interface RowPlan {
  readonly table: FillTable;
  readonly types: ReadonlyMap<string, FillType>;
  readonly values: ReadonlyMap<number, TypeValues>;
  /** What CHECK constraints and the bounds of a partition accept. */
  readonly accepted: readonly AcceptedValues[];
  /** The keys that each parent has; for a key of a table that is filled in the same transaction, those that it will have, by number. */
  readonly parents: ReadonlyMap<FillKey, ParentKeys>;
  /** Columns that have the value of the number of the row, because others refer to it before it is there. */
  readonly foretold: ReadonlySet<number>;
  /** Columns of which the server has said that they take no NULL, beside those of the catalog. */
  readonly needed: ReadonlySet<number>;
  /** Shifts edges and NULLs from column to column, by the seed. */
  readonly shift: (column: number) => number;
}

/** Keys that rows can refer to; `in step`: row n to key n. */
export interface ParentKeys {
  readonly keys: readonly (readonly Cell[])[];
  readonly by: 'choice' | 'in step';
}

/** `full`: with edges, NULL and defaults; `plain`: a plain value everywhere; `least`: nothing that may be missing. */
export type Care = 'full' | 'plain' | 'least';

/** The cells of row n in the order of the columns of the table, or the parent that has no row for it. */
export function makeRow(plan: RowPlan, n: number, care: Care): readonly Cell[] | { readonly without: string } {
  const cells = new Map<number, Cell>();
  const unique = new Set(plan.table.uniques.flat());
  // one row is the twin of another wherever values may repeat: a new UNIQUE meets duplicates
  const likeRow = (columns: readonly number[]): number =>
    n % 5 === 3 && care === 'full' && !columns.some((column) => unique.has(column)) ? n - 2 : n;
  for (const { columns, rows } of plan.accepted) {
    const row = rows[likeRow(columns) % Math.max(1, rows.length)];
    columns.forEach((column, at) => row !== undefined && cells.set(column, row[at] ?? null));
  }
  let rounds = 1;
  for (const key of plan.table.keys) {
    const like = likeRow(key.columns);
    const found = plan.parents.get(key) ?? { keys: [], by: 'choice' };
    const fitting =
      found.by === 'in step'
        ? found.keys.slice(like % Math.max(1, found.keys.length)).slice(0, 1)
        : found.keys.filter((row) => key.columns.every((one, at) => !cells.has(one) || cells.get(one) === row[at]));
    const open = key.columns.filter((column) => !cells.has(column));
    const optional = open.filter((column) => !isNeeded(plan, column));
    // a key that has a NULL refers to nothing; MATCH FULL wants all of them to be NULL
    const canBeNull = key.isFull ? optional.length === key.columns.length : optional.length > 0;
    const isSet = open.length === 0 && key.columns.some((column) => cells.get(column) === null);
    if (isSet) continue;
    if (canBeNull && (fitting.length === 0 || care === 'least' || (care === 'full' && like % 4 === 3))) {
      for (const column of optional) cells.set(column, null);
      continue;
    }
    if (fitting.length === 0) return { without: key.parentName };
    // every pair of two parents comes once before one comes again: the key of a table that joins them
    const turn = rounds === 1 ? like : like + Math.floor(like / rounds);
    const row = fitting[turn % Math.max(1, fitting.length)];
    rounds *= Math.max(1, fitting.length);
    key.columns.forEach((column, at) => cells.has(column) || cells.set(column, row?.[at] ?? null));
  }
  const unlike = unlikeColumns(plan, new Set(cells.keys()));
  const hasNewLabel = ({ type }: FillColumn): boolean => n < (plan.types.get(type)?.labels.length ?? 0);
  return plan.table.columns.map((column) => {
    const cell = cells.get(column.number);
    return cell === undefined || plan.foretold.has(column.number)
      ? cellOf(plan, {
          column,
          n: hasNewLabel(column) ? n : likeRow([column.number]),
          care,
          isUnlike: unlike.has(column.number),
        })
      : cell;
  });
}

function isNeeded({ table, types, needed }: RowPlan, number: number): boolean {
  const column = table.columns.find((one) => one.number === number);
  // a domain over a domain that takes no NULL takes none either
  const takesNone = (type: FillType | undefined): boolean =>
    type?.kind === 'domain' && (type.isRequired || takesNone(types.get(type.of ?? '')));
  return column === undefined || column.isRequired || needed.has(number) || takesNone(types.get(column.type));
}

/** One column of each unique index that differs from row to row; the others may repeat. */
function unlikeColumns({ table, types }: RowPlan, taken: ReadonlySet<number>): ReadonlySet<number> {
  const chosen = new Set<number>();
  for (const unique of table.uniques) {
    const free = table.columns.filter(({ number }) => unique.includes(number) && !taken.has(number));
    if (free.some(({ number, generated }) => chosen.has(number) || generated !== 'no')) continue;
    const rich = free.filter(({ type }) => types.get(type)?.kind !== 'enum' && types.get(type)?.name !== 'bool');
    // a range first: an exclusion constraint is most often about it
    const best = rich.find(({ type }) => types.get(type)?.kind === 'range') ?? rich.at(-1) ?? free.at(-1);
    if (best !== undefined) chosen.add(best.number);
  }
  return chosen;
}

function cellOf(
  plan: RowPlan,
  {
    column,
    n,
    care,
    isUnlike,
  }: { readonly column: FillColumn; readonly n: number; readonly care: Care; readonly isUnlike: boolean },
): Cell {
  const { plain, edges, odd } = plan.values.get(column.number) ?? { plain: String, edges: [], odd: undefined };
  const own = plain(firstNumber + n);
  if (plan.foretold.has(column.number)) return own;
  if (column.generated === 'always') return fromDefault;
  // some rows bring their own number, as an import does; the next value of the sequence stays free
  if (column.generated !== 'no') return care === 'full' && n % 4 === 1 ? own : fromDefault;
  const canBeNull = !isNeeded(plan, column.number);
  if (care === 'least') return column.constant !== null && !isUnlike ? fromDefault : canBeNull ? null : own;
  // the twin in each five has no turn
  const turn = n - Math.floor((n + 1) / 5) + plan.shift(column.number);
  const isFirst = n === 0 || care === 'plain';
  const labels = plan.types.get(column.type)?.labels ?? [];
  // each label of an enum before anything is left out
  if (labels.length > 0 && (isFirst || n < labels.length)) return labels[n % labels.length] ?? null;
  if (isUnlike && !isFirst && canBeNull && turn % 4 === 3) return null;
  if (isUnlike) return !isFirst && n % 2 === 0 ? (odd ?? plain)(firstNumber + n) : own;
  if (isFirst) return plain(firstNumber + (n % 2));
  const cycle: Cell[] = edges.length > 1 ? [...edges] : [plain(firstNumber), plain(firstNumber + 1), ...edges];
  if (canBeNull) cycle.push(null);
  if (column.constant !== null) cycle.push(fromDefault);
  return cycle[turn % cycle.length] ?? null;
}
