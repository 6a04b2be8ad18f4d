import { copyFile, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupSource } from './backup-source.io.ts';
import { type Commit, commitsIn, lsnText, segmentName } from './commits.ts';
import { type BackupTools, requireEnded } from './copy-files.io.ts';
import { giveToServer } from '../providers/copy.io.ts';
import { runProgram, valued } from '../run-program.io.ts';

/** WAL of production after a base backup, in a folder beside it. */
export interface WalFiles {
  /** Fetches what production has written up to `end`, and lists the commits in all that was fetched. */
  fetch(end: bigint): Promise<readonly Commit[]>;
  /** Gives the copy WAL up to `end` and none behind it. */
  endAt(end: bigint): Promise<void>;
}

const isSegment = (name: string): boolean => /^[0-9A-F]{24}$/.test(name);

/**
 * Follows the WAL of production from the last segment that a base backup brought, which may be incomplete.
 *
 * Source  PostgreSQL manual, pg_receivewal: it begins with the segment whose file ends in `.partial`.
 */
export async function followWal(
  tools: BackupTools,
  of: { readonly source: BackupSource; readonly data: string; readonly folder: string },
): Promise<WalFiles> {
  const { folder, source } = of;
  const { segmentBytes } = source;
  const into = join(of.data, 'pg_wal');
  const first = (await readdir(into)).filter(isSegment).toSorted().at(-1) ?? '';
  const timeline = Number.parseInt(first.slice(0, 8), 16);
  await mkdir(folder, { mode: 0o700 });
  await giveToServer(folder, tools.runAs);
  await writeFile(join(folder, `${first}.partial`), '');
  await giveToServer(join(folder, `${first}.partial`), tools.runAs);
  const begin =
    (BigInt(`0x${first.slice(8, 16)}`) * (0x1_0000_0000n / segmentBytes) + BigInt(`0x${first.slice(16)}`)) *
    segmentBytes;
  const names = async (): Promise<readonly string[]> => (await readdir(folder)).filter(isSegment).toSorted();
  return {
    fetch: async (end) => {
      const last = (await names()).at(-1);
      if (last !== undefined) await rename(join(folder, last), join(folder, `${last}.partial`));
      // it ends once it has more than the position that it is given
      const received = await runProgram({
        ...tools,
        program: tools.programs.receivewal,
        words: [
          valued('--directory', folder),
          valued('--endpos', lsnText(end - 1n)),
          '--no-loop',
          '--no-sync',
          '--no-password',
          '--status-interval=2',
        ],
      });
      requireEnded(received, tools, { program: 'pg_receivewal', folder });
      for (const name of await readdir(folder))
        if (name.endsWith('.partial')) await rename(join(folder, name), join(folder, name.replace('.partial', '')));
      const read = await runProgram({
        ...tools,
        program: tools.programs.waldump,
        words: [
          valued('--path', folder),
          valued('--timeline', String(timeline)),
          '--rmgr=Transaction',
          valued('--start', lsnText(begin)),
          valued('--end', lsnText(end)),
        ],
      });
      requireEnded(read, tools, { program: 'pg_waldump', folder });
      return commitsIn(read.output);
    },
    endAt: async (end) => {
      const last = segmentName({ timeline, lsn: end - 1n, segmentBytes });
      for (const name of await names()) {
        const target = join(into, name);
        await rm(target, { force: true });
        if (name > last) continue;
        await copyFile(join(folder, name), target);
        if (name === last)
          await clearFrom(target, { at: Number(end % segmentBytes), segmentBytes: Number(segmentBytes) });
        await giveToServer(target, tools.runAs);
      }
      await rm(folder, { recursive: true });
    },
  };
}

/** Zeros are no record: replaying ends there. */
async function clearFrom(
  path: string,
  { at, segmentBytes }: { readonly at: number; readonly segmentBytes: number },
): Promise<void> {
  // the end of a segment is the beginning of the next one
  if (at === 0) return;
  const file = await open(path, 'r+');
  try {
    await file.truncate(at);
    await file.truncate(segmentBytes);
  } finally {
    await file.close();
  }
}
