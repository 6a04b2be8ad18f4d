import { structuredPatch } from 'diff';
import { canonicalJson, type Json, printable, truncate } from '../core/index.ts';

/** Characters of a value that are shown on one line, and around the place where a longer one differs. */
const shortest = 160;
const around = 30;

/** A value on one line. */
export function showValue(value: Json): string {
  return truncate(
    printable(value === null ? 'none' : typeof value === 'string' ? `"${value}"` : canonicalJson(value)),
    shortest,
  );
}

/** The old and new value on one line: for lists the added and removed entries, for long texts the place where they differ. */
export function explainChange(before: Json, after: Json): string {
  if (Array.isArray(before) && Array.isArray(after)) {
    const [gone, made] = [minus(before, after), minus(after, before)];
    if (gone.length + made.length > 0)
      return [
        ...(gone.length > 0 ? [`gone: ${listed(gone)}`] : []),
        ...(made.length > 0 ? [`new: ${listed(made)}`] : []),
      ].join('; ');
  }
  if (typeof before !== 'string' || typeof after !== 'string' || Math.max(before.length, after.length) <= shortest)
    return `${showValue(before)} → ${showValue(after)}`;
  const [start, was, is] = middles(before, after);
  const line = before.slice(0, start).split('\n').length;
  const where = before.includes('\n') || after.includes('\n') ? `in line ${line}: ` : '';
  return `${where}${showValue(was)} → ${showValue(is)}`;
}

/** Lines of a change that are shown, of context around it, and how many edits are looked for. */
const mostLines = 24;
const context = 2;
const maxEditLength = 4000;

/** Where two texts of several lines differ, as a diff; empty where `explainChange` says it all. */
export function diffLines(before: Json, after: Json): readonly string[] {
  if (typeof before !== 'string' || typeof after !== 'string') return [];
  if (!before.includes('\n') && !after.includes('\n')) return [];
  const patch = structuredPatch('', '', before, after, '', '', { context, maxEditLength });
  const lines = (patch?.hunks ?? []).flatMap(({ oldStart, lines: some }) => [
    `@ line ${oldStart}`,
    ...some.filter((line) => !line.startsWith('\\')).map((line) => `${line.slice(0, 1)} ${line.slice(1)}`),
  ]);
  const shown = lines.slice(0, mostLines).map((line) => truncate(printable(line), shortest));
  return lines.length > mostLines ? [...shown, `… and ${lines.length - mostLines} more lines`] : shown;
}

function minus(all: readonly Json[], some: readonly Json[]): readonly Json[] {
  const known = new Set(some.map(canonicalJson));
  return all.filter((one) => !known.has(canonicalJson(one)));
}

function listed(values: readonly Json[]): string {
  return truncate(
    printable(values.map((one) => (typeof one === 'string' ? one : canonicalJson(one))).join(', ')),
    shortest,
  );
}

/** The place where two texts begin to differ, with the text around it. */
function middles(before: string, after: string): readonly [start: number, was: string, is: string] {
  const least = Math.min(before.length, after.length);
  let start = 0;
  while (start < least && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const cut = (text: string): string => {
    // of several lines the one in which they differ first
    if (before.includes('\n') || after.includes('\n')) {
      const line = text.slice(text.lastIndexOf('\n', start - 1) + 1).split('\n', 1)[0] ?? '';
      return line.trim();
    }
    const [from, to] = [Math.max(0, start - around), Math.min(text.length, text.length - end + around)];
    return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
  };
  return [start, cut(before), cut(after)];
}
