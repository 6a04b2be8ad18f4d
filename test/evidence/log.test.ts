import { type ChildProcess, fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ErrorCode } from '../../src/core/index.ts';
import {
  type EvidenceStore,
  leavesOf,
  type Line,
  type Log,
  readCheckpoint,
  readLine,
} from '../../src/evidence/index.ts';
import { pieceOf } from '../../src/evidence/blob.ts';
import { openCheckedLog } from '../../src/evidence/checked.io.ts';
import { writeCheckpoint } from '../../src/evidence/checkpoint.ts';
import { nextOf } from '../../src/evidence/log.ts';
import { frontierOf, treeOf } from '../../src/evidence/merkle.ts';
import { type SoftwareKey, softwareKey } from '../../src/evidence/sshsig.ts';
import { at, inFolder, type Place, places, recording, seal } from './places.io.ts';

/** Appends so many, one after the other; `from`: what else than that is recorded. */
async function fill(store: EvidenceStore, count: number, from = 0): Promise<void> {
  for (let n = 0; n < count; n += 1) await store.append(recording(from + n), at);
}

/** Another signature in a line: its form stays. */
function edited(line: string): string {
  return line.replace(
    /"sig":"(.{90})(.)/,
    (_, before: string, one: string) => `"sig":"${before}${one === 'A' ? 'B' : 'A'}`,
  );
}

function keyOf(file: string): SoftwareKey {
  const key = softwareKey(readFileSync(file, 'utf8'));
  if (key === null) throw new Error('no key');
  return key;
}

const headOf = (checkpoint: string) => {
  const head = readCheckpoint(checkpoint);
  if (head === null) throw new Error('no checkpoint');
  return head;
};

describe.each(places)('the log in %s', (_, within) => {
  test('is continued by its end alone: a checkpoint carries the frontier before its last line, whatever the length', () =>
    within(async ({ open, read }) => {
      for (let size = 1; size <= 9; size += 1) {
        // by a process of its own each time: nothing is remembered
        await open().append(recording(size), at);
        const { lines, checkpoint } = await read();
        const expected = frontierOf(treeOf(leavesOf(lines.map((text) => ({ text })))), size - 1);
        expect(headOf(checkpoint)).toMatchObject({ size, frontier: expected });
        expect(await open().entries()).toHaveLength(size);
      }
    }));

  test('is appended to only where its end is as its writer left it, by a process that has read nothing', () =>
    within(async ({ open, read, write, keyFile }) => {
      await fill(open(), 4);
      const four = await read();
      await fill(open(), 1);
      const good = await read();
      const key = keyOf(keyFile);
      const head = headOf(good.checkpoint);
      const frontier = head.frontier ?? [];
      await write(four.lines, four.checkpoint);
      await open().append(recording(9), at);
      const forked = await read();
      await open(`${keyFile}-other`).append(recording(10), at);
      const other = keyOf(`${keyFile}-other`);
      const last = good.lines.at(-1) ?? '';
      const wrong: [ErrorCode, readonly string[], string | null][] = [
        ['EVIDENCE_LINE_EDITED', [...four.lines, edited(last)], good.checkpoint],
        ['EVIDENCE_LOG_TRUNCATED', four.lines, good.checkpoint],
        ['EVIDENCE_LOG_TRUNCATED', [], good.checkpoint],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, four.checkpoint],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, null],
        ['EVIDENCE_LOG_FORKED', forked.lines, good.checkpoint],
        ['EVIDENCE_LOG_FORKED', good.lines, forked.checkpoint],
        // a frontier exchanged; one that the key signed, and that is not the one of the lines; a head that another key signed
        [
          'EVIDENCE_CHECKPOINT_BROKEN',
          good.lines,
          good.checkpoint.replace(/frontier .*/, `frontier ${Buffer.from(head.root).toString('base64')}`),
        ],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, writeCheckpoint({ ...head, frontier: [head.root] }, key)],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, good.checkpoint.replace(/frontier .*\n/, '')],
        ['EVIDENCE_CHECKPOINT_BROKEN', good.lines, writeCheckpoint(head, other)],
        ['EVIDENCE_LOG_FORKED', good.lines, writeCheckpoint({ ...head, root: frontier[0] ?? head.root }, key)],
        ['EVIDENCE_LOG_BROKEN', [...four.lines, 'x'.repeat(200_000)], good.checkpoint],
      ];
      for (const [code, lines, checkpoint] of wrong) {
        await write(lines, checkpoint);
        await expect(open().append(recording(8), at)).rejects.toMatchObject({ code });
        expect((await read().catch(() => ({ lines }))).lines).toEqual(lines);
      }
      // the control: as it was, it is appended to
      await write(good.lines, good.checkpoint);
      expect((await open().append(recording(8), at)).index).toBe(5);
    }));

  test('does not hide a line that was edited before an append: the frontier holds the hash of the one that was written', () =>
    within(async ({ open, read, write }) => {
      await fill(open(), 6);
      const good = await read();
      for (const [code, lines] of [
        ['EVIDENCE_LINE_EDITED', good.lines.with(2, edited(good.lines[2] ?? ''))],
        ['EVIDENCE_LINE_ORDER', good.lines.toSpliced(2, 1)],
        ['EVIDENCE_LINE_ORDER', good.lines.with(2, good.lines[3] ?? '').with(3, good.lines[2] ?? '')],
      ] as const) {
        await write(lines, good.checkpoint);
        // the end is in order, so a process that has read nothing appends
        await open().append(recording(7), at);
        await expect(open().entries()).rejects.toMatchObject({ code });
        await expect(open().log()).rejects.toMatchObject({ code });
        await expect(open().of(seal)).rejects.toMatchObject({ code });
      }
      // the control: the same appends to the lines as they were
      await write(good.lines, good.checkpoint);
      await open().append(recording(7), at);
      expect(await open().entries()).toHaveLength(7);
    }));

  test('is compared with what the process has read, at every reading: edited, rolled back, forked', () =>
    within(async ({ open, read, write }) => {
      await fill(open(), 3);
      const three = await read();
      await fill(open(), 2);
      const good = await read();
      await write(three.lines, three.checkpoint);
      await fill(open(), 3, 100);
      const forked = await read();
      await write(good.lines, good.checkpoint);
      const wrong: [ErrorCode, readonly string[], string][] = [
        ['EVIDENCE_LINE_EDITED', good.lines.with(0, edited(good.lines[0] ?? '')), good.checkpoint],
        // whole by themselves, and older or other than what was read
        ['EVIDENCE_LOG_TRUNCATED', three.lines, three.checkpoint],
        ['EVIDENCE_LOG_FORKED', forked.lines, forked.checkpoint],
      ];
      for (const [code, lines, checkpoint] of wrong) {
        const store = open();
        expect(await store.entries()).toHaveLength(5);
        await write(lines, checkpoint);
        await expect(store.entries()).rejects.toMatchObject({ code });
        await expect(store.append(recording(8), at)).rejects.toMatchObject({ code });
        // put back, it goes on; the control
        await write(good.lines, good.checkpoint);
        expect(await store.entries()).toHaveLength(5);
      }
      const [store, appending] = [open(), open()];
      await store.entries();
      await appending.entries();
      await write(three.lines, three.checkpoint);
      await expect(appending.append(recording(8), at)).rejects.toMatchObject({ code: 'EVIDENCE_LOG_TRUNCATED' });
      // what no process has read it cannot miss: heads that people signed show it, in a bundle
      expect(await open().entries()).toHaveLength(3);
    }));

  test('that an older program wrote, without a frontier, is checked whole by the first append, and has one then', () =>
    within(async ({ open, read, write, keyFile }) => {
      await fill(open(), 5);
      const { lines, checkpoint } = await read();
      const { frontier: __, ...old } = headOf(checkpoint);
      const written = writeCheckpoint(old, keyOf(keyFile));
      await write(lines.with(1, edited(lines[1] ?? '')), written);
      await expect(open().append(recording(5), at)).rejects.toMatchObject({ code: 'EVIDENCE_LINE_EDITED' });
      await write(lines, written);
      expect(await open().entries()).toHaveLength(5);
      expect((await open().append(recording(5), at)).index).toBe(5);
      const next = await read();
      expect(headOf(next.checkpoint)).toMatchObject({
        origin: old.origin,
        frontier: frontierOf(treeOf(leavesOf(lines.map((text) => ({ text })))), 5),
      });
      expect(await open().entries()).toHaveLength(6);
    }));

  test('has no fork and no gap where two processes append at once, and one that is killed loses nothing that it was answered', () =>
    within(async (place) => {
      await place.open().append(recording(0), at);
      const kept = place.open();
      const told = await Promise.all([appendElsewhere(place, { count: 20 }), appendElsewhere(place, { count: 20 })]);
      const indexes = told.flat().toSorted((a, b) => a - b);
      expect(indexes).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
      expect(await kept.entries()).toHaveLength(41);
      for (const killAfter of [1, 3, 6]) {
        const before = (await kept.entries()).length;
        const answered = await appendElsewhere(place, { count: 1000, killAfter });
        const entry = await place.open().append(recording(1), at);
        expect(entry.index).toBeGreaterThanOrEqual(before + answered.length);
        expect((await kept.entries()).length).toBe(entry.index + 1);
        expect(answered).toEqual(answered.map((__, n) => before + n));
      }
    }));
});

/** Appends in a process of its own; answers the indexes that it was told, until it was killed. */
function appendElsewhere(
  { where, keyFile }: Place,
  plan: { readonly count: number; readonly killAfter?: number },
): Promise<readonly number[]> {
  const child: ChildProcess = fork(join(import.meta.dirname, 'appender.mjs'), [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const told: number[] = [];
  return new Promise((resolve, reject) => {
    child.on('message', (index: number) => {
      told.push(index);
      if (told.length === plan.killAfter) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 || plan.killAfter !== undefined ? resolve(told) : reject(new Error(`${code}`)),
    );
    child.send({ where, keyFile, count: plan.count });
  });
}

test('a line of a folder that was edited with its length and time kept is found by the next append of a process that has read it', () =>
  inFolder(async ({ open, where }) => {
    const log = join('folder' in where ? where.folder : '', 'log.jsonl');
    const store = open();
    await fill(store, 5);
    expect(await store.entries()).toHaveLength(5);
    expect((await store.append(recording(5), at)).index).toBe(5);
    const [before, { atime, mtime }] = [readFileSync(log, 'utf8'), statSync(log)];
    writeFileSync(log, [edited(before.split('\n')[0] ?? ''), ...before.split('\n').slice(1)].join('\n'));
    utimesSync(log, atime, mtime);
    expect(statSync(log)).toMatchObject({ size: before.length, mtime });
    await expect(store.append(recording(6), at)).rejects.toMatchObject({ code: 'EVIDENCE_LINE_EDITED' });
    writeFileSync(log, before);
    expect((await store.append(recording(6), at)).index).toBe(6);
  }));

test('a long log is checked in slices, so that others of the process have their turns', async () => {
  const key = softwareKey(
    generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  if (key === null) throw new Error('no key');
  let end: Log = { lines: [], checkpoint: null };
  let text = '';
  for (let index = 0; index < 400; index += 1) {
    const { piece } = pieceOf(recording(index), at);
    const next = nextOf(end, { entry: { index, ...piece }, key, origin: 'test/log' });
    end = { lines: [readLine(next.line) as Line], checkpoint: next.checkpoint };
    text += `${next.line}\n`;
  }
  const stored = { place: 'memory', bytes: Buffer.from(text), checkpoint: end.checkpoint, next: null };
  // nothing is waited for but the turns of others
  const log = openCheckedLog(() => Promise.resolve(stored));
  let turns = 0;
  let isDone = false;
  const others = (): void => {
    turns += 1;
    if (!isDone) setImmediate(others);
  };
  setImmediate(others);
  const readings = Promise.all([log.read(), log.read(), log.read()]);
  expect((await readings).map(({ lines }) => lines.length)).toEqual([400, 400, 400]);
  isDone = true;
  expect(turns).toBeGreaterThan(3);
  // what was checked is compared, not checked again: in one turn
  const [before, spent] = [turns, process.cpuUsage()];
  await log.read();
  expect([turns - before <= 1, process.cpuUsage(spent).user < 20_000]).toEqual([true, true]);
});
