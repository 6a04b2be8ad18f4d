import { asText, printable, truncate } from '../../core/index.ts';
import { explainGolden } from '../explain-golden.ts';
import { type CheckResult } from '../check-result.ts';
import { type Compared, isFailure } from './baseline.ts';
import { codeTitles, type FoundFault, foundIn } from './found.ts';

/**
 * The first line of a comment of ours, by which a later run finds the one to replace. It names the folder and the major version, because two
 * steps of one workflow may check two folders, or one folder on two versions.
 */
export function commentMarker({ project, server }: CheckResult): string {
  return `<!-- oneroof-check ${encodeURIComponent(printable(project.folder || '.'))} postgres-${Number.parseInt(server.version, 10)} -->`;
}

/** GitHub takes 65,536 characters. */
const longestComment = 60_000;
const longestLine = 500;

/** Writes a result as Markdown for a pull request; what does not fit is counted. */
export function commentOf(result: CheckResult, compared: Compared | null): string {
  const found = foundIn(result);
  const failures = found.filter((one) => isFailure(one, compared));
  const outcome = compared?.outcome ?? result.outcome;
  const clean = result.migrations.filter(({ id }) => !found.some(({ migration }) => migration === id)).length;
  const head = [
    commentMarker(result),
    `### ${outcome === 'passed' ? '✅' : '⛔'} oneroof check ${outcome}`,
    '',
    `${result.migrations.length} migrations judged in ${line(result.project.folder || '.')} (${line(result.project.tool)}) on PostgreSQL ${line(result.server.version)}; ${clean} clean; ${line(result.scope.why)}.`,
    '',
    ...(result.golden === null ? [] : [`Rows: ${line(explainGolden(result.golden))}.`, '']),
    ...(result.against === null ? [] : [`Sizes are those of ${line(result.against.name)}, by its catalogue.`, '']),
    ...(compared?.note == null ? [] : [`${sentence(line(compared.note))}.`, '']),
  ];
  const rest = found.filter((one) => !failures.includes(one));
  const parts = [
    ...failures.map((one) => part(one, 'fails')),
    ...rest.map((one) => part(one, compared?.known.has(one.key) === true ? 'known' : one.level)),
  ];
  const vanished = (compared?.vanished ?? []).map(
    ({ migration, code }) => `- no longer found, take it out of the baseline: ${line(migration)}, ${line(code)}\n`,
  );
  const foot = [
    result.rows.empty.length === 0 ? '' : `${result.rows.empty.length} tables took no synthetic rows.`,
    result.roles.length === 0 ? '' : `Roles made for the migrations: ${line(result.roles.join(', '))}.`,
  ].filter((text) => text !== '');
  return fitted([...head, ''].join('\n'), [...parts, ...vanished], foot.length === 0 ? '' : `\n${foot.join(' ')}\n`);
}

function part({ code, spot, name, cause, detail, fix }: FoundFault, mark: string): string {
  return [
    `- **${mark === 'fails' ? '⛔ ' : `${mark}: `}${code}** ${line(`${spot.file}:${spot.line}`)} (${line(name)}): ${codeTitles[code]}`,
    `  - ${line(cause)}`,
    ...detail.slice(0, 20).map((one) => `  - ${line(one)}`),
    `  - Fix: ${line(fix)}`,
    '',
  ].join('\n');
}

/** Whole parts only: a cut one could open markup that it does not close. */
function fitted(head: string, parts: readonly string[], foot: string): string {
  let text = head;
  let shown = 0;
  for (const one of parts) {
    if (text.length + one.length + foot.length > longestComment) break;
    text += one;
    shown += 1;
  }
  const left = parts.length - shown;
  return `${text}${left === 0 ? '' : `\n… and ${left} more; run \`oneroof check\` to see them.\n`}${foot}`;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** Cut first: an escape that loses its end would be another character. */
function line(hostile: string): string {
  return asText(truncate(hostile, longestLine));
}
