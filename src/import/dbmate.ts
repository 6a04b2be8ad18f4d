import { fileWith, foldersWith } from './fitting-folders.ts';
import { type Migration, type Script } from './migration.ts';
import { type FileTree, pathIn } from './repository.ts';
import { lineOf, migrationOf, nothing, refuseTwice, type Side, skippedFiles } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations } from './tool.ts';

/** dbmate's own forms. Source: dbmate, pkg/dbmate/migration.go, db.go. */
const form = /^(\d+).*\.sql$/;
/** A line's beginning and end, and white space, as Go's expressions have them: JavaScript's know more of each. */
const [begin, end, blank, rest] = ['(?<![^\\n])', '(?![^\\n])', '[\\t\\n\\f\\r ]', '[^\\t\\n\\f\\r ]'];
const upLine = new RegExp(`${begin}--${blank}*migrate:up(?:${blank}*${end}|${blank}+${rest}+)`);
const downLine = new RegExp(`${begin}--${blank}*migrate:down(?:${blank}*${end}|${blank}+${rest}+)${end}`);

/** Both directions in one file, below `-- migrate:up` and `-- migrate:down`, in the byte order of the file names. */
export const dbmate: MigrationTool = {
  name: 'dbmate',
  find: (tree) =>
    foldersWith(tree, form).flatMap(({ folder, names }) => {
      const file = fileWith(tree, { folder, names }, upLine);
      return file === null
        ? []
        : [{ tool: 'dbmate', folder, knownBy: `-- migrate:up in ${file}`, strength: 'certain' }];
    }),
  read: ({ tree, folder }: Reading): ReadMigrations => {
    const names = (tree.folders.get(folder) ?? []).filter((name) => name.endsWith('.sql'));
    const { migrations, warnings } = refuseTwice(
      names.flatMap((name) => {
        const id = form.exec(name)?.[1];
        return id === undefined ? [] : [readFile(tree, pathIn(folder, name), { id, name: name.replace(/\.sql$/, '') })];
      }),
      'dbmate records a version once',
    );
    const skipped = names.filter((name) => !form.test(name));
    return {
      migrations,
      warnings: [
        ...warnings,
        ...skippedFiles({ folder, names: skipped, text: 'dbmate skips it: its name does not begin with a number' }),
      ],
    };
  },
};

function readFile(tree: FileTree, file: string, named: { readonly id: string; readonly name: string }): Migration {
  const { text, problem } = tree.read(file);
  const [up, down] = [upLine.exec(text), downLine.exec(text)];
  const refused = (why: string): Migration => migrationOf({ ...named, up: nothing(file), down: null, problem: why });
  if (problem !== null) return refused(`${file} ${problem}`);
  if (up === null || down === null)
    return refused(`dbmate refuses ${file}: it has no -- migrate:${up === null ? 'up' : 'down'}`);
  if (up.index > down.index) return refused(`dbmate refuses ${file}: -- migrate:down is before -- migrate:up`);
  if (
    text
      .slice(0, up.index)
      .split('\n')
      .some((line) => !/^[\t\f\r ]*(?:--|$)/.test(line))
  )
    return refused(`dbmate refuses ${file}: SQL before -- migrate:up`);
  const side = (start: number, end?: number): Side => ({
    script: { file, line: lineOf(text, start), text: text.slice(start, end), send: sendOf(text.slice(start, end)) },
    problem: null,
  });
  return migrationOf({ ...named, up: side(up.index, down.index), down: side(down.index) });
}

/** Without a transaction a block is still one message. */
function sendOf(block: string): Script['send'] {
  const [line = ''] = block.split('\n', 1);
  return line.split(/[\t\f\r ]+/).includes('transaction:false') ? 'message' : 'transaction';
}
