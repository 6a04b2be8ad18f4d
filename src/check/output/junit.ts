import { printable } from '../../core/index.ts';
import { type CheckResult } from '../check-result.ts';
import { type Compared, isFailure } from './baseline.ts';
import { type FoundFault, foundIn } from './found.ts';

/** Writes a result as JUnit XML: one test case a migration, and one for the history where it could not be replayed. */
export function junitOf(result: CheckResult, compared: Compared | null): string {
  const found = foundIn(result);
  const cases = [
    ...(result.history.length === 0 ? [] : [{ id: '', name: 'history', milliseconds: { total: 0 } }]),
    ...result.migrations,
  ].map(({ id, name, milliseconds }) => ({
    name,
    milliseconds: milliseconds.total,
    own: found.filter(({ migration }) => migration === id),
  }));
  const failed = cases.filter(({ own }) => own.some((one) => isFailure(one, compared))).length;
  const counts = `tests="${cases.length}" failures="${failed}" errors="0" time="${seconds(result.milliseconds)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="oneroof check" ${counts}>`,
    `  <testsuite name="${xml(result.project.folder || '.')}" ${counts}>`,
    ...cases.flatMap(({ name, milliseconds, own }) => testCase({ name, milliseconds, own }, result, compared)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(
  {
    name,
    milliseconds,
    own,
  }: { readonly name: string; readonly milliseconds: number; readonly own: readonly FoundFault[] },
  { project }: CheckResult,
  compared: Compared | null,
): readonly string[] {
  const open = `    <testcase classname="${xml(project.folder || '.')}" name="${xml(name)}" time="${seconds(milliseconds)}"`;
  if (own.length === 0) return [`${open}/>`];
  // one failure a case: many readers show only the first
  const failures = own.filter((one) => isFailure(one, compared));
  const rest = own.filter((one) => !failures.includes(one));
  const [first] = failures;
  return [
    `${open}>`,
    ...(first === undefined
      ? []
      : [
          `      <failure type="${first.code}" message="${xml(first.cause)}">${failures.flatMap(linesOf).map(xml).join('\n')}</failure>`,
        ]),
    ...(rest.length === 0
      ? []
      : [
          `      <system-out>${rest
            .flatMap((one) => [`${compared?.known.has(one.key) === true ? 'known' : one.level}:`, ...linesOf(one)])
            .map(xml)
            .join('\n')}</system-out>`,
        ]),
    '    </testcase>',
  ];
}

function linesOf({ code, spot, cause, detail, fix }: FoundFault): readonly string[] {
  return [`${spot.file}:${spot.line} ${code}: ${cause}`, ...detail, `fix: ${fix}`];
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** One line of text in XML. What XML 1.0 cannot hold (controls, lone surrogates) is visible, the two non-characters are left out. */
function xml(hostile: string): string {
  return printable(hostile)
    .replaceAll(/[\uFFFE\uFFFF]/g, '')
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
