import { type Migration, type Script } from './migration.ts';
import { type FilePair } from './pair-up.ts';
import { type FileTree, pathIn } from './repository.ts';
import { type ReadWarning } from './tool.ts';

/** One direction that was read: its SQL, or why it is none. */
export interface Side {
  readonly script: Script;
  readonly problem: string | null;
}

/** A whole file as one direction. */
export function wholeFile(tree: FileTree, file: string, send: Script['send']): Side {
  const { text, problem } = tree.read(file);
  return { script: { file, line: 1, text, send }, problem: problem === null ? null : `${file} ${problem}` };
}

/** Nothing to run, as where a file has a down only. */
export function nothing(file: string): Side {
  return { script: { file, line: 1, text: '', send: 'message' }, problem: null };
}

/** A migration in code: it keeps its place, and nothing of it can be run. */
export function inCode({
  id,
  name,
  file,
  language,
}: Readonly<Record<'id' | 'name' | 'file' | 'language', string>>): Migration {
  const { script } = nothing(file);
  return { id, name, up: script, down: null, unreadable: `it is written in ${language}` };
}

/** What becomes a migration. */
export interface MigrationParts {
  readonly id: string;
  readonly name: string;
  readonly up: Side;
  readonly down: Side | null;
  /** Why it cannot be run as a whole, if so. */
  readonly problem?: string | null;
}

/** Puts both directions together; what keeps one of them from being run keeps the migration from it. */
export function migrationOf({ id, name, up, down, problem = null }: MigrationParts): Migration {
  return {
    id,
    name,
    up: up.script,
    down: down?.script ?? null,
    unreadable: problem ?? up.problem ?? down?.problem ?? null,
  };
}

/** A migration of which each direction is a whole file; one that has no file is an empty step. */
export function migrationOfPair(
  { id, name, up, down }: FilePair,
  of: { readonly folder: string; readonly side: (path: string) => Side },
): Migration {
  return migrationOf({
    id,
    name,
    up: up === null ? nothing(down ?? of.folder) : of.side(up),
    down: down === null ? null : of.side(down),
  });
}

/**
 * Gives a second migration of the same id an id of its own, and says that its tool takes only one. `rule` ends the sentence `its version 5 is
 * also that of 5_a, and …`.
 */
export function refuseTwice(
  migrations: readonly Migration[],
  rule: string,
): { readonly migrations: readonly Migration[]; readonly warnings: readonly ReadWarning[] } {
  const names = new Map<string, string>();
  const numbers = new Map<string, number>();
  const warnings: ReadWarning[] = [];
  const all = migrations.map((one): Migration => {
    const first = names.get(one.id);
    if (first === undefined) {
      names.set(one.id, one.name);
      return one;
    }
    const text = `its version ${one.id} is also that of ${first}, and ${rule}`;
    warnings.push({ file: one.up.file, text });
    const plain = `${one.id} ${one.name}`;
    let id = plain;
    // counted on, so that a file of copies takes no time that its size does not explain
    let number = numbers.get(plain) ?? 1;
    while (names.has(id)) {
      number += 1;
      id = `${plain} ${number}`;
    }
    numbers.set(plain, number);
    names.set(id, one.name);
    return { ...one, id, unreadable: text };
  });
  return { migrations: all, warnings };
}

/** Says of files of a folder that the tool skips them, and why. */
export function skippedFiles(of: {
  readonly folder: string;
  readonly names: readonly string[];
  readonly text: string;
}): readonly ReadWarning[] {
  return of.names.map((name) => ({ file: pathIn(of.folder, name), text: of.text }));
}

/** The number of the line on which an offset is, from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** The same for a text of which many offsets are asked. */
export function linesOf(text: string): (offset: number) => number {
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
