import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Instant, OneRoofError } from '../core/index.ts';
import { pieceOf, readPiece } from './blob.ts';
import { type CheckedLog, openCheckedLog } from './checked.io.ts';
import { type Entry, type EvidenceStore, type Log, type Recording } from './evidence.ts';
import { isErrno, markOf, readBytes, readFrom, readText } from './file.io.ts';
import { openStoreKey, type SignWith } from './key.io.ts';
import { lock, unwritable } from './folder-lock.io.ts';
import { type SoftwareKey } from './sshsig.ts';
import { checkEnd, logLength, longestLine, nextOf, type StoredLog } from './log.ts';

/** How a folder of evidence is opened, beside where it is. */
export interface FolderOptions extends SignWith {
  /** The private key that signs; by default ONEROOF_EVIDENCE_KEY_FILE, or else `key` in the folder. */
  readonly keyFile?: string | null;
}

/**
 * Keeps evidence in a folder: `log.jsonl`, one signed line per entry, `checkpoint`, the signed head of the log, and
 * `blobs/<hex>.json`, the bytes by their digest. The key that signs is made at the first use.
 *
 * Errors  of its methods: those of `checkLog`, EVIDENCE_KEY, EVIDENCE_UNREADABLE, EVIDENCE_UNWRITABLE.
 */
export function openFolderStore(folder: string, options: FolderOptions = {}): EvidenceStore {
  const root = resolve(folder);
  const place: Place = {
    root,
    log: join(root, 'log.jsonl'),
    checkpoint: join(root, 'checkpoint'),
    key: () => openStoreKey({ ...options, keyFile: options.keyFile || join(root, 'key') }),
    locate: (entry) => join(root, 'blobs', `${entry.digest.slice(7)}.json`),
  };
  const checked = openCheckedLog(() => readStored(place));
  const bytes = (entry: Entry) => readBytes(place.locate(entry));
  return {
    bytes,
    locate: place.locate,
    entries: async () => (await checked.read()).lines.map(({ entry }) => entry),
    head: async () => (await readText(place.checkpoint)) ?? '',
    log: async () => {
      const { lines, checkpoint } = await checked.read();
      return { lines, checkpoint };
    },
    of: async (seal) => {
      const entries = (await checked.read()).lines.map(({ entry }) => entry).filter((entry) => entry.seal === seal);
      return inTurn(entries, async (entry) => {
        try {
          return readPiece(entry, await bytes(entry));
        } catch (error) {
          return { entry, readable: false, reason: error instanceof Error ? error.message : String(error) };
        }
      });
    },
    blobs: async (entries) => {
      const found = await inTurn(entries, async (entry) => [entry.digest, await bytes(entry)] as const);
      return new Map(found.flatMap(([digest, blob]) => (blob === null ? [] : [[digest, blob]])));
    },
    ownKey: async () => (await place.key()).publicKey,
    append: (recording, at) => append({ ...place, checked }, { recording, at }),
  };
}

interface Place {
  readonly root: string;
  readonly log: string;
  readonly checkpoint: string;
  readonly key: () => Promise<SoftwareKey>;
  readonly locate: (entry: Entry) => string;
}

/** A folder whose log is read, and appended to. */
interface Opened extends Place {
  readonly checked: CheckedLog;
}

/** So many files are open at once; the system allows a process a thousand or more. */
const mostOpen = 64;

/** Does work on each, some at once; the results in order. */
async function inTurn<From, To>(all: readonly From[], work: (one: From) => Promise<To>): Promise<readonly To[]> {
  const done: To[] = [];
  for (let from = 0; from < all.length; from += mostOpen)
    done.push(...(await Promise.all(all.slice(from, from + mostOpen).map(work))));
  return done;
}

async function append(
  of: Opened,
  { recording, at }: { readonly recording: Recording; readonly at: Instant },
): Promise<Entry> {
  const { root, log, checkpoint, checked, locate } = of;
  const { bytes, piece } = pieceOf(recording, at);
  try {
    await mkdir(join(root, 'blobs'), { recursive: true });
    // a folder that is kept in version control must not take the key with it
    await writeFile(join(root, '.gitignore'), 'key\nlog.lock*\n*.tmp\n', { flag: 'wx' }).catch(unlessThere);
    const key = await of.key();
    // the bytes first: a line never names bytes that are not there
    await writeDurably(locate({ index: 0, ...piece }), bytes);
    // what takes long is done before others have to wait for it
    if (!(await isAsLeft(of))) await checked.read();
    const release = await lock(root);
    try {
      const before = (await readEnd(of)) ?? (await readWhole(of));
      const entry: Entry = { index: logLength(before), ...piece };
      const origin = `oneroof-evidence/${randomBytes(16).toString('hex')}`;
      const next = nextOf(before, { entry, key, origin });
      // the head that will be, then the line, then the head in its place: whatever a crash cuts off, the next append finds its way
      await writeDurably(`${checkpoint}.next`, next.checkpoint);
      const file = await open(log, 'a');
      try {
        // the part of a line that a crash left was never an entry: it is removed, so that the next line is separate
        await file.truncate(before.end);
        await file.appendFile(`${next.line}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${checkpoint}.next`, checkpoint);
      checked.leave(await markOf(log));
      return entry;
    } finally {
      await release();
    }
  } catch (cause) {
    if (cause instanceof OneRoofError) throw cause;
    throw unwritable(root, { why: cause instanceof Error ? cause.message : String(cause), cause });
  }
}

/** A log, and where its last complete line ends. Bytes. */
type Ended = Log & { readonly end: number };

/**
 * Says whether its end is all that an append has to check: nothing of the log was read by this process, or the file is as this process
 * left it or found it when it checked it.
 */
async function isAsLeft({ log, checked }: Opened): Promise<boolean> {
  return checked.state === 'unread' || (checked.state === 'checked' && checked.mark === (await markOf(log)));
}

/** The end of the log, checked at a cost that does not grow with the log; null where all of it has to be checked. */
async function readEnd(of: Opened): Promise<Ended | null> {
  if (!(await isAsLeft(of))) return null;
  const tail = await readTail(of.log);
  const log = tail === null ? null : checkEnd({ last: tail.last, checkpoint: await readText(of.checkpoint) });
  return tail === null || log === null || !of.checked.mayEndWith(log) ? null : { ...log, end: tail.end };
}

/** The whole log; if a crash left its checkpoint unfinished, that is completed. */
async function readWhole({ checkpoint, checked }: Opened): Promise<Ended> {
  const log = await checked.read();
  if (log.checkpoint !== null && log.checkpoint !== (await readText(checkpoint)))
    await writeDurably(checkpoint, log.checkpoint);
  return { ...log, end: log.bytes.length };
}

/** The last complete line and where it ends; null where it is longer than a line can be. */
async function readTail(path: string): Promise<{ readonly last: string | null; readonly end: number } | null> {
  const tail = await readFrom(path, -2 * (longestLine + 1));
  if (tail === null) return { last: null, end: 0 };
  const { bytes, from } = tail;
  const end = bytes.lastIndexOf(0x0a) + 1;
  const begin = end < 2 ? 0 : bytes.lastIndexOf(0x0a, end - 2) + 1;
  if (begin === 0 && from > 0) return null;
  return { last: end === 0 ? null : bytes.toString('utf8', begin, end - 1), end: from + end };
}

/** How often a reader looks again while others append; each reading takes milliseconds. */
const looks = 200;

/** Log and checkpoint of one moment: read again where the checkpoint changed meanwhile. Heads only grow, so an equal one is the same one. */
async function readStored({ log, checkpoint }: Place): Promise<StoredLog & { readonly mark: string }> {
  for (let look = 0; ; look += 1) {
    const before = await readText(checkpoint);
    const mark = await markOf(log);
    const bytes = (await readBytes(log)) ?? Buffer.alloc(0);
    const next = await readText(`${checkpoint}.next`);
    if (before !== (await readText(checkpoint)) && look < looks) continue;
    return { place: log, bytes, checkpoint: before, next, mark };
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

function unlessThere(error: unknown): void {
  if (!isErrno(error, 'EEXIST')) throw error;
}
