import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isSignedBy, keyHash, readCheckpoint, writeCheckpoint } from '../../src/evidence/checkpoint.ts';
import { treeRoot } from '../../src/evidence/index.ts';
import { armoured, softwareKey, sshKey, sshSign, sshVerify } from '../../src/evidence/sshsig.ts';

const made = () => {
  const key = softwareKey(
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  if (key === null) throw new Error('a fresh key was not read');
  return key;
};
const message = Buffer.from('a statement');

test('a signature names its key, and any changed byte of it or of the message is found', () => {
  const key = made();
  const signature = sshSign(message, key);
  expect(sshVerify(message, signature)).toBe(key.publicKey);
  expect(sshVerify(Buffer.from('another'), signature)).toBeNull();
  for (let n = 0; n < signature.length; n += 1) {
    const changed = Buffer.from(signature);
    changed[n] = (changed[n] ?? 0) ^ 1;
    expect(sshVerify(message, changed)).toBeNull();
    expect(sshVerify(message, signature.subarray(0, n))).toBeNull();
  }
  expect(sshVerify(message, Buffer.concat([signature, Buffer.of(0)]))).toBeNull();
});

test('ssh-keygen accepts our signature, and we read its keys and accept its signature, for our namespace only', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sshsig-'));
  const at = (name: string): string => join(folder, name);
  const ssh = (args: readonly string[]) =>
    execFileSync('ssh-keygen', args, { input: message, stdio: 'pipe' }).toString();
  ssh(['-q', '-t', 'ed25519', '-N', '', '-C', 'a comment', '-f', at('key')]);
  const key = softwareKey(readFileSync(at('key'), 'utf8'));
  expect(key?.publicKey).toBe(sshKey(readFileSync(at('key.pub'), 'utf8').trim()));
  if (key === null) throw new Error('the key was not read');
  writeFileSync(at('signers'), `agent ${key.publicKey}\n`);
  writeFileSync(at('ours.sig'), armoured(sshSign(message, key)));
  const verify = (namespace: string) =>
    ssh(['-Y', 'verify', '-f', at('signers'), '-I', 'agent', '-n', namespace, '-s', at('ours.sig')]);
  expect(verify('oneroof')).toContain('Good');
  expect(() => verify('file')).toThrow();
  const theirs = (namespace: string) => {
    const text = ssh(['-Y', 'sign', '-f', at('key'), '-n', namespace]);
    return Buffer.from(text.replace(/-----[A-Z ]+-----/g, ''), 'base64');
  };
  expect(sshVerify(message, theirs('oneroof'))).toBe(key.publicKey);
  expect(sshVerify(message, theirs('git'))).toBeNull();
  rmSync(folder, { recursive: true });
});

test('a checkpoint holds in every byte, for its key alone', () => {
  const [key, other] = [made(), made()];
  const text = writeCheckpoint({ origin: 'oneroof-evidence/1', size: 3, root: treeRoot([]) }, key);
  expect(readCheckpoint(text)).toMatchObject({ origin: 'oneroof-evidence/1', size: 3 });
  expect([isSignedBy(text, key.publicKey), isSignedBy(text, other.publicKey)]).toEqual([true, false]);
  for (let n = 0; n < text.length; n += 1)
    for (const character of ['A', '7', '\n', '='])
      if (text[n] !== character)
        expect(isSignedBy(text.slice(0, n) + character + text.slice(n + 1), key.publicKey)).toBe(false);
});

test('the hash of a key in a signed note is the one of the format', () => {
  // the verifier key PeterNeumann+c74f20a3+ARpc… of the format's Go implementation
  const raw = Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1);
  const head = Buffer.from('0000000b7373682d6564323535313900000020', 'hex');
  const key = sshKey(`ssh-ed25519 ${Buffer.concat([head, raw]).toString('base64')}`);
  expect(key === null ? '' : Buffer.from(keyHash('PeterNeumann', key)).toString('hex')).toBe('c74f20a3');
});
