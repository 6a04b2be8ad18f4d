import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';

/**
 * Reads the sign-in token, or creates one if there is none: it outlives the process, so that an address that someone keeps goes
 * on to work.
 *
 * Errors  CONFIG_INVALID where the file holds something else; PASSWORD_FILE_OPEN where others can read it.
 */
export function readToken(file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if ((statSync(file).mode & 0o077) !== 0)
      throw new OneRoofError('PASSWORD_FILE_OPEN', {
        ...stated`${{ file }} holds what lets one in, and other users can read it`,
        fix: `chmod 600 ${file}, then start with --new-token`,
      });
    if (/^[A-Za-z0-9_-]{16,128}$/.test(token)) return token;
    throw new OneRoofError('CONFIG_INVALID', {
      ...stated`${{ file }} does not hold a token of 16 to 128 letters, digits, hyphens and underscores`,
      fix: 'start with --new-token: it draws a new one',
    });
  } catch (error) {
    if (error instanceof OneRoofError || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return drawToken(file);
  }
}

/** Draws a token and keeps it; an older one is gone. */
export function drawToken(file: string): string {
  const token = randomBytes(24).toString('base64url');
  mkdirSync(dirname(file), { recursive: true });
  // the mode of an existing file would not change
  rmSync(file, { force: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return token;
}
