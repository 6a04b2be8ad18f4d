import { constants } from 'node:fs';
import { chmod, copyFile, lchown, mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { OneRoofError, stated } from '../../core/index.ts';
import { type Binaries } from '../../database/index.ts';
import { emptied, isLeftOut } from './neutral.ts';

/** A copy of a data directory to make. */
export interface CopyPlan {
  readonly from: string;
  readonly to: string;
  readonly runAs: Binaries['runAs'];
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: { done: number; total: number }) => void;
}

/** What was copied, and how, as probed. */
export interface Copied {
  readonly bytes: number;
  readonly method: 'reflink' | 'copy';
}

/**
 * Copies a data directory file by file, sharing blocks where the file system can. Files that vanish meanwhile are fine: WAL replay knows.
 *
 * Errors  CLONE_NO_SPACE before or in the middle, INTERRUPTED.
 */
export async function copyDataDirectory(plan: CopyPlan): Promise<Copied> {
  const { files, folders } = await walk(plan.from);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  try {
    await mkdir(plan.to, { mode: 0o700 });
    await giveToServer(plan.to, plan.runAs);
    for (const folder of [...folders, ...emptied, 'pg_wal/archive_status', 'pg_wal/summaries']) {
      await mkdir(join(plan.to, folder), { recursive: true, mode: 0o700 });
      await giveToServer(join(plan.to, folder), plan.runAs);
    }
    const reflink = await canReflink(plan);
    if (!reflink) {
      const space = await statfs(plan.to);
      const free = space.bavail * space.bsize;
      if (free < total) throw noSpace(plan.to, `${total} bytes are needed, ${free} are free`);
    }
    let done = 0;
    const queue = files[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (const file of queue) {
        stopWhereAsked(plan.signal);
        await copyOne({ ...plan, path: file.path });
        done += file.bytes;
        plan.onProgress?.({ done, total });
      }
    };
    const workers = await Promise.allSettled([worker(), worker(), worker(), worker()]);
    for (const ended of workers) if (ended.status === 'rejected') throw ended.reason;
    stopWhereAsked(plan.signal);
    // last, as pg_basebackup does: it must not be older than the files
    await copyOne({ ...plan, path: 'global/pg_control' });
    return { bytes: total, method: reflink ? 'reflink' : 'copy' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace(plan.to, 'the disk became full');
    throw error;
  }
}

/** Copies one file and gives it to the server's user; says whether it was there. */
export async function copyOne(plan: {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly runAs: Binaries['runAs'];
}): Promise<boolean> {
  const target = join(plan.to, plan.path);
  try {
    await copyFile(join(plan.from, plan.path), target, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await chmod(target, 0o600);
  await giveToServer(target, plan.runAs);
  return true;
}

/** Gives a file or folder to the server's user. */
export async function giveToServer(path: string, runAs: Binaries['runAs']): Promise<void> {
  if (runAs !== null) await lchown(path, runAs.uid, runAs.gid);
}

/** Throws when the caller wants to stop. */
export function stopWhereAsked(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new OneRoofError('INTERRUPTED', {
    ...stated`the golden copy was interrupted; its files were removed`,
    fix: 'run the same command again',
  });
}

/** The error of a full disk. */
export function noSpace(folder: string, what: string): OneRoofError {
  return new OneRoofError('CLONE_NO_SPACE', {
    ...stated`no room for a golden copy at ${{ folder }}: ${{ why: what }}`,
    fix: 'free space there, or set "folder:" of the clone provider to a larger disk (with reflink a copy needs almost none)',
  });
}

async function walk(root: string): Promise<{ files: { path: string; bytes: number }[]; folders: string[] }> {
  const files: { path: string; bytes: number }[] = [];
  const folders: string[] = [];
  const visit = async (below: string): Promise<void> => {
    const entries = await readdir(join(root, below), { withFileTypes: true }).catch(absent);
    for (const entry of entries ?? []) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (isLeftOut(path) || emptied.some((name) => name === path)) continue;
      if (entry.isDirectory()) {
        folders.push(path);
        await visit(path);
      } else if (entry.isFile() && path !== 'global/pg_control') {
        const facts = await stat(join(root, path)).catch(absent);
        if (facts !== null) files.push({ path, bytes: facts.size });
      }
    }
  };
  await visit('');
  return { files, folders };
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

async function canReflink(plan: CopyPlan): Promise<boolean> {
  const probe = join(plan.to, 'oneroof-reflink-probe');
  try {
    await copyFile(join(plan.from, 'PG_VERSION'), probe, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (
      ['ENOTSUP', 'EXDEV', 'ENOSYS', 'EINVAL', 'EOPNOTSUPP', 'ENOTTY'].includes(
        (error as NodeJS.ErrnoException).code ?? '',
      )
    )
      return false;
    throw error;
  } finally {
    await rm(probe, { force: true });
  }
}
