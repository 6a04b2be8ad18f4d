import { printable } from '../core/index.ts';
import {
  allBelow,
  type Difference,
  type DifferenceNode,
  differenceTree,
  explainExamples,
  explainNode,
  explainNoticed,
  nodeLines,
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

/** Lines of each list that are printed, and things that differ; `--json` has all of them. */
const mostShown = 200;
const mostDiffering = 50;

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
    ...differences(logical, strict),
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

function list(title: string, entries: readonly (readonly string[])[], count = entries.length): string[] {
  if (entries.length === 0) return [];
  const more = entries.length - mostShown;
  return [
    '',
    paint.heading(`${title} (${count})`),
    ...entries.slice(0, mostShown).flatMap((lines) => lines.map((line, n) => `${n === 0 ? '  ' : '      '}${line}`)),
    ...(more > 0 ? [paint.quiet(`  … and ${more} more: --json has all of them`)] : []),
  ];
}

/** The differences by cause: first those that a client can see, then those of a strict comparison only. */
function differences(logical: readonly Difference[], strict: readonly Difference[]): string[] {
  const roots = differenceTree([...logical, ...strict]);
  const of = (level: Difference['level'], title: string): string[] => {
    const found = roots.filter((node) => node.level === level);
    const more = found.length - mostDiffering;
    const lines = found.slice(0, mostDiffering).map(linesOf);
    const count = level === 'logical' ? logical.length : strict.length;
    return list(title, more > 0 ? [...lines, [`and ${more} more: --json has all of them`]] : lines, count);
  };
  return [...of('logical', 'Logical differences'), ...of('strict', 'Only strict differences')];
}

function linesOf(node: DifferenceNode): string[] {
  const plain = { ...node, own: node.own.map(({ examples: _examples, ...rest }) => rest) };
  const searched = [node, ...allBelow(node)].flatMap(({ own }) =>
    own.flatMap(({ examples }) => (examples === undefined ? [] : [examples])),
  );
  return [
    explainNode(plain),
    ...nodeLines(node),
    ...searched.flatMap((examples) =>
      examples.length === 0 ? ['no row differs now in the columns that both sides have'] : explainExamples(examples),
    ),
  ];
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
