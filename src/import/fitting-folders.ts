import { type Manifests, manifestMark } from './manifests.ts';
import { type FileTree, pathIn } from './repository.ts';
import { type FittingFolder } from './tool.ts';

/** How many files of a folder are read to see whose they are. */
const read = 5;

/** The folders that have a file of a form, with those files. */
export function foldersWith(
  tree: FileTree,
  form: RegExp,
): readonly { readonly folder: string; readonly names: readonly string[] }[] {
  return [...tree.folders].flatMap(([folder, names]) => {
    const fitting = names.filter((name) => form.test(name));
    return fitting.length === 0 ? [] : [{ folder, names: fitting }];
  });
}

/** The first file of some whose text has a directive; only a few are read. */
export function fileWith(
  tree: FileTree,
  { folder, names }: { folder: string; names: readonly string[] },
  directive: RegExp,
): string | null {
  return (
    names
      .slice(0, read)
      .map((name) => pathIn(folder, name))
      .find((path) => directive.test(tree.read(path).text)) ?? null
  );
}

/** A folder as the nearest manifest says, or else by the names of its files. */
export function fitting(
  { tool, folder, shape }: { tool: FittingFolder['tool']; folder: string; shape: string },
  manifests: Manifests,
): FittingFolder {
  return {
    tool,
    folder,
    ...(manifestMark(folder, manifests) ?? { knownBy: `files named ${shape}`, strength: 'shape' }),
  };
}
