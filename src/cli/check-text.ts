import {
  type CheckResult,
  type Compared,
  explainGolden,
  type Fault,
  type Hazard,
  hazardInProduction,
  isFailed,
  type JudgedMigration,
  locksInProduction,
} from '../check/index.ts';
import { formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { type TextLayout } from './text/index.ts';

type Paint = TextLayout['paint'];

/** What a check found, for people. */
export function describeCheck(
  result: CheckResult,
  as: { readonly paint: Paint; readonly compared: Compared | null },
): string {
  const { paint, compared } = as;
  const { project, server, scope, history, roles, rows, golden, against, migrations, cached } = result;
  const folder = printable(project.folder === '' ? '.' : project.folder);
  const without = server.network === 'none' ? 'without a network' : 'with the network of this machine';
  const failed = migrations.filter(isFailed).length;
  return [
    `${paint.heading(folder)}: ${count(project.migrations, 'migration')} of ${project.tool}, known by ${printable(project.knownBy)}`,
    `judged on a private PostgreSQL ${server.version} ${without}, as ${server.role === 'owner' ? 'the owner of the database' : 'a superuser'}: ${printable(scope.why)}`,
    golden === null
      ? `rows: ${rows.rows} in ${count(rows.tables, 'table')}${rows.empty.length === 0 ? '' : `; without rows: ${some(rows.empty.map(({ table }) => table))}`}`
      : `rows: ${printable(explainGolden(golden))}`,
    ...(against === null
      ? []
      : [`sizes: those of ${printable(against.name)}, by its catalogue (${count(against.tables, 'table')})`]),
    ...(roles.length === 0 ? [] : [`roles that were made because migrations name them: ${some(roles)}`]),
    ...project.warnings.map(({ file, text }) => `${paint.hold('warning')} ${printable(file)}: ${printable(text)}`),
    ...history.flatMap((fault) => faultLines(fault, paint)),
    '',
    ...migrations.flatMap((one) => [
      verdictLine(one, paint),
      ...one.faults.flatMap((fault) => faultLines(fault, paint)),
      ...one.hazards.flatMap((hazard) => hazardLines(hazard, paint)),
      ...locksInProduction(one).map((line) => `  ${paint.quiet(printable(line))}`),
    ]),
    ...(migrations.length === 0 ? ['nothing to judge: --all judges every migration'] : []),
    '',
    `${count(migrations.length, 'migration')} judged in ${formatDuration(result.milliseconds as Milliseconds)}${cached === 0 ? '' : ` (${cached} from the cache)`}: ${failed === 0 ? paint.good('none fails') : paint.bad(`${failed} ${failed === 1 ? 'fails' : 'fail'}`)}${history.length === 0 ? '' : paint.bad(`, and ${count(history.length, 'earlier one')} could not be replayed`)}`,
    ...(compared === null
      ? []
      : [
          ...(compared.note === null ? [] : [paint.hold(printable(compared.note))]),
          `${count(compared.known.size, 'fault')} known by the baseline, ${compared.fresh.length} new`,
          ...compared.vanished.map(
            ({ migration, code }) => `no longer found, take it out of the baseline: ${printable(migration)} ${code}`,
          ),
        ]),
  ].join('\n');
}

/** One migration in one line: its verdict, its name, and what else was found. */
export function verdictLine(judged: JudgedMigration, paint?: Paint): string {
  const { verdict, name, hazards, onRows } = judged;
  // a migration that comes back, and is dangerous on the way, is not called clean
  const first = verdict === 'clean' ? (hazards[0]?.code ?? verdict) : verdict;
  const word = first.replaceAll('-', ' ').padEnd(22);
  const isBad = isFailed(judged);
  const painted = paint === undefined ? word : isBad ? paint.bad(word) : paint.good(word);
  const more = [
    ...(hazards.length === 0 ? [] : [count(hazards.length, 'hazard')]),
    ...(onRows ? [] : ['judged on empty tables']),
  ];
  return `${painted} ${printable(name)}${more.length === 0 ? '' : ` (${more.join(', ')})`}`;
}

function faultLines({ code, level, spot, cause, detail, fix }: Fault, paint: Paint): readonly string[] {
  return [
    `  ${mark(level, paint)} ${printable(spot.file)}:${spot.line} ${code}: ${printable(cause)}`,
    ...detail.slice(0, mostDetails).map((line) => `    ${printable(line)}`),
    ...(level === 'note' ? [] : [`    ${paint.quiet(printable(`fix: ${fix}`))}`]),
  ];
}

/** Lines of detail that are shown for one fault; --json has all. */
const mostDetails = 6;

function hazardLines(hazard: Hazard, paint: Paint): readonly string[] {
  const { code, level, spot, statement, measured, rule, safer } = hazard;
  return [
    `  ${mark(level, paint)} ${printable(spot.file)}:${spot.line} ${code}: ${printable(measured)}`,
    ...hazardInProduction(hazard).map((line) => `    ${printable(line)}`),
    `    ${printable(statement)}`,
    `    ${paint.quiet(printable(`instead: ${rule}`))}`,
    ...(safer === null ? [] : safer.split('\n').map((line) => `      ${printable(line)}`)),
  ];
}

function mark(level: Fault['level'], paint: Paint): string {
  return level === 'error' ? paint.bad(level) : level === 'warning' ? paint.hold(level) : paint.quiet(level);
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 8).map(printable).join(', ');
  return names.length > 8 ? `${shown}, and ${names.length - 8} more` : shown;
}

function count(n: number, what: string): string {
  return `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;
}
