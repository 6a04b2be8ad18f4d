import { type FillKey, type FillTable } from './fill-catalog.ts';

/** What to do next: `all` rows of a table, the `first half`, the `second half`, or tables that need each other's rows `together`. */
export interface FillStep {
  readonly part: 'all' | 'first half' | 'second half' | 'together';
  readonly tables: readonly FillTable[];
}

/**
 * Orders tables so that parents have rows before what refers to them. A circle is broken at a key that may be NULL: then half of the rows come
 * first, and the others when there is something to refer to. Where no key of a circle may be NULL, its tables are filled in one transaction.
 */
export function fillOrder(tables: readonly FillTable[]): readonly FillStep[] {
  const parts = tablesBelow(tables);
  const open = new Set(tables);
  const steps: FillStep[] = [];
  const later: FillTable[] = [];
  const waitsFor = (table: FillTable, keys: readonly FillKey[]): FillTable | undefined =>
    keys.flatMap(({ parent }) => parts.get(parent) ?? []).find((parent) => parent !== table && open.has(parent));
  const take = (part: FillStep['part'], taken: readonly FillTable[]): void => {
    steps.push({ part, tables: taken });
    for (const table of taken) open.delete(table);
  };
  while (open.size > 0) {
    const ready = [...open].find((table) => waitsFor(table, table.keys) === undefined);
    const half =
      ready ??
      [...open].find(
        (table) =>
          waitsFor(
            table,
            table.keys.filter((key) => isRequired(table, key)),
          ) === undefined,
      );
    if (half === undefined) {
      const circle = circleOf([...open][0], (table) =>
        waitsFor(
          table,
          table.keys.filter((key) => isRequired(table, key)),
        ),
      );
      take('together', circle);
    } else if (ready !== undefined && !refersToItself(ready)) take('all', [ready]);
    else {
      take('first half', [half]);
      if (ready === undefined) later.push(half);
      else steps.push({ part: 'second half', tables: [half] });
    }
  }
  return [...steps, ...later.map((table) => ({ part: 'second half' as const, tables: [table] }))];
}

/** The tables that have the rows of a relation: itself, or the partitions of it. */
export function tablesBelow(tables: readonly FillTable[]): ReadonlyMap<string, readonly FillTable[]> {
  const parts = new Map<string, FillTable[]>();
  for (const table of tables)
    for (const oid of [table.oid, ...table.roots]) parts.set(oid, [...(parts.get(oid) ?? []), table]);
  return parts;
}

/** Whether a key is about the rows of its own table. */
export function isOwn(table: FillTable, { parent }: FillKey): boolean {
  return parent === table.oid || table.roots.includes(parent);
}

/** Whether every row must refer to a row of the parent. */
export function isRequired(table: FillTable, key: FillKey): boolean {
  return key.columns.every((number) => table.columns.find((column) => column.number === number)?.isRequired !== false);
}

function refersToItself(table: FillTable): boolean {
  return table.keys.some((key) => isOwn(table, key));
}

function circleOf(
  start: FillTable | undefined,
  next: (table: FillTable) => FillTable | undefined,
): readonly FillTable[] {
  const path: FillTable[] = [];
  for (let table = start; table !== undefined; table = next(table)) {
    if (path.includes(table)) return path.slice(path.indexOf(table));
    path.push(table);
  }
  return path;
}
