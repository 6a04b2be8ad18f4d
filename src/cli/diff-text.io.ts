import { printable } from '../core/index.ts';
import {
  type Difference,
  explainDifference,
  explainExample,
  explainNoticed,
  type Noticed,
  type NotProven,
} from '../fingerprint/index.ts';
import { paint } from './output.io.ts';

/** One side of a comparison, as its JSON shows it. */
interface Compared {
  readonly name: string;
  readonly as: 'observer' | 'any role' | 'file';
  readonly of: string;
  readonly serverVersion: number;
  readonly takenAt: string;
}

/** A comparison, as its JSON shows it. */
export interface Diff {
  readonly verdict: 'equal' | 'different' | 'not proven';
  readonly before: Compared;
  readonly after: Compared;
  readonly logical: readonly Difference[];
  readonly strict: readonly Difference[];
  readonly notProven: readonly NotProven[];
  /** Options of the server's that we do not know, of each side: they are not compared. */
  readonly noticed: { readonly before: readonly Noticed[]; readonly after: readonly Noticed[] };
  readonly compared: { readonly objects: number; readonly relations: number | null; readonly rows: string | null };
}

/** Lines of each list that are printed; `--json` has all of them. */
const mostShown = 200;

const how = {
  observer: 'read by a role that cannot write',
  'any role': 'read in read-only transactions',
  file: 'from a file',
} as const satisfies Record<Compared['as'], string>;

/** A comparison for people: the sides, what differs logically, what differs only strictly, what is not proven, the verdict. */
export function describeDiff(diff: Diff): string {
  const { before, after, logical, strict, notProven, noticed } = diff;
  const width = Math.max(printable(before.name).length, printable(after.name).length);
  return [
    `before  ${describeSide(before, width)}`,
    `after   ${describeSide(after, width)}`,
    ...list('Logical differences', logical.map(linesOf)),
    ...list('Only strict differences', strict.map(linesOf)),
    ...list(
      'Not proven',
      notProven.map(({ relation, reason }) => [
        `${relation === '*' ? 'any row' : printable(relation)}: ${printable(reason)}`,
      ]),
    ),
    ...list('Noticed', [
      ...noticed.before.map((one) => [`before: ${explainNoticed(one)}`]),
      ...noticed.after.map((one) => [`after: ${explainNoticed(one)}`]),
    ]),
    '',
    verdictOf(diff),
  ].join('\n');
}

function describeSide(side: Compared, width: number): string {
  const version = `PostgreSQL ${Math.floor(side.serverVersion / 10_000)}.${side.serverVersion % 10_000}`;
  return `${printable(side.name).padEnd(width)}  ${printable(side.of)}, ${version}, ${how[side.as]}, ${printable(side.takenAt)}`;
}

function list(title: string, entries: readonly (readonly string[])[]): string[] {
  if (entries.length === 0) return [];
  const more = entries.length - mostShown;
  return [
    '',
    paint.heading(`${title} (${entries.length})`),
    ...entries.slice(0, mostShown).flatMap((lines) => lines.map((line, n) => `${n === 0 ? '  ' : '      '}${line}`)),
    ...(more > 0 ? [paint.quiet(`  … and ${more} more: --json has all of them`)] : []),
  ];
}

function linesOf(difference: Difference): string[] {
  const { examples, ...rest } = difference;
  const lines = [explainDifference(rest)];
  if (examples === undefined) return lines;
  if (examples.length === 0) return [...lines, 'no row differs now in the columns that both sides have'];
  return [...lines, ...examples.map(explainExample)];
}

function verdictOf(diff: Diff): string {
  const { verdict, logical, strict, notProven, compared } = diff;
  const count = (n: number | string, one: string): string =>
    `${BigInt(n).toLocaleString('en-US')} ${one}${String(n) === '1' ? '' : 's'}`;
  const read =
    compared.relations === null
      ? 'rows not compared'
      : `${count(compared.relations, 'relation')}, ${count(compared.rows ?? '0', 'row')}`;
  const found = `${logical.length} logical, ${strict.length} only strict, ${notProven.length} not proven`;
  const paintWord = verdict === 'equal' ? paint.good : paint.bad;
  return `${paintWord(verdict)}: ${found}; compared: ${count(compared.objects, 'object')}, ${read}`;
}
