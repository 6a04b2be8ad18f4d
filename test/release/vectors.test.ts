import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalJson, digest, type Purpose } from '../../src/core/index.ts';
import { sealRelease } from '../../src/release/index.ts';
import { withFolder } from './folder.io.ts';

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/vectors.json'), 'utf8')) as {
  digests: { purpose: Purpose; parts: string[]; digest: string }[];
  json: { value: unknown; canonical: string }[];
  release: { files: Record<string, string>; seal: string };
};

test('the published digests are those of this implementation', () => {
  for (const one of vectors.digests) expect(digest(one.purpose, one.parts)).toBe(one.digest);
});

test('the published canonical JSON is that of this implementation', () => {
  for (const one of vectors.json) expect(canonicalJson(one.value)).toBe(one.canonical);
});

test('the published release has the published seal', async () => {
  await withFolder(vectors.release.files, async (folder) => {
    expect((await sealRelease(folder)).seal).toBe(vectors.release.seal);
  });
});
