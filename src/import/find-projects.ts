import { isOtherDatabase, isPostgres, readsAsOther } from './dialect.ts';
import { type FileTree, fileTreeOf, isWithin, nameIn, parentOf, pathIn, type RepositoryFiles } from './repository.ts';
import { type FittingFolder, type FoundProject, strengths } from './tool.ts';
import { tools } from './tools.ts';

/** Parts of a path below which are no migrations of the product: tests, examples, what was once. */
const secondary =
  /^(?:.*[-_.])?(?:tests?|testdata|testing|fixtures?|examples?|samples?|demos?|e2e|stubs?|mocks?|bench|benchmarks?|docs?|templates?|legacy|archived?|old|deprecated|playground|tutorials?)(?:[-_.].*)?$/i;

/**
 * Finds the folders of migrations at or below a folder, each with its tool. One: it clearly fits. Several: a person has to say which. Those of
 * other databases are never among them; those of tests and examples only where there are no others.
 */
export function findProjects(
  files: RepositoryFiles,
  below = '',
  /** The folder that a person named: it may be the copies of a release. */
  wanted: string | null = null,
): readonly FoundProject[] {
  const tree = fileTreeOf(files);
  const copies = copiesOfReleases(tree);
  const isCopy = (folder: string): boolean => folder !== wanted && copies.some((one) => isWithin(folder, one));
  const all = tools.flatMap((tool) => tool.find(tree)).filter(({ folder }) => isWithin(folder, below));
  const own = all.filter(({ folder }) => !isOtherDatabase(folder) && !readsAsOther(tree, folder) && !isCopy(folder));
  const surest = strongest(withoutSecondary(bestOfEach(own), below));
  // beside a folder named after PostgreSQL, one that has the same parent and no name of a database is for all of them, or for none
  const named = surest.filter(({ folder }) => isPostgres(folder));
  const chosen =
    named.length > 0
      ? surest.filter(({ folder }) => isPostgres(folder) || !named.some((one) => isSibling(one.folder, folder)))
      : surest;
  return chosen.map(({ tool, folder, knownBy }) => ({ tool, folder, knownBy }));
}

/** The folders in which imported releases have the copies of their migrations, which are not those of the product. */
export function copiesOfReleases(tree: FileTree): readonly string[] {
  return tree.paths.flatMap((path) => {
    // a file of this name may be of another program, such as Helm
    if (nameIn(path) !== 'release.yaml' || !/^import:/m.test(tree.read(path).text)) return [];
    const copies = pathIn(parentOf(path), 'migrations');
    return tree.paths.some((one) => isWithin(one, copies)) ? [copies] : [];
  });
}

/** For each folder the tools that are surest of it. */
function bestOfEach(candidates: readonly FittingFolder[]): readonly FittingFolder[] {
  const best = (folder: string): number => Math.min(...candidates.filter((one) => one.folder === folder).map(rank));
  return candidates.filter((one) => rank(one) === best(one.folder));
}

/** What names of files alone suggest counts only where nothing better is found. */
function strongest(candidates: readonly FittingFolder[]): readonly FittingFolder[] {
  const best = Math.min(...candidates.map(rank));
  return candidates.filter(
    (one) => rank(one) <= Math.max(best, strengths.indexOf('likely')) && (best > 1 || rank(one) <= 1),
  );
}

function withoutSecondary(candidates: readonly FittingFolder[], below: string): readonly FittingFolder[] {
  const main = candidates.filter(({ folder }) => {
    const rest = folder.slice(below === '' ? 0 : below.length + 1);
    return !rest.split('/').some((part) => secondary.test(part));
  });
  return main.length > 0 ? main : candidates;
}

function rank({ strength }: FittingFolder): number {
  return strengths.indexOf(strength);
}

function isSibling(one: string, other: string): boolean {
  const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
  return one !== other && (parent(one) === parent(other) || parent(one) === other);
}
