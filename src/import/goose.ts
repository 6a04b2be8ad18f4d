import { type Parser } from '../release/index.ts';
import { fileWith, foldersWith } from './fitting-folders.ts';
import { goModules, manifestMark } from './manifests.ts';
import { type Migration } from './migration.ts';
import { substitute, shellVariables } from './placeholders.ts';
import { type FileTree, pathIn } from './repository.ts';
import { inCode, migrationOf, nothing, refuseTwice, type Side } from './scripts.ts';
import { type MigrationTool, type Reading, type ReadMigrations, type ReadWarning } from './tool.ts';

/** Both directions in one file, below `-- +goose Up` and `-- +goose Down`. Source: goose, internal/sqlparser/parser.go, provider_collect.go. */
export const goose: MigrationTool = {
  name: 'goose',
  find: (tree) => {
    const modules = goModules(tree, 'github.com/pressly/goose');
    return foldersWith(tree, /^[0-9]+_.*\.sql$/).flatMap(({ folder, names }) => {
      const file = fileWith(tree, { folder, names }, /^--\s*\+goose\s+Up\s*$/im);
      const directive = { knownBy: `-- +goose Up in ${file}`, strength: 'certain' } as const;
      return file === null
        ? []
        : [{ tool: 'goose', folder, ...directive, ...manifestMark(folder, modules), strength: 'certain' }];
    });
  },
  read,
};

/** The largest version, a signed 64-bit number. */
const largest = 2n ** 63n - 1n;

function read({ tree, folder, parser }: Reading): ReadMigrations {
  const warnings: ReadWarning[] = [];
  const migrations: { readonly version: bigint; readonly migration: Migration }[] = [];
  for (const name of tree.folders.get(folder) ?? []) {
    if (!/\.(sql|go)$/.test(name) || name.endsWith('_test.go')) continue;
    const path = pathIn(folder, name);
    const digits = /^[+-]?[0-9]+(?=_)/.exec(name)?.[0];
    const version = digits === undefined ? 0n : BigInt(digits.replace(/^\+/, ''));
    if (version >= 1n && version <= largest)
      migrations.push({ version, migration: readFile({ tree, path, parser }, String(version)) });
    else if (name.endsWith('.sql'))
      warnings.push({ file: path, text: 'goose does not take it: its name does not begin with a number from 1 and _' });
  }
  const sorted = migrations.toSorted((one, other) =>
    one.version < other.version ? -1 : one.version > other.version ? 1 : 0,
  );
  const { migrations: all, warnings: twice } = refuseTwice(
    sorted.map(({ migration }) => migration),
    'goose refuses the whole folder',
  );
  return { migrations: all, warnings: [...warnings, ...twice] };
}

function readFile({ tree, path, parser }: { tree: FileTree; path: string; parser: Parser }, id: string): Migration {
  const name = path.slice(path.lastIndexOf('/') + 1).replace(/\.(sql|go)$/, '');
  if (path.endsWith('.go')) return inCode({ id, name, file: path, language: 'Go' });
  const { text, problem } = tree.read(path);
  if (problem !== null) return migrationOf({ id, name, up: nothing(path), down: null, problem: `${path} ${problem}` });
  const cut = cutFile(text);
  if (typeof cut === 'string')
    return migrationOf({ id, name, up: nothing(path), down: null, problem: `goose refuses ${path}: ${cut}` });
  const side = (part: Part): Side => ({
    script: {
      file: path,
      line: part.line,
      text: part.lines.join('\n'),
      send: cut.inTransaction ? 'transaction' : 'statements',
    },
    problem:
      cut.missing !== null ? `${path} takes ${cut.missing} from the environment` : brokenChunk(path, part, parser),
  });
  return migrationOf({ id, name, up: side(cut.up), down: cut.down === null ? null : side(cut.down) });
}

/** What goose sends as one message, with its first line. */
interface Chunk {
  readonly line: number;
  readonly text: string;
}

/** One direction: its lines, and what is sent of them. */
interface Part {
  readonly line: number;
  readonly lines: string[];
  readonly chunks: Chunk[];
}

interface CutFile {
  readonly up: Part;
  readonly down: Part | null;
  readonly inTransaction: boolean;
  /** A variable of the environment that has no value here. */
  readonly missing: string | null;
}

/** Cuts a file as goose does; a text says why goose refuses it. */
function cutFile(text: string): CutFile | string {
  const cutter = new Cutter();
  for (const [index, line] of text.split('\n').entries()) {
    const refusal = cutter.take(line, index + 1);
    if (refusal !== null) return refusal;
  }
  return cutter.done();
}

class Cutter {
  private up: Part | null = null;
  private down: Part | null = null;
  private inTransaction = true;
  private substitutes = false;
  private missing: string | null = null;
  /** Between StatementBegin and StatementEnd. */
  private inBlock = false;
  /** The statement that has begun. */
  private chunk: Chunk | null = null;

  /** Takes the next line; a text says why goose refuses the file. */
  take(line: string, number: number): string | null {
    const part = this.down ?? this.up;
    const directive = /^--[\s\u0085]*\+goose[\s\u0085]+([^\n]*)$/i
      .exec(line)?.[1]
      ?.toLowerCase()
      .replace(/[\s\u0085]+/g, ' ')
      .trim();
    if (directive === 'up' || directive === 'down') return this.begin(directive, number);
    if (directive === 'no transaction') this.inTransaction = false;
    if (directive?.startsWith('envsub') === true) this.substitutes = directive.endsWith(' on');
    if (part === null)
      return line.trim() === '' || line.startsWith('--') ? null : `line ${number} is before -- +goose Up`;
    if (directive === 'statementbegin' || directive === 'statementend')
      return this.block(part, { line, number, directive });
    this.body(part, line, number);
    return null;
  }

  done(): CutFile | string {
    const { up, down, inTransaction, missing } = this;
    if (up === null) return 'it has no -- +goose Up';
    return this.unfinished() ?? { up, down, inTransaction, missing };
  }

  private begin(direction: 'up' | 'down', number: number): string | null {
    const refusal = this.unfinished();
    if (refusal !== null) return refusal;
    if (direction === 'up' ? this.up !== null : this.up === null || this.down !== null)
      return `line ${number} has a second Up, or a Down that does not follow the Up`;
    this[direction] = { line: number + 1, lines: [], chunks: [] };
    return null;
  }

  private block(
    part: Part,
    { line, number, directive }: { line: string; number: number; directive: string },
  ): string | null {
    if (this.inBlock === (directive === 'statementbegin'))
      return `the ${directive === 'statementbegin' ? 'StatementBegin' : 'StatementEnd'} on line ${number} has no partner`;
    this.inBlock = !this.inBlock;
    // the block is one statement, with a semicolon or without
    part.lines.push(this.inBlock ? line : `; ${line}`);
    if (!this.inBlock) this.end(part);
    return null;
  }

  private body(part: Part, line: string, number: number): void {
    const filled =
      this.substitutes && !isComment(line) ? substitute(line, shellVariables) : { text: line, missing: null };
    this.missing ??= filled.missing;
    part.lines.push(filled.text);
    // comments and empty lines before a statement are not sent
    if (this.chunk === null && (isComment(line) || line.trim() === '')) return;
    this.chunk = { line: this.chunk?.line ?? number, text: `${this.chunk?.text ?? ''}${filled.text}\n` };
    if (!this.inBlock && endsStatement(line)) this.end(part);
  }

  private end(part: Part): void {
    if (this.chunk !== null) part.chunks.push(this.chunk);
    this.chunk = null;
  }

  private unfinished(): string | null {
    if (this.inBlock) return 'a StatementBegin has no StatementEnd';
    return this.chunk === null ? null : `the statement on line ${this.chunk.line} does not end in a semicolon`;
  }
}

function isComment(line: string): boolean {
  return line.trimStart().startsWith('--');
}

/** goose looks at the last word before a comment, and knows no strings. */
function endsStatement(line: string): boolean {
  const words = line.trim().split(/\s+/);
  const comment = words.findIndex((word) => word.startsWith('--'));
  return (comment < 0 ? words : words.slice(0, comment)).at(-1)?.endsWith(';') ?? false;
}

/** Where goose's cut at a semicolon goes through the body of a function: the whole is SQL, and its pieces are not. */
function brokenChunk(path: string, part: Part, parser: Parser): string | null {
  if (parser.tryParse(part.lines.join('\n')) === null) return null;
  const broken = part.chunks.find(({ text }) => parser.tryParse(text) === null);
  return broken === undefined
    ? null
    : `goose cuts ${path} inside the statement on line ${broken.line}: it needs -- +goose StatementBegin and StatementEnd`;
}
