import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  annotationsOf,
  baselineOf,
  changedSinceMain,
  type CheckResult,
  checkMigrations,
  choose,
  commentOf,
  type Compared,
  compareBaseline,
  type GoldenGround,
  isFailed,
  junitOf,
  readKnownFile,
  sarifOf,
} from '../../check/index.ts';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { packagedMajors } from '../../database/index.ts';
import { earlierProject, listRepository } from '../../import/index.ts';
import { readAgainst, withGolden } from '../check-against.io.ts';
import { pendingMigrations, projectOf, refuseMixed, wantedOf } from '../check-subject.io.ts';
import { cacheOf, jobsOf } from '../check-speed.io.ts';
import { describeCheck, verdictLine } from '../check-text.ts';
import { checkFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { lookOf } from '../output.io.ts';
import { type CommandRun, type Context } from '../verb.ts';

/** Judges the migrations of a repository; exit 1 where one is not safe, or could not be judged. */
export const run: CommandRun = async (context) => {
  const { terminal, signal, options } = context;
  const files = filesOf(context);
  const major = majorOf(context);
  const jobs = jobsOf(context);
  refuseMixed(context, major);
  const repository = await listRepository(resolve(context.folder, context.arguments[0] ?? '.'));
  const changed = await changedSinceMain(repository.root);
  const baseline =
    files.baseline === null || options['writeBaseline'] === true
      ? null
      : await readKnownFile(files.baseline, { root: repository.root, changed });
  const project = await projectOf(repository, context, major);
  const against = await readAgainst(context);
  const judge = async (golden: GoldenGround | null): Promise<CheckResult> => {
    const wanted =
      golden === null
        ? await wantedOf(project, context)
        : pendingMigrations(golden.pending, { project, of: `the golden copy of ${golden.told.of}`, context });
    const isRead = wanted.which === 'new' && options['record'] === undefined && !('unknown' in changed);
    const earlier = isRead ? await earlierProject(repository, { project, ...changed }) : null;
    const known = new Set(repository.paths);
    const chosen = choose(project, wanted, { ...changed, earlier, isFile: (path) => known.has(path) });
    let done = 0;
    return checkMigrations({
      project,
      chosen,
      major,
      as: options['superuser'] === true ? 'superuser' : 'owner',
      values: options['showValues'] === true ? 'shown' : 'hidden',
      rows: files.rows,
      golden,
      against: against?.sizes ?? null,
      jobs,
      cache: golden === null ? cacheOf(context, repository.root) : null,
      signal,
      onProgress: (now) => terminal.progress(printable(`${now} (${done} of ${chosen.judged.size} judged)`)),
      onJudged: (judged) => {
        done += 1;
        if (isFailed(judged)) terminal.say(verdictLine(judged));
      },
    });
  };
  const result =
    against?.copies == null
      ? await judge(null)
      : await withGolden({ ...against, copies: against.copies }, { project, context }, judge);
  const compared = baseline === null ? null : compareBaseline(result, baseline.faults, baseline.note);
  writeDocuments(files, result, compared);
  if (options['writeBaseline'] === true && files.baseline !== null) writeFileSync(files.baseline, baselineOf(result));
  // GitHub shows these lines of the log at the lines of the files
  if ((process.env['GITHUB_ACTIONS'] ?? '') === 'true' && options['json'] !== true)
    process.stdout.write(annotationsOf(result, compared));
  const outcome = compared?.outcome ?? result.outcome;
  return {
    exit: outcome === 'passed' || options['writeBaseline'] === true ? 0 : 1,
    schema: 'oneroof/check/1',
    data: {
      result: checkFindings(result, typedOf(context)),
      baseline:
        compared === null
          ? null
          : {
              known: compared.known.size,
              fresh: compared.fresh.length,
              vanished: compared.vanished,
              note: compared.note,
            },
    },
    text: describeCheck(result, { paint: lookOf('stdout').paint, compared }),
  };
};

/** The files that the command line names, from the folder that it works in. */
interface NamedFiles {
  readonly baseline: string | null;
  readonly rows: string | null;
  readonly sarif: string | null;
  readonly junit: string | null;
  readonly markdown: string | null;
}

function filesOf({ options, folder }: Context): NamedFiles {
  const file = (name: keyof NamedFiles): string | null => {
    const given = options[name];
    return typeof given === 'string' ? resolve(folder, given) : null;
  };
  const files = {
    baseline: file('baseline'),
    rows: file('rows'),
    sarif: file('sarif'),
    junit: file('junit'),
    markdown: file('markdown'),
  };
  if (options['writeBaseline'] === true && files.baseline === null)
    throw new OneRoofError('USAGE', {
      ...stated`--write-baseline needs the file of --baseline`,
      fix: 'oneroof check --write-baseline --baseline FILE',
    });
  return files;
}

function writeDocuments(files: NamedFiles, result: CheckResult, compared: Compared | null): void {
  const { sarif, junit, markdown } = files;
  if (sarif !== null) writeFileSync(sarif, sarifOf(result, compared));
  if (junit !== null) writeFileSync(junit, junitOf(result, compared));
  if (markdown !== null) writeFileSync(markdown, commentOf(result, compared));
}

function majorOf({ options }: Context): number {
  const major = Number(options['postgres']);
  if (packagedMajors.includes(major)) return major;
  throw new OneRoofError('USAGE', {
    ...stated`--postgres is ${{ value: printable(String(options['postgres'])) }}, expected one of ${{ expected: packagedMajors }}`,
    fix: 'leave it out for PostgreSQL 18',
  });
}
