import { cutAsPsql, type Parser } from '../release/index.ts';
import { manifestsNamed } from './manifests.ts';
import { type Migration } from './migration.ts';
import { type FileTree, parentOf, pathIn } from './repository.ts';
import { migrationOf, nothing, type Side } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** The order of `sqitch.plan`, with `deploy/` and `revert/`, run by psql. Source: sqitch, lib/App/Sqitch/Plan.pm, Plan/Change.pm. */
export const sqitch: MigrationTool = {
  name: 'sqitch',
  find: (tree) =>
    manifestsNamed(tree, 'sqitch.plan')
      .filter((path) => engineOf(tree, parentOf(path)) === 'pg')
      .map((path) => ({ tool: 'sqitch', folder: parentOf(path), knownBy: path, strength: 'certain' })),
  read: ({ tree, folder, parser }: Reading): ReadMigrations => {
    const changes = changesOf(tree.read(pathIn(folder, 'sqitch.plan')).text);
    const migrations = changes.map(({ name, id, tags }): Migration => {
      const side = (kind: string): Side | null => {
        // a change that was reworked later has its older scripts under a tag between the two
        const names = tags === null ? [name] : tags.map((tag) => `${name}@${tag}`);
        const paths = ['', 'reworked/'].flatMap((where) =>
          names.map((one) => pathIn(folder, `${where}${kind}/${one}.sql`)),
        );
        const path = paths.find((one) => tree.read(one).problem !== 'is missing');
        return path === undefined ? null : script({ tree, parser, path });
      };
      const up = side('deploy');
      return migrationOf({
        id,
        name: id,
        up: up ?? nothing(pathIn(folder, 'sqitch.plan')),
        down: side('revert'),
        problem: up === null ? `there is no deploy/${name}.sql for it` : null,
      });
    });
    return { migrations, warnings: [] };
  },
};

/** The engine that the nearest sqitch.conf or the plan's folder names; PostgreSQL where none does. */
function engineOf(tree: FileTree, folder: string): string {
  for (let at = folder; ; at = parentOf(at)) {
    const found = /^[ \t]*engine[ \t]*=[ \t]*(\w+)/m.exec(tree.read(pathIn(at, 'sqitch.conf')).text)?.[1];
    if (found !== undefined || at === '') return found ?? 'pg';
  }
}

interface PlannedChange {
  readonly name: string;
  readonly id: string;
  /** The tags before the change is reworked, nearest first; null: it is not. */
  readonly tags: readonly string[] | null;
}

/** The changes of a plan in order. */
function changesOf(plan: string): readonly PlannedChange[] {
  const lines = plan
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('%'));
  const names = lines.map((line) => /^[@+]?\s*(\S+)/.exec(line)?.[1] ?? '');
  return lines.flatMap((line, index): readonly PlannedChange[] => {
    const name = names[index] ?? '';
    if (line.startsWith('@')) return [];
    const next = lines.findIndex((other, at) => at > index && !other.startsWith('@') && names[at] === name);
    if (next < 0) return [{ name, id: name, tags: null }];
    const tags = names.slice(index, next).filter((_, at) => lines[index + at]?.startsWith('@'));
    return [{ name, id: `${name}@${tags[0] ?? index}`, tags }];
  });
}

/** Commands of psql that change nothing of what is run. */
const harmless =
  /^\\(?:echo|qecho|warn|timing|pset|x|set\s+(?:ON_ERROR_STOP|QUIET|ECHO|VERBOSITY|ON_ERROR_ROLLBACK)\b|unset|encoding)\b|^\\(?:q|x)?\s*$/;

/** A script as psql sends it: each statement alone, with the BEGIN and COMMIT that are in it. */
function script({ tree, parser, path }: { tree: FileTree; parser: Parser; path: string }): Side {
  const read = tree.read(path);
  if (read.problem !== null) return { ...nothing(path), problem: `${path} ${read.problem}` };
  // psql leaves out a byte order mark
  const raw = read.text.replace(/^\uFEFF/, '');
  const { parts } = cutAsPsql(raw);
  const text = parts.reduce(
    (rest, { start, end }) =>
      rest.slice(0, start) + rest.slice(start, end).replaceAll(/[^\r\n]/g, ' ') + rest.slice(end),
    raw,
  );
  const other = parts.find(({ kind, start, end }) => kind === 'data' || !harmless.test(raw.slice(start, end).trim()));
  const variable = variableIn(text, parser);
  const problem =
    other !== undefined
      ? `${path} needs psql: ${other.kind === 'data' ? 'the rows of COPY … FROM STDIN' : (/^\\\S*/.exec(raw.slice(other.start, other.end))?.[0] ?? '')}`
      : variable === null
        ? null
        : `${path} uses the variable ${variable} of psql`;
  return { script: { file: path, line: 1, text, send: 'statements' }, problem };
}

/** The first `:name`, `:'name'` or `:"name"` outside of strings and comments. */
function variableIn(text: string, parser: Parser): string | null {
  let before = '';
  for (const { kind, text: piece } of parser.pieces(text)) {
    if (/(?:^|[^:]):$/.test(before) && /^['"A-Za-z_]/.test(piece) && kind !== 'comment')
      return /^['"]?(\w+)/.exec(piece)?.[1] ?? piece;
    const inside = kind === 'plain' ? /(?:^|[^:\w]):(?:['"]?)([A-Za-z_]\w*)/.exec(piece)?.[1] : undefined;
    if (inside !== undefined) return inside;
    before = kind === 'comment' ? '' : `${before.slice(-1)}${piece}`.slice(-2);
  }
  return null;
}
