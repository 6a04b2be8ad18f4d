import { type Json, printable, truncate } from '../core/index.ts';
import { nextValue } from './list-differences.ts';
import { explainChange, showValue } from './shown-change.ts';
import type { Difference, Noticed, RowExample, WhiteSpace } from './fingerprint.ts';

/** One line that names the object, the property, and what it was and is; hostile text is made printable. */
export function explainDifference(difference: Difference): string {
  const { kind, name, property, before, after } = difference;
  const what = `${printable(kind)} ${truncate(printable(name), 200)}`;
  if (property === null)
    return before === null
      ? `${what}: did not exist before`
      : after === null
        ? `${what}: is missing`
        : `${what}: differs`;
  const first = difference.examples?.length ? `; first: ${explainExamples(difference.examples).join('; ')}` : '';
  if (property === nextValue)
    return `${what} is behind its earlier value: it gives ${showValue(after)} next, and would give ${showValue(before)}`;
  if (property === 'hiding') return `${what}: ${hides(after)}`;
  if (difference.whiteSpace !== undefined) return `${what}: ${explainWhiteSpace(difference.whiteSpace)}`;
  if (property === 'content') return `${what}: same number of rows, other content${first}`;
  return `${what}: ${printable(property)}: ${explainChange(before, after)}${first}`;
}

/** What a flag of the catalogue hides from the server itself. */
function hides(after: Json): string {
  if (after === false || (Array.isArray(after) && after.length === 0))
    return 'a catalogue flag that hid existing objects no longer does';
  const flags = Array.isArray(after) ? ` (${after.join(', ')})` : '';
  return `a flag of the catalogue${flags} hides existing objects, so the server ignores them`;
}

function explainWhiteSpace({ columns, rows }: WhiteSpace): string {
  const names = columns.map((column) => brief(column)).join(', ');
  const count = rows === null ? 'many rows' : `${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`;
  return `json column${columns.length === 1 ? '' : 's'} ${names} differ${columns.length === 1 ? 's' : ''} only in white space, in ${count}; jsonb would be equal`;
}

/** One line that names an option of the server's that was left out, and where it is. */
export function explainNoticed({ kind, option, count, first }: Noticed): string {
  const others = BigInt(count) - 1n;
  const more = others === 0n ? '' : ` and ${others.toLocaleString('en-US')} more`;
  return `${brief(kind)} option ${brief(option)}, unknown to One Roof, is not compared: ${truncate(printable(first), 200)}${more}`;
}

/** Rows by their key; those without one by their number, and the columns in which they differ. */
export function explainExamples(examples: readonly RowExample[]): readonly string[] {
  const unkeyed = examples.filter(({ key, values }) => key === null && values === undefined);
  const counts = (['gone', 'new', 'changed'] as const).flatMap((change) => {
    const n = unkeyed.filter((one) => one.change === change).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? 'row' : 'rows'} ${change}`];
  });
  const columns = [...new Set(unkeyed.flatMap((one) => one.columns))].sort();
  const more = columns.length - columnsNamed;
  const named = [...columns.slice(0, columnsNamed).map(brief), ...(more > 0 ? [`and ${more} more`] : [])];
  return [
    ...examples.filter((one) => !unkeyed.includes(one)).map(explainExample),
    ...(counts.length === 0
      ? []
      : [`${counts.join(', ')} (no key${named.length === 0 ? '' : `; columns that differ: ${named.join(', ')}`})`]),
  ];
}

/** How many columns are named where a row has more that differ. */
const columnsNamed = 8;

/** A few words that name a row by its key, and what happened to it; its values only where the example holds them. */
export function explainExample(example: RowExample): string {
  const { change, key, columns, values } = example;
  const row =
    key === null
      ? 'a row'
      : Object.entries(key)
          .map(([column, value]) => `${brief(column)}=${brief(value)}`)
          .join(' ');
  const value = (side: 'before' | 'after', column: string): string => {
    const text = values?.[side]?.[column] ?? null;
    return text === null ? 'NULL' : `"${brief(text)}"`;
  };
  const side = change === 'gone' ? 'before' : 'after';
  const named = change === 'changed' ? columns : Object.keys(values?.[side] ?? {});
  const words = named.slice(0, columnsNamed).map((column) => {
    if (values === undefined) return brief(column);
    return `${brief(column)}: ${change === 'changed' ? `${value('before', column)} → ` : ''}${value(side, column)}`;
  });
  if (named.length > columnsNamed) words.push(`and ${named.length - columnsNamed} more`);
  return `${row} ${change}${words.length === 0 ? '' : ` (${words.join(', ')})`}`;
}

function brief(text: string): string {
  return truncate(printable(text), 60);
}
