import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digest, type ErrorCode } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { at, places, recording, seal } from './places.io.ts';

const another = digest('seal', ['b']);

describe.each(places)('evidence in %s', (_, within) => {
  test('comes back by its release, oldest first, with its signer and a checkpoint', () =>
    within(async ({ open }) => {
      const store = open();
      expect([await store.entries(), await store.log()]).toEqual([[], { lines: [], checkpoint: null }]);
      const heads = [await store.head()];
      const first = await store.append(recording(1), at);
      heads.push(await store.head(), await open().head());
      await store.append({ ...recording(2), seal: another }, at);
      heads.push(await store.head());
      // the same to everybody, and another one after each append
      expect(new Set(heads).size).toBe(3);
      expect(heads[1]).toBe(heads[2]);
      await store.append(recording(3), at);
      expect((await open().of(seal)).map((one) => one.readable && one.body)).toEqual([{ n: 1 }, { n: 3 }]);
      expect(Buffer.from((await store.bytes(first)) ?? []).toString()).toBe('{"n":1}');
      const { lines, checkpoint } = await store.log();
      expect(new Set(lines.map(({ signer }) => signer)).size).toBe(1);
      expect(checkpoint?.split('\n')[1]).toBe('3');
    }));

  test('is appended to at once without a fork or a lost line, while others read', () =>
    within(async ({ open }) => {
      const made = await Promise.all([
        ...Array.from({ length: 8 }, (__, n) => open().append(recording(n), at)),
        ...Array.from({ length: 4 }, () => open().entries()),
      ]);
      const indexes = made.flatMap((one) => ('index' in one ? [one.index] : [])).sort((a, b) => a - b);
      expect(indexes).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(await open().entries()).toHaveLength(8);
    }));

  test('is found edited, dropped, reordered, truncated, forked, or with another checkpoint', () =>
    within(async ({ open, read, write, keyFile }) => {
      const store = open();
      for (const n of [1, 2]) await store.append(recording(n), at);
      const two = await read();
      await store.append(recording(3), at);
      const good = await read();
      const [a = '', b = '', c = ''] = good.lines;
      // the same writer's other history: as long, and signed
      await write(two.lines, two.checkpoint);
      await store.append(recording(4), at);
      const forked = await read();
      const edited = b.replace(
        /"sig":"(.{90})./,
        (__, head: string) => `"sig":"${head}${b.includes(`${head}A`) ? 'B' : 'A'}`,
      );
      const wrong: [ErrorCode, readonly string[], string | null][] = [
        ['EVIDENCE_LINE_EDITED', [a, edited, c], good.checkpoint],
        ['EVIDENCE_LINE_ORDER', [a, c], good.checkpoint],
        ['EVIDENCE_LINE_ORDER', [b, a, c], good.checkpoint],
        ['EVIDENCE_LOG_TRUNCATED', [a, b], good.checkpoint],
        ['EVIDENCE_LOG_FORKED', forked.lines, good.checkpoint],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, two.checkpoint],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, null],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, good.checkpoint.replace('\n3\n', '\n03\n')],
        ['EVIDENCE_LOG_BROKEN', [a, 'x'.repeat(1_048_576), c], good.checkpoint],
        ['EVIDENCE_LOG_BROKEN', [a, ` ${b}`, c], good.checkpoint],
        ['EVIDENCE_LOG_BROKEN', [a, '{}', c], good.checkpoint],
      ];
      for (const [code, lines, checkpoint] of wrong) {
        await write(lines, checkpoint);
        await expect(store.entries()).rejects.toMatchObject({ code });
        await expect(store.append(recording(9), at)).rejects.toMatchObject({ code });
      }
      await write(good.lines, good.checkpoint);
      expect(await store.entries()).toHaveLength(3);
      chmodSync(keyFile, 0o644);
      await expect(store.append(recording(9), at)).rejects.toMatchObject({ code: 'EVIDENCE_KEY' });
    }));

  test('can be signed by another key, and not by one of another kind', () =>
    within(async ({ open }) => {
      const folder = mkdtempSync(join(tmpdir(), 'key-'));
      await open().append(recording(1), at);
      await open(join(folder, 'second')).append(recording(2), at);
      expect(new Set((await open().log()).lines.map(({ signer }) => signer)).size).toBe(2);
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writeFileSync(join(folder, 'third'), privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
      await expect(open(join(folder, 'third')).append(recording(3), at)).rejects.toMatchObject({
        code: 'EVIDENCE_KEY',
      });
      rmSync(folder, { recursive: true });
    }));
});

test('a crash between line and checkpoint is repaired by the next append, and a log that is not UTF-8 is found', async () => {
  const root = mkdtempSync(join(tmpdir(), 'evidence-'));
  const [log, checkpoint] = [join(root, 'log.jsonl'), join(root, 'checkpoint')];
  const store = openFolderStore(root);
  await store.append(recording(1), at);
  const before = readFileSync(checkpoint, 'utf8');
  await store.append(recording(2), at);
  writeFileSync(`${checkpoint}.next`, readFileSync(checkpoint));
  writeFileSync(checkpoint, before);
  expect(await store.entries()).toHaveLength(2);
  expect((await store.append(recording(3), at)).index).toBe(2);
  expect(await store.entries()).toHaveLength(3);
  writeFileSync(log, Buffer.concat([Buffer.of(0xff), readFileSync(log)]));
  await expect(store.entries()).rejects.toMatchObject({ code: 'EVIDENCE_LOG_BROKEN' });
  rmSync(root, { recursive: true });
});
