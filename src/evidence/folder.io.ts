import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Instant, OneRoofError } from '../core/index.ts';
import { pieceOf, readPiece } from './blob.ts';
import { type Entry, type EvidenceStore, type Recording } from './evidence.ts';
import { openKey } from './key.io.ts';
import { isErrno, lock, unwritable } from './lock.io.ts';
import { checkLog, nextOf, type StoredLog } from './log.ts';

/** How a folder of evidence is opened, beside where it is. */
export interface FolderOptions {
  /** The private key that signs; by default ONEROOF_EVIDENCE_KEY_FILE, or else `key` in the folder. */
  readonly keyFile?: string | null;
}

/**
 * Keeps evidence in a folder: `log.jsonl`, one signed line per entry, `checkpoint`, the signed head of the log, and
 * `blobs/<hex>.json`, the bytes by their digest. The key that signs is made at the first use.
 *
 * Errors  of its methods: those of `checkLog`, EVIDENCE_KEY, EVIDENCE_UNWRITABLE.
 */
export function openFolderStore(folder: string, options: FolderOptions = {}): EvidenceStore {
  const root = resolve(folder);
  const place: Place = {
    root,
    log: join(root, 'log.jsonl'),
    checkpoint: join(root, 'checkpoint'),
    key: resolve(process.env['ONEROOF_EVIDENCE_KEY_FILE'] || options.keyFile || join(root, 'key')),
    locate: (entry) => join(root, 'blobs', `${entry.digest.slice(7)}.json`),
  };
  const load = async () => checkLog(await readStored(place));
  const bytes = (entry: Entry) => readBytes(place.locate(entry));
  return {
    bytes,
    locate: place.locate,
    entries: async () => (await load()).lines.map(({ entry }) => entry),
    head: async () => (await readText(place.checkpoint)) ?? '',
    log: async () => {
      const { lines, checkpoint } = await load();
      return { lines, checkpoint };
    },
    of: async (seal) => {
      const entries = (await load()).lines.map(({ entry }) => entry).filter((entry) => entry.seal === seal);
      return Promise.all(
        entries.map(async (entry) => {
          try {
            return readPiece(entry, await bytes(entry));
          } catch (error) {
            return { entry, readable: false, reason: `its bytes cannot be read: ${String(error)}` };
          }
        }),
      );
    },
    append: (recording, at) => append(place, recording, at),
  };
}

interface Place {
  readonly root: string;
  readonly log: string;
  readonly checkpoint: string;
  readonly key: string;
  readonly locate: (entry: Entry) => string;
}

async function append(place: Place, recording: Recording, at: Instant): Promise<Entry> {
  const { root, log, checkpoint, locate } = place;
  const { bytes, piece } = pieceOf(recording, at);
  try {
    await mkdir(join(root, 'blobs'), { recursive: true });
    // a folder that is kept in version control must not take the key with it
    await writeFile(join(root, '.gitignore'), 'key\nlog.lock*\n*.tmp\n', { flag: 'wx' }).catch(unlessThere);
    const key = await openKey(place.key);
    // the bytes first: a line never names bytes that are not there
    await writeDurably(locate({ index: 0, ...piece }), bytes);
    const release = await lock(root);
    try {
      const stored = await readStored(place);
      const before = checkLog(stored);
      if (before.checkpoint !== null && before.checkpoint !== stored.checkpoint)
        await writeDurably(checkpoint, before.checkpoint);
      const entry: Entry = { index: before.lines.length, ...piece };
      const origin = `oneroof-evidence/${randomBytes(16).toString('hex')}`;
      const next = nextOf(before, { entry, key, origin });
      // the head that will be, then the line, then the head in its place: whatever a crash cuts off, the next append finds its way
      await writeDurably(`${checkpoint}.next`, next.checkpoint);
      const file = await open(log, 'a');
      try {
        // what a crash left of a line was never an entry: it goes, so that the next line stands by itself
        await file.truncate(before.end);
        await file.appendFile(`${next.line}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${checkpoint}.next`, checkpoint);
      return entry;
    } finally {
      await release();
    }
  } catch (cause) {
    if (cause instanceof OneRoofError) throw cause;
    throw unwritable(root, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** How often a reader looks again while others append; each look takes milliseconds. */
const looks = 200;

/** Log and checkpoint of one moment: read again where the checkpoint changed meanwhile. Heads only grow, so an equal one is the same one. */
async function readStored({ log, checkpoint }: Place): Promise<StoredLog> {
  for (let look = 0; ; look += 1) {
    const before = await readText(checkpoint);
    const bytes = (await readBytes(log)) ?? Buffer.alloc(0);
    const next = await readText(`${checkpoint}.next`);
    if (before === (await readText(checkpoint)) || look >= looks)
      return { place: log, bytes, checkpoint: before, next };
  }
}

async function writeDurably(path: string, bytes: Uint8Array | string): Promise<void> {
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

async function readText(path: string): Promise<string | null> {
  return (await readBytes(path))?.toString('utf8') ?? null;
}

async function readBytes(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function unlessThere(error: unknown): void {
  if (!isErrno(error, 'EEXIST')) throw error;
}
