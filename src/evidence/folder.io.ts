import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { canonicalJson, digest, type Instant, OneRoofError, printable } from '../core/index.ts';
import { type Entry, type Evidence, type EvidenceStore, type Recording } from './evidence.ts';
import { parseLog } from './log.ts';

/** How long an append waits for another process's append; one takes milliseconds. */
const patience = 10_000; // milliseconds

/**
 * Keeps evidence in a folder: `log.jsonl`, one canonical line per entry, and `blobs/<hex>.json`, the bytes by their digest.
 *
 * Errors  of its methods: EVIDENCE_LOG_BROKEN, EVIDENCE_UNWRITABLE.
 */
export function openFolderStore(folder: string): EvidenceStore {
  const root = resolve(folder);
  const log = join(root, 'log.jsonl');
  const locate = (entry: Entry): string => join(root, 'blobs', `${entry.digest.slice(7)}.json`);
  const load = async () => parseLog(await readText(log), log);
  return {
    locate,
    entries: async () => (await load()).entries,
    of: async (seal) => {
      const { entries } = await load();
      return Promise.all(entries.filter((entry) => entry.seal === seal).map((entry) => readBlob(entry, locate(entry))));
    },
    append: (recording, at) => append({ root, log, locate }, recording, at),
  };
}

interface Place {
  readonly root: string;
  readonly log: string;
  readonly locate: (entry: Entry) => string;
}

async function append({ root, log, locate }: Place, recording: Recording, at: Instant): Promise<Entry> {
  const { kind, seal, body } = recording;
  const bytes = Buffer.from(canonicalJson(body), 'utf8');
  const piece = { kind, seal, digest: digest('evidence', [kind, bytes]), recordedAt: at, size: bytes.length };
  try {
    await mkdir(join(root, 'blobs'), { recursive: true });
    // the bytes first: a line never names bytes that are not there
    await writeDurably(locate({ index: 0, ...piece }), bytes);
    const release = await lock(root);
    try {
      const { entries, end } = parseLog(await readText(log), log);
      const entry: Entry = { index: entries.length, ...piece };
      const file = await open(log, 'a');
      try {
        // what a crash left of a line was never an entry: it goes, so that the next line stands by itself
        await file.truncate(end);
        await file.appendFile(`${canonicalJson(entry)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      return entry;
    } finally {
      await release();
    }
  } catch (cause) {
    if (cause instanceof OneRoofError) throw cause;
    throw unwritable(root, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function unwritable(root: string, why: string, cause?: unknown): OneRoofError {
  return new OneRoofError('EVIDENCE_UNWRITABLE', {
    problem: `evidence cannot be written to ${printable(root)}: ${printable(why)}`,
    fix: 'make the folder writable, or name another one as `evidence:` in oneroof.yaml',
    cause,
  });
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Linking a file that already holds its owner is atomic: a lock is never seen without one. */
async function lock(root: string): Promise<() => Promise<void>> {
  const path = join(root, 'log.lock');
  const own = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(own, `${process.pid} ${hostname()}`, { flag: 'wx' });
  try {
    for (const began = performance.now(); performance.now() - began < patience; await wait(5 + Math.random() * 10)) {
      if (await linked(own, path)) return () => unlink(path);
      await breakDeadLock(root, own);
    }
  } finally {
    await rm(own, { force: true });
  }
  throw unwritable(root, `another process holds ${path} (process and host: ${await readText(path)})`);
}

/** Only the holder of the second lock may remove the lock of a process that is gone, so no living process's lock is removed. */
async function breakDeadLock(root: string, own: string): Promise<void> {
  const guard = join(root, 'log.lock.breaking');
  if (!isDead(await readText(join(root, 'log.lock')))) return;
  if (!(await linked(own, guard))) return;
  try {
    if (isDead(await readText(join(root, 'log.lock')))) await rm(join(root, 'log.lock'), { force: true });
  } finally {
    await unlink(guard);
  }
}

function isDead(owner: string): boolean {
  const [pid, host] = owner.split(' ');
  if (host !== hostname() || pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return isErrno(error, 'ESRCH');
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function readBlob(entry: Entry, path: string): Promise<Evidence> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const reason = isErrno(error, 'ENOENT') ? 'its bytes are missing' : `its bytes cannot be read: ${String(error)}`;
    return { entry, readable: false, reason };
  }
  if (digest('evidence', [entry.kind, bytes]) !== entry.digest)
    return { entry, readable: false, reason: 'its bytes are not the ones that were recorded' };
  try {
    return { entry, readable: true, body: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return { entry, readable: false, reason: 'its bytes are not JSON' };
  }
}
