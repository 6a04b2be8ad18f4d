import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type SoftwareKey, softwareKey } from './sshsig.ts';

/** A key that a command names. */
export interface SignWith {
  /** The file of the private key, before all others; it must exist. */
  readonly signWith?: string;
}

/**
 * Reads the key that evidence is signed with: the named one, or else the one of ONEROOF_EVIDENCE_KEY_FILE, or of the store. Where the file of
 * these two is not there, a new key is made, for its owner alone.
 *
 * Errors  EVIDENCE_KEY for a file that is no such key, cannot be read or made, or that other users can read.
 */
export async function openStoreKey(options: SignWith & { readonly keyFile: string }): Promise<SoftwareKey> {
  const { signWith } = options;
  if (signWith === undefined) return openKey(resolve(process.env['ONEROOF_EVIDENCE_KEY_FILE'] || options.keyFile));
  if (existsSync(signWith)) return openKey(signWith);
  throw keyError(signWith, [
    'does not exist',
    'name the file of a private key, or make one: ssh-keygen -t ed25519 -N "" -f FILE',
  ]);
}

/** Reads a key from its file, which is made if it is not there. */
export async function openKey(path: string): Promise<SoftwareKey> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw keyError(path, ['can be read by other users', `chmod 600 ${path}`]);
  } catch (error) {
    if (error instanceof OneRoofError) throw error;
    if (!isAbsent(error)) throw keyError(path, ['cannot be read', 'name a file that you may read'], error);
    await makeKey(path);
  }
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw keyError(path, ['cannot be read', 'name a file that you may read'], error);
  });
  const key = softwareKey(text);
  if (key !== null) return key;
  throw keyError(path, [
    'is not an Ed25519 private key without a passphrase',
    'make one: ssh-keygen -t ed25519 -N "" -f FILE',
  ]);
}

/** Linking is atomic: of two processes that make the key at once, both use the first one's. */
async function makeKey(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const own = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(own, 'wx', 0o600);
    try {
      await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }));
      await file.sync();
    } finally {
      await file.close();
    }
    await link(own, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw keyError(
        path,
        ['cannot be created', 'make its folder writable, or name another file in ONEROOF_EVIDENCE_KEY_FILE'],
        error,
      );
  } finally {
    await rm(own, { force: true }).catch(() => undefined);
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function keyError(path: string, [why, fix]: readonly [string, string], cause?: unknown): OneRoofError {
  return new OneRoofError('EVIDENCE_KEY', {
    ...stated`the key for evidence, ${{ file: printable(path) }}, ${{ why }}`,
    fix,
    cause,
  });
}
