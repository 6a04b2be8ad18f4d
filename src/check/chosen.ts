import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Migration, type MigrationProject, type ProgramFolder } from '../import/index.ts';
import { type CheckResult } from './check-result.ts';

/** Which migrations are asked for. */
export type WantedMigrations =
  | { readonly which: 'new' | 'all' }
  | { readonly which: 'from'; readonly id: string }
  | { readonly which: 'pending'; readonly migrations: readonly Migration[]; readonly why: string };

/** What a repository says of its files since a moment. */
interface Changed {
  readonly paths: ReadonlySet<string>;
  readonly gone: readonly string[];
  readonly since: string;
}

/** The migrations that are judged, and why these. */
export interface ChosenMigrations {
  readonly judged: ReadonlySet<Migration>;
  readonly scope: CheckResult['scope'];
}

/**
 * Chooses the migrations to judge. Where it is unknown what is new, all are.
 *
 * Errors  CHECK_NO_MIGRATION: there is none with that id.
 */
export function choose(
  { migrations, folder }: Pick<MigrationProject, 'migrations' | 'folder'>,
  wanted: WantedMigrations,
  changed:
    | (Changed & {
        readonly isFile: (path: string) => boolean;
        /** The project before the change; null: it is not read from files. */
        readonly earlier: Pick<MigrationProject, 'migrations'> | null;
      })
    | { readonly unknown: string },
): ChosenMigrations {
  if (wanted.which === 'all')
    return { judged: new Set(migrations), scope: { which: 'all', why: 'all of them (--all)' } };
  if (wanted.which === 'pending')
    return { judged: new Set(wanted.migrations), scope: { which: 'pending', why: wanted.why } };
  if (wanted.which === 'from') {
    const at = migrations.findIndex(({ id, name }) => id === wanted.id || name === wanted.id);
    if (at < 0)
      throw new OneRoofError('CHECK_NO_MIGRATION', {
        ...stated`there is no migration ${{ migration: printable(wanted.id) }}`,
        fix: `name one as its tool does; the last is ${printable(migrations.at(-1)?.id ?? '')}`,
      });
    return {
      judged: new Set(migrations.slice(at)),
      scope: { which: 'from', why: `from ${wanted.id} on (--from)` },
    };
  }
  if ('unknown' in changed)
    return { judged: new Set(migrations), scope: { which: 'all', why: `all of them, because ${changed.unknown}` } };
  const gone = changed.gone.find((path) => path.endsWith('.sql') && (folder === '' || path.startsWith(`${folder}/`)));
  // a down that is not there any more, or an up on which others build
  if (gone !== undefined)
    return {
      judged: new Set(migrations),
      scope: { which: 'all', why: `all of them, because ${gone} was deleted since ${changed.since}` },
    };
  // what was recorded and has no file in the repository may be new
  const isNew = ({ up, down }: Migration): boolean =>
    changed.paths.has(up.file) || (down !== null && changed.paths.has(down.file)) || !changed.isFile(up.file);
  const moved = new Set(changed.earlier === null ? [] : movedSince(changed.earlier.migrations, migrations));
  const others = migrations.filter((one) => moved.has(one) && !isNew(one)).length;
  const more =
    others === 0
      ? ''
      : `, and ${others} whose place in the order or whose settings changed, though ${others === 1 ? 'its file' : 'their files'} did not`;
  return {
    judged: new Set(migrations.filter((one) => isNew(one) || moved.has(one))),
    scope: { which: 'new', why: `those that are new or changed since ${changed.since}${more}` },
  };
}

/**
 * The migrations that run where another one ran before, that are sent in another way, or that the tool did not know: a plan, a journal, a changelog or a
 * configuration says so, and their own files may be as they were.
 */
function movedSince(earlier: readonly Migration[], now: readonly Migration[]): readonly Migration[] {
  const was = new Map(earlier.map((one) => [one.id, one]));
  const is = new Set(now.map(({ id }) => id));
  const both = earlier.filter(({ id }) => is.has(id));
  let at = 0;
  return now.filter((one) => {
    const before = was.get(one.id);
    if (before === undefined) return true;
    const there = both[at];
    at += 1;
    return there?.id !== one.id || JSON.stringify(before) !== JSON.stringify(one);
  });
}

/**
 * The one folder of migrations that fits; where there are several, `named` says which.
 *
 * Errors  CHECK_NO_FOLDER, CHECK_WHICH_FOLDER.
 */
export function theFolder<Found extends { readonly tool: string; readonly folder: string }>(
  found: readonly Found[],
  named: string | null,
): Found {
  const fitting = named === null ? found : found.filter(({ folder }) => folder === named);
  const [first, ...others] = fitting;
  if (first === undefined)
    throw new OneRoofError('CHECK_NO_FOLDER', {
      ...(named === null
        ? stated`no folder of migrations was found`
        : stated`no tool is known for ${{ tool: printable(named) }}`),
      fix:
        found.length === 0
          ? 'name the folder of a repository with migrations; docs/CHECK.md lists the tools and how each is known'
          : `name one of these: ${found.map(shownFolder).join(', ')}`,
    });
  if (others.length > 0)
    throw new OneRoofError('CHECK_WHICH_FOLDER', {
      ...stated`several folders hold migrations: ${{ folders: fitting.map(shownFolder) }}`,
      fix: `name one: oneroof check --migrations ${printable(first.folder === '' ? '.' : first.folder)}`,
    });
  return first;
}

/**
 * Refuses a repository in which only programs are migrations: says which command lets their tool run them.
 *
 * Errors  CHECK_PROGRAMS.
 */
export function refusePrograms(found: readonly ProgramFolder[]): void {
  const [first] = found;
  if (first === undefined) return;
  const folders = found.slice(0, mostShown).map(shownFolder);
  throw new OneRoofError('CHECK_PROGRAMS', {
    ...stated`the migrations here are programs, not SQL: ${{ folders }}${found.length > mostShown ? `, and ${found.length - mostShown} more folders` : ''}`,
    fix: `let their tool run them, in the folder of its configuration: oneroof check --record '${first.forward}' --record-down '${first.back}' (docs/recipes/record.md)`,
  });
}

/** How many folders a message names. */
const mostShown = 3;

function shownFolder({ tool, folder }: { readonly tool: string; readonly folder: string }): string {
  return `${printable(folder === '' ? '.' : folder)} (${tool})`;
}
