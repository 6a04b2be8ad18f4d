import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readBundle, verifyBundle } from '../../bundle/index.ts';
import { OneRoofError, printable } from '../../core/index.ts';
import { keyFingerprint, sshKey } from '../../evidence/index.ts';
import { type Run } from '../verb.ts';

/** Checks a bundle, offline: signatures, proofs, digests, and the verdict of its reports built again. */
export const run: Run = async (context) => {
  const bundle = readBundle(read(resolve(context.folder, context.arguments[0] ?? '')));
  const { keys: file } = context.options;
  const keys = typeof file === 'string' ? trusted(resolve(context.folder, file)) : null;
  OneRoofError.throwIfAny(verifyBundle(bundle, { keys, ratification: null }));
  const by = bundle.keys.map(keyFingerprint);
  const lines = [
    `holds  ${printable(bundle.release.name)} ${bundle.release.seal}: ${bundle.entries.length} entries`,
    ...by.map((key) => `${keys === null ? 'signed by (compare it: no --keys)' : 'signed by'}  ${key}`),
  ];
  return {
    exit: 0,
    schema: 'oneroof/verify-evidence/1',
    data: { release: bundle.release, entries: bundle.entries.length, by, trusted: keys !== null },
    text: lines.join('\n'),
  };
};

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      problem: `${printable(file)} cannot be read`,
      fix: 'name a file that oneroof bundle wrote',
      cause,
    });
  }
}

function trusted(file: string) {
  const lines = Buffer.from(read(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const key = sshKey(line.trim());
    if (key !== null) return key;
    throw new OneRoofError('EVIDENCE_KEY', {
      problem: `${printable(file)} holds a line that is no public key`,
      fix: 'write one `ssh-ed25519 AAAA…` a line',
    });
  });
}
