import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, sep } from 'node:path';
import { z } from 'zod';
import { type Digest, type Formed, printable } from '../core/index.ts';
import { type Migration } from '../import/index.ts';
import { type JudgementRecord, judgementRecordForm } from './check-result.ts';

/** Verdicts of earlier runs, in a folder of the user: a file each, named by the key. */
export interface VerdictCache {
  /** null: it is not there, or the file is not one of ours for this migration. */
  read(key: Digest, migration: Migration): JudgementRecord | null;
  /** What was not judged is not kept: the reason may be gone the next time. A folder that cannot be written keeps nothing. */
  write(key: Digest, judgement: JudgementRecord): void;
}

/** Files that are kept; of more, those that were used longest ago go. */
const mostEntries = 5000;
/** A larger one is neither written nor read. Bytes. */
const largestEntry = 256 * 1024;

const entryForm = z.strictObject({
  form: z.literal('oneroof/verdict/1'),
  key: z.string(),
  judgement: judgementRecordForm,
});

/**
 * Opens the cache. Who can write to its folder can forge verdicts, so one that others may write to, or that is part of the repository, is not used.
 *
 * Shape   a text says why it is not used.
 */
export function openVerdictCache(folder: string, repository: string): VerdictCache | { readonly unused: string } {
  const unused = (why: string): { readonly unused: string } => ({
    unused: `the cache ${printable(folder)} is not used: ${why}`,
  });
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const real = `${realpathSync(folder)}${sep}`;
    if (real.startsWith(`${realpathSync(repository)}${sep}`))
      return unused('it is in the repository, whose authors could write verdicts there');
    const { uid, mode } = statSync(folder);
    if (uid !== process.getuid?.()) return unused('it belongs to another user');
    if ((mode & 0o022) !== 0) return unused('others may write to it (chmod go-w)');
    trim(folder);
  } catch (error) {
    return unused(printable(error instanceof Error ? error.message : String(error)));
  }
  const fileOf = (key: Digest): string => join(folder, `${key.slice('sha256:'.length)}.json`);
  return {
    read: (key, migration) => {
      const found = entryIn(fileOf(key));
      if (found === null || found.key !== key || !isOf(found.judgement, migration)) return null;
      return found.judgement;
    },
    write: (key, judgement) => {
      if (judgement.history.length > 0 || judgement.judged.faults.some(({ code }) => code === 'not-judged')) return;
      const text = JSON.stringify({ form: 'oneroof/verdict/1', key, judgement } satisfies Formed<typeof entryForm>);
      if (Buffer.byteLength(text) > largestEntry) return;
      const draft = `${fileOf(key)}.${process.pid}`;
      try {
        writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
        renameSync(draft, fileOf(key));
      } catch {
        // a full or a read-only disk costs only the time of the next run
        rmSync(draft, { force: true });
      }
    },
  };
}

/** Reads a file as what anyone may have written; null: it is no entry. */
function entryIn(file: string): Formed<typeof entryForm> | null {
  let open: number | null = null;
  try {
    // no link, and no pipe that never ends
    open = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(open);
    if (!stat.isFile() || stat.size > largestEntry || stat.uid !== process.getuid?.()) return null;
    const parsed = entryForm.safeParse(JSON.parse(readFileSync(open, 'utf8')));
    if (!parsed.success) return null;
    utimesSync(file, new Date(), new Date());
    return parsed.data;
  } catch {
    return null;
  } finally {
    if (open !== null) closeSync(open);
  }
}

/** Whether a verdict speaks of a migration: the names and files that are shown are its own. */
function isOf({ judged }: JudgementRecord, { id, name, up, down }: Migration): boolean {
  const spots = [judged.up, judged.down].map((spot) => (spot === null ? null : `${spot.file}:${spot.line}`));
  const own = [up, down].map((script) => (script === null ? null : `${script.file}:${script.line}`));
  return judged.id === id && judged.name === name && spots.join('\n') === own.join('\n');
}

/** What was left by a run that was killed, or fits in no more. */
function trim(folder: string): void {
  const own = readdirSync(folder).filter((name) => /^[0-9a-f]{64}\.json(\.\d+)?$/.test(name));
  if (own.length <= mostEntries) return;
  const aged = own.map((name) => ({ name, at: lstatSync(join(folder, name)).mtimeMs })).sort((a, b) => b.at - a.at);
  for (const { name } of aged.slice(mostEntries)) rmSync(join(folder, name), { force: true });
}
