import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';

/**
 * Checks a path of a call: it is inside the folder, written without a way out, in no folder that begins with a dot, and no link leads out of it.
 * It stops a tool that reads or writes files of others, and a path that a command would take for an option.
 *
 * Shape   `is` new: the last part need not exist yet.
 * Errors  TOOL_OUTSIDE.
 */
export function requireInside(folder: string, path: string, is: 'there' | 'new'): void {
  const parts = path.split('/');
  // oxlint-disable-next-line no-control-regex -- a path with a control character is no path that a person wrote
  const written = !/^(?:$|[-~/]|[A-Za-z]:)|[\u0000-\u001f\u007f\\]/.test(path) && !parts.some(isHidden);
  if (!written || !isWithin(realpathSync(folder), join(folder, path), is))
    throw new OneRoofError('TOOL_OUTSIDE', {
      ...stated`${{ file: printable(path) || 'an empty path' }} is not a path inside the folder of this server`,
      fix: 'name a folder below it, such as releases/orders, without .., without links that lead out, and in no folder that begins with a dot',
      place: { file: printable(path) },
    });
}

/** `..`, and what tools keep for themselves: `.git`, `.oneroof`. No release is there. */
const isHidden = (part: string): boolean => part.startsWith('.') && part !== '.';

function isWithin(root: string, path: string, is: 'there' | 'new'): boolean {
  const real = realOf(path, is);
  if (real === null) return false;
  const way = relative(root, real);
  return way === '' || !way.split(sep).some(isHidden);
}

/** Where a path leads; of a new one, where its folder leads. null: nowhere. */
function realOf(path: string, is: 'there' | 'new'): string | null {
  try {
    return realpathSync(path);
  } catch (error) {
    if (is === 'there' || (error as NodeJS.ErrnoException).code !== 'ENOENT') return null;
    // a link that leads nowhere yet may lead out tomorrow
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return null;
    const above = realOf(dirname(path), 'new');
    return above === null ? null : join(above, basename(path));
  }
}
