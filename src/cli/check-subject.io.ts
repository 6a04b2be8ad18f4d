import { join } from 'node:path';
import { refusePrograms, theFolder, type WantedMigrations } from '../check/index.ts';
import { OneRoofError, printable, truncate, stated, type Stated } from '../core/index.ts';
import {
  findPrograms,
  findProjects,
  type FoundProject,
  type MigrationProject,
  type PendingIn,
  readPending,
  readProject,
  recordProject,
  type Repository,
} from '../import/index.ts';
import { type Session } from '../database/index.ts';
import { loadParser } from '../release/index.ts';
import { askOnTerminal } from './ask.io.ts';
import { databaseSide, withReader } from './compared-side.io.ts';
import { type Context } from './verb.ts';

/**
 * Refuses options of `check` that do not go together, before anything is read.
 *
 * Errors  USAGE.
 */
export function refuseMixed({ options }: Context, major: number): void {
  const { all, from, pendingIn, history, against, record, recordDown, recordWithNetwork } = options;
  const refuse = (what: Stated, fix: string): never => {
    throw new OneRoofError('USAGE', { ...what, fix });
  };
  if ([all === true, from !== undefined, pendingIn !== undefined].filter(Boolean).length > 1)
    refuse(stated`--all, --from and --pending-in exclude each other`, 'leave all but one of them out');
  if (history !== undefined && pendingIn === undefined && against === undefined)
    refuse(stated`--history belongs to --pending-in`, 'add --pending-in, with the database whose history it is');
  if (record === undefined && (recordDown !== undefined || recordWithNetwork === true))
    refuse(
      stated`--record-down and --record-with-network belong to --record`,
      "add --record 'COMMAND', which runs one migration or all that are pending",
    );
  if (record !== undefined && options['migrations'] !== undefined)
    refuse(
      stated`--record and --migrations exclude each other`,
      'the command of --record knows its folder: leave one out',
    );
  if (record !== undefined && major < 15)
    refuse(
      stated`--record needs PostgreSQL 15 or later, whose log can be read as JSON`,
      'name 15 to 18: --postgres 18',
    );
}

/**
 * The migrations of a repository: what the tool's own command ran, where one is given; else what its files say.
 *
 * Errors  CHECK_PROGRAMS, those of recordProject, theFolder and readProject.
 */
export async function projectOf(repository: Repository, context: Context, major: number): Promise<MigrationProject> {
  const { record, recordDown } = context.options;
  if (typeof record === 'string') {
    const recorded = await recordProject({
      forward: record,
      back: typeof recordDown === 'string' ? recordDown : null,
      withNetwork: context.options['recordWithNetwork'] === true,
      folder: join(repository.root, repository.below),
      files: repository,
      major,
      signal: context.signal,
      onProgress: (now) => context.terminal.progress(now),
    });
    return { ...recorded, folder: repository.below };
  }
  const named = namedFolder(context);
  const projects = findProjects(repository, repository.below, named);
  if (projects.length === 0) refusePrograms(findPrograms(repository, repository.below));
  const found = await whichProject(projects, named, context);
  return readProject(repository, found, await loadParser());
}

/** The folder of --migrations, from the root. */
function namedFolder({ options: { migrations } }: Context): string | null {
  return typeof migrations === 'string' ? migrations.replace(/^\.\/|\/$/g, '').replace(/^\.$/, '') : null;
}

/** The folder that fits; where several do, a person at the terminal says which. */
async function whichProject(
  found: readonly FoundProject[],
  named: string | null,
  { options, signal }: Context,
): Promise<FoundProject> {
  if (named !== null || found.length < 2) return theFolder(found, named);
  const list = found.map(({ tool, folder }, at) => `  ${at + 1}  ${printable(folder === '' ? '.' : folder)} (${tool})`);
  const asked =
    options['json'] === true ? null : await askOnTerminal(`Which migrations?\n${list.join('\n')}\n> `, signal);
  return found[Number(asked ?? 0) - 1] ?? theFolder(found, null);
}

/**
 * Which of the migrations are to be judged.
 *
 * Errors  those of databaseSide, withReader and readPending.
 */
export async function wantedOf(project: MigrationProject, context: Context): Promise<WantedMigrations> {
  const { all, from, pendingIn } = context.options;
  if (typeof from === 'string') return { which: 'from', id: from };
  if (typeof pendingIn !== 'string') return { which: all === true ? 'all' : 'new' };
  const side = await databaseSide(context, pendingIn);
  const read = await withReader(side, context.signal, historyReader(project, context));
  return pendingMigrations(read, { project, of: side.name, context });
}

/** Reads what is pending, in the table of --history where one is named. */
export function historyReader(
  project: MigrationProject,
  { options: { history } }: Context,
): (session: Pick<Session, 'query'>) => Promise<PendingIn> {
  const named = typeof history === 'string' ? history : null;
  return (session) => readPending(session, { project, named });
}

/** What is pending, as what is wanted; says what the database has had and the folder has not. */
export function pendingMigrations(
  { table, pending, unknown }: PendingIn,
  { project, of, context }: { readonly project: MigrationProject; readonly of: string; readonly context: Context },
): Extract<WantedMigrations, { which: 'pending' }> {
  if (unknown.length > 0)
    context.terminal.say(
      `${printable(of)} has had ${unknown.length} migrations that are not in this folder: ${printable(truncate(unknown.join(', '), 200))}`,
    );
  const why =
    table === null
      ? `all of them: ${of} has no history of ${project.tool}`
      : `those that ${project.tool} would run next in ${of}, by its ${table}`;
  return { which: 'pending', migrations: pending, why };
}
