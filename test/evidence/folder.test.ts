import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digest, type Instant } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';

const at = '2026-06-03T08:00:00.000Z' as Instant;
const seal = digest('seal', ['a']);
const recording = (n: number) => ({ kind: 'gate' as const, seal, body: { n } });
const folder = (): string => mkdtempSync(join(tmpdir(), 'evidence-'));

test('twenty racing appends get distinct indexes without gaps, and leave no lock', async () => {
  const path = folder();
  const made = await Promise.all(Array.from({ length: 20 }, (_, n) => openFolderStore(path).append(recording(n), at)));
  expect(made.map(({ index }) => index).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(readdirSync(path).sort()).toEqual(['.gitignore', 'blobs', 'checkpoint', 'key', 'log.jsonl']);
  rmSync(path, { recursive: true });
});

test('a line torn by a crash is no entry, and the next append replaces it', async () => {
  const path = folder();
  const store = openFolderStore(path);
  await store.append(recording(1), at);
  appendFileSync(join(path, 'log.jsonl'), '{"index":1,"ki');
  expect(await store.entries()).toHaveLength(1);
  expect((await store.append(recording(2), at)).index).toBe(1);
  expect(await store.entries()).toHaveLength(2);
  rmSync(path, { recursive: true });
});

test('changed or missing bytes are unreadable with a reason', async () => {
  const path = folder();
  const store = openFolderStore(path);
  const entry = await store.append(recording(1), at);
  writeFileSync(store.locate(entry), '{"n":2}');
  expect(await store.of(seal)).toMatchObject([
    { readable: false, reason: expect.stringContaining('differ from the recorded bytes') },
  ]);
  rmSync(store.locate(entry));
  expect(await store.of(seal)).toMatchObject([{ readable: false, reason: expect.stringContaining('missing') }]);
  rmSync(path, { recursive: true });
});

test('a log that was edited is EVIDENCE_LOG_BROKEN, a folder that cannot be made EVIDENCE_UNWRITABLE', async () => {
  const path = folder();
  const store = openFolderStore(path);
  await store.append(recording(1), at);
  const log = join(path, 'log.jsonl');
  writeFileSync(log, readFileSync(log, 'utf8').replace('payload', 'pay-load'));
  await expect(store.entries()).rejects.toMatchObject({ code: 'EVIDENCE_LOG_BROKEN' });
  await expect(openFolderStore(join(log, 'x')).append(recording(1), at)).rejects.toMatchObject({
    code: 'EVIDENCE_UNWRITABLE',
  });
  rmSync(path, { recursive: true });
});
