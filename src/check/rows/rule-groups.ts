import { cellSql, type Cell, type ComputedColumn, type FillTable, type FillType } from './fill-catalog.ts';
import { type Draw } from './regex-sample.ts';
import { familyOf, literalsOf, valuesFrom } from './rule-literals.ts';
import { type TypeValues } from './type-values.ts';

/** Rules that share columns, and values for these columns to try. */
export interface RuleGroup {
  readonly columns: readonly number[];
  readonly rules: readonly string[];
  readonly computed: readonly ComputedColumn[];
}

/** Rows of values for the columns of a group that all its rules accept. */
export interface AcceptedValues {
  readonly columns: readonly number[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Joins rules that share a column: what one of them accepts, the other must accept too. A generated column counts as those that it is made of. */
export function groupRules(table: FillTable): readonly RuleGroup[] {
  const own = new Set(table.columns.map(({ number }) => number));
  let groups: RuleGroup[] = [];
  for (const rule of table.rules) {
    const computed = table.computed.filter(({ number }) => rule.columns.includes(number));
    const made = computed.map(({ number }) => number);
    const columns = [...rule.columns.filter((one) => !made.includes(one)), ...computed.flatMap((one) => one.columns)];
    if (columns.length === 0 || !columns.every((column) => own.has(column))) continue;
    const shares = (group: RuleGroup): boolean => group.columns.some((column) => columns.includes(column));
    const joined = groups.filter(shares);
    groups = [
      ...groups.filter((group) => !shares(group)),
      {
        columns: [...new Set([...columns, ...joined.flatMap((group) => group.columns)])].toSorted((x, y) => x - y),
        rules: [...joined.flatMap(({ rules }) => rules), rule.sql],
        computed: [...new Set([...computed, ...joined.flatMap((group) => group.computed)])],
      },
    ];
  }
  return groups;
}

/** What values are made of for one column of a group. */
export interface ColumnChoice {
  readonly type: FillType | undefined;
  readonly typeName: string;
  readonly values: TypeValues;
  readonly isRequired: boolean;
  /** The keys of the parent, where the column is a foreign key. */
  readonly keys: readonly string[] | null;
}

/** Plain values to try by the number of columns: a partition by hash needs many. */
const plainBy = [24, 10, 6, 4];

/** The values to try for one column under these rules, NULL among them where it may be. */
export function choicesFor(
  choice: ColumnChoice,
  rules: readonly string[],
  { columns, draw }: { readonly columns: number; readonly draw: Draw },
): readonly Cell[] {
  const nothing: readonly Cell[] = choice.isRequired ? [] : [null];
  if (choice.keys !== null) return [...choice.keys.slice(0, 8), ...nothing];
  const plain = Array.from({ length: plainBy[columns - 1] ?? 3 }, (_, n) => choice.values.plain(firstNumber + n));
  const made = valuesFrom(
    rules.flatMap((rule) => literalsOf(rule)),
    {
      family:
        choice.type?.kind === 'array' ? 'array' : choice.type?.kind === 'base' ? familyOf(choice.type.name) : 'other',
      typeName: choice.typeName,
      isInteger: (choice.type?.name ?? '').startsWith('int'),
    },
    draw,
  );
  const fitting =
    choice.type?.kind === 'array' && choice.type.name !== '_text' && choice.type.name !== '_varchar' ? [] : made;
  const labels = choice.type?.kind === 'enum' ? choice.type.labels : [];
  return [
    ...new Set([
      ...plain,
      ...choice.values.edges,
      ...labels,
      ...fitting.filter((one) => fits(choice, one)),
      ...nothing,
    ]),
  ];
}

/** Keys begin here, out of the way of what a migration inserts by itself. */
export const firstNumber = 1001;

const bounds: Readonly<Record<string, number>> = { int2: 32_767, int4: 2_147_483_647 };

/** Whether the column can hold it: one value that it cannot read would spoil the whole question. */
function fits({ type, typeName }: ColumnChoice, value: string): boolean {
  const bound = bounds[type?.name ?? ''];
  if (bound !== undefined) return Math.abs(Number(value)) <= bound;
  const limit = /^character(?: varying)?\((\d+)\)/.exec(typeName);
  return limit === null || [...value].length <= Number(limit[1]);
}

/** All combinations where they are few, else some, NULL more often than by chance: many rules ask that only one of several is set. */
export function combinations(
  choices: readonly (readonly Cell[])[],
  most: number,
  draw: Draw,
): readonly (readonly Cell[])[] {
  const total = choices.reduce((product, { length }) => product * length, 1);
  if (total <= most) {
    return choices.reduce<readonly (readonly Cell[])[]>(
      (rows, cells) => rows.flatMap((row) => cells.map((cell) => [...row, cell])),
      [[]],
    );
  }
  const some = Array.from({ length: most }, () =>
    choices.map((cells) => (cells.at(-1) === null && draw(3) === 0 ? null : (cells[draw(cells.length)] ?? null))),
  );
  // one of many alone: by chance that would never come
  const alone = choices.flatMap((cells, at) =>
    cells
      .slice(0, 3)
      .map((cell) =>
        choices.map((others, other) =>
          other === at ? cell : others.at(-1) === null ? null : (others[draw(others.length)] ?? null),
        ),
      ),
  );
  return [...alone, ...some];
}

/** Rows of values, and what the server is to judge them by. */
export interface RuleQuestion {
  readonly types: readonly string[];
  readonly rules: readonly string[];
  readonly computed: readonly ComputedColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A statement that answers the numbers of the rows that all rules accept; a rule that gives NULL accepts, as in a table. */
export function acceptedSql(names: readonly string[], { types, rules, rows, computed }: RuleQuestion): string {
  const cells = (row: readonly Cell[], n: number): string =>
    row.map((cell, at) => (n === 0 ? `cast(${cellSql(cell)} as ${types[at]})` : cellSql(cell))).join(', ');
  const made = computed.map(({ sql, name }) => `, (${sql}) as ${name}`).join('');
  const values = rows.map((row, n) => `(${n}, ${cells(row, n)})`).join(', ');
  return `select "row n" as n from (select t.*${made} from (values ${values}) as t("row n", ${names.join(', ')})) as t where ${rules
    .map((rule) => `(${rule}) is not false`)
    .join(' and ')} order by 1`;
}

/** Puts rows with a value first that no row before them has in some column: a unique column then has enough of them. */
export function freshFirst(rows: readonly (readonly Cell[])[]): readonly (readonly Cell[])[] {
  const seen: Set<Cell>[] = [];
  const [fresh, rest]: [(readonly Cell[])[], (readonly Cell[])[]] = [[], []];
  for (const row of rows) {
    const isFresh = row.every((cell, at) => !(seen[at] ??= new Set()).has(cell));
    row.forEach((cell, at) => seen[at]?.add(cell));
    (isFresh ? fresh : rest).push(row);
  }
  return [...fresh, ...rest];
}
