/** What a file holds; with a problem (too large, no text, a link) the text is empty. */
export interface FileText {
  readonly text: string;
  readonly problem: string | null;
}

/** The files of a repository. */
export interface RepositoryFiles {
  /** Each file from the root, with `/`. */
  readonly paths: readonly string[];
  read(path: string): FileText;
}

/** The same files by folder. */
export interface FileTree extends RepositoryFiles {
  /** The names directly in each folder that has files, in byte order; the root is empty. */
  readonly folders: ReadonlyMap<string, readonly string[]>;
}

/** Sorts the files into their folders. */
export function fileTreeOf(files: RepositoryFiles): FileTree {
  const folders = new Map<string, string[]>();
  for (const path of files.paths) {
    const folder = parentOf(path);
    const names = folders.get(folder);
    if (names === undefined) folders.set(folder, [nameIn(path)]);
    else names.push(nameIn(path));
  }
  for (const names of folders.values()) names.sort(byteOrder);
  return { paths: files.paths, read: (path) => files.read(path), folders };
}

/** The folder of a path; empty for the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** The last part of a path. */
export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A name in a folder, as a path from the root. */
export function pathIn(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Says whether a path is a folder or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** The folders directly in a folder, by name, that have files in them or below. */
export function foldersIn(tree: FileTree, folder: string): readonly string[] {
  const start = folder === '' ? '' : `${folder}/`;
  const names = new Set<string>();
  for (const path of tree.folders.keys())
    if (path !== '' && path !== folder && path.startsWith(start))
      names.add(path.slice(start.length).split('/')[0] ?? '');
  return [...names].toSorted(byteOrder);
}

/** Compares as most tools do: by the bytes of UTF-8, so not by UTF-16 and not by a language. */
export function byteOrder(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8'));
}
