import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { count } from '../counts.ts';
import { readBundle, verifyBundle, writeBundle } from '../../src/bundle/index.ts';
import { canonicalJson, type Digest, type Instant, type Milliseconds, OneRoofError } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { reportStage, sealStage } from '../../src/pipeline.io.ts';
import { sealDocument } from '../../src/release/index.ts';
import { bundleOf, story } from './whole-bundle.ts';

const root = mkdtempSync(join(tmpdir(), 'bundle-'));
const at = '2026-06-03T08:00:00.000Z' as Instant;
const day = 86_400_000 as Milliseconds;
const any = { keys: null, policy: null, registry: null };

async function recorded() {
  const folder = mkdtempSync(join(root, 'release-'));
  cpSync(join(import.meta.dirname, '..', '..', 'examples', 'one-roof'), folder, { recursive: true });
  const store = readable(openFolderStore(join(folder, '..', `${basename(folder)}-evidence`)));
  const course = await sealStage(folder, store);
  const { seal, release } = course.sealed;
  await store.append({ kind: 'gate', seal: `sha256:${'0'.repeat(64)}` as Digest, body: {} }, at);
  await store.append({ kind: 'gate', seal, body: { not: 'a reading' } }, at);
  await reportStage(course, {
    folder: join(root, 'report'),
    policy: { rehearsalMaxAge: day, gateMaxAge: day },
    target: 'production',
  });
  const log = await store.log();
  const bytes = new Map<Digest, Uint8Array>();
  for (const { entry } of log.lines) bytes.set(entry.digest, (await store.bytes(entry)) ?? Buffer.alloc(0));
  const source = {
    release: { name: release.name as string, seal: seal as Digest },
    document: sealDocument(release),
    log,
    bytes,
  };
  return { store, course, source, text: writeBundle(source) };
}

const codes = (bytes: Uint8Array, keys: Parameters<typeof verifyBundle>[1] = any): readonly string[] => {
  try {
    return verifyBundle(readBundle(bytes), keys).problems.map(({ code }) => code);
  } catch (error) {
    if (error instanceof OneRoofError) return [error.code];
    throw error;
  }
};

test('a bundle with ratifications holds, and no byte of it can be changed', () => {
  const whole = bundleOf(story);
  expect(codes(whole)).toEqual([]);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (n, mask) => {
      const changed = Buffer.from(whole);
      changed[n] = (changed[n] ?? 0) ^ mask;
      expect(codes(changed)).not.toEqual([]);
    }),
    { numRuns: count('damagedBundles') },
  );
}, 120_000);

test('a bundle holds, and no byte of it can be changed, taken away or added', async () => {
  const { text } = await recorded();
  const whole = Buffer.from(text);
  expect(codes(whole)).toEqual([]);
  const position = fc.nat(whole.length - 1);
  fc.assert(
    fc.property(position, fc.integer({ min: 1, max: 255 }), (n, mask) => {
      const changed = Buffer.from(whole);
      changed[n] = (changed[n] ?? 0) ^ mask;
      expect(codes(changed)).not.toEqual([]);
    }),
    { numRuns: count('damagedBundles') },
  );
  fc.assert(
    fc.property(position, (n) => {
      expect(codes(whole.subarray(0, n))).toEqual(['BUNDLE_INVALID']);
      expect(codes(Buffer.concat([whole.subarray(0, n), whole.subarray(n + 1)]))).not.toEqual([]);
    }),
    { numRuns: count('damagedBundles') / 2 },
  );
}, 60_000);

test('each part that was exchanged for another well-formed one is found by its own code', async () => {
  const [one, other] = [await recorded(), await recorded()];
  const [bundle, foreign] = [readBundle(Buffer.from(one.text)), readBundle(Buffer.from(other.text))];
  const after = (change: object, trust = any) =>
    codes(Buffer.from(`${canonicalJson({ ...bundle, ...change })}\n`), trust);
  expect(after({ document: { ...bundle.document, title: 'x' } })).toContain('BUNDLE_DIGEST');
  expect(after({ checkpoint: foreign.checkpoint })).toContain('BUNDLE_PROOF');
  expect(after({ keys: foreign.keys })).toContain('BUNDLE_SIGNATURE');
  expect(after({ entries: foreign.entries })).toContain('BUNDLE_PROOF');
  expect(after({ entries: bundle.entries.toReversed() })).toContain('BUNDLE_PROOF');
  // the reading that the report was built from is left out
  expect(after({ entries: bundle.entries.toSpliced(1, 1) })).toContain('BUNDLE_VERDICT');
  expect(after({ logs: [{ size: 1, proof: [] }] })).toContain('BUNDLE_PROOF');
  expect(codes(Buffer.from(one.text), { ...any, keys: foreign.keys })).toContain('BUNDLE_SIGNATURE');
  expect(codes(Buffer.from(one.text), { ...any, keys: bundle.keys })).toEqual([]);
});

test.each([
  ['says GO without the evidence for it', { execution: { status: 'GO', reasons: [] } }],
  [
    'counts rehearsals on a sample, which no policy allows',
    { policy: { rehearsalMaxAge: day, gateMaxAge: day, sampled: 'allowed' } },
  ],
])('a report that %s is found', async (_, change) => {
  const { store, course, source } = await recorded();
  const { seal } = course.sealed;
  const last = (await store.of(seal)).at(-1);
  const body = last?.readable === true ? (last.body as object) : {};
  await store.append({ kind: 'report', seal, body: { ...body, ...change } }, at);
  const log = await store.log();
  const bytes = new Map(source.bytes);
  for (const { entry } of log.lines) bytes.set(entry.digest, (await store.bytes(entry)) ?? Buffer.alloc(0));
  expect(codes(Buffer.from(writeBundle({ ...source, log, bytes })))).toEqual(['BUNDLE_VERDICT']);
});

test('missing bytes are EVIDENCE_BYTES_BROKEN', async () => {
  const { source } = await recorded();
  expect(() => writeBundle({ ...source, bytes: new Map() })).toThrow(
    expect.objectContaining({ code: 'EVIDENCE_BYTES_BROKEN' }),
  );
  rmSync(root, { recursive: true });
});
