import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OneRoofError, stated } from '../../core/index.ts';
import { type Binaries } from '../../database/index.ts';
import { lastLines } from '../exec/redact.ts';
import { noSpace } from '../providers/copy.io.ts';
import { isLeftOut } from '../providers/neutral.ts';
import { type BackupPrograms } from './client-program.io.ts';
import { type BasebackupSetup } from './backup-source.io.ts';
import { type ProgramEnd, runProgram, valued } from '../run-program.io.ts';

/** The programs, and how they connect. */
export interface BackupTools {
  readonly programs: BackupPrograms;
  readonly env: Readonly<Record<string, string>>;
  readonly runAs: Binaries['runAs'];
  readonly signal: AbortSignal;
  /** What may be in no message. */
  readonly secrets: readonly string[];
}

/**
 * Copies the files of production, with the WAL that was written meanwhile, and removes what belongs to its server and not to the copy.
 *
 * Errors  CLONE_BASEBACKUP_FAILED, CLONE_NO_SPACE, CLONE_WAL_GONE.
 * Source  PostgreSQL manual, pg_basebackup: without --no-slot it makes a temporary slot for the WAL.
 */
export async function copyFiles(
  tools: BackupTools,
  of: { readonly setup: BasebackupSetup; readonly data: string },
): Promise<void> {
  const { setup, data } = of;
  const rate = setup.maxRate === null ? [] : [valued('--max-rate', String(Math.floor(setup.maxRate / 1024)))];
  const ended = await runProgram({
    ...tools,
    program: tools.programs.basebackup,
    words: [
      valued('--pgdata', data),
      '--format=plain',
      '--wal-method=stream',
      valued('--checkpoint', setup.checkpoint),
      '--label=oneroof',
      // with it the server counts the bytes before it sends them
      '--progress',
      '--status-interval=2',
      '--no-password',
      // an interrupted copy is removed as a whole, and a copy that a crash of this machine damages is taken again
      '--no-clean',
      '--no-sync',
      '--no-manifest',
      ...rate,
    ],
  });
  requireEnded(ended, tools, { program: 'pg_basebackup', folder: data });
  for (const name of await readdir(data)) {
    if (isLeftOut(name) && name !== 'backup_label') await rm(join(data, name), { recursive: true, force: true });
  }
}

/** Throws where a program did not end well, with its own last words. */
export function requireEnded(
  ended: ProgramEnd,
  { secrets }: Pick<BackupTools, 'secrets'>,
  of: { readonly program: string; readonly folder: string },
): void {
  if (ended.status === 0) return;
  const detail = lastLines(ended.talk, { secrets, isCut: false }).filter((line) => !/^\s*\d+\/\d+ kB \(/.test(line));
  if (/No space left on device/.test(ended.talk)) throw noSpace(of.folder, 'the disk became full');
  if (/requested WAL segment \S+ has already been removed/.test(ended.talk))
    throw new OneRoofError('CLONE_WAL_GONE', {
      ...stated`production removed WAL that the copy needs (${{ program: of.program }})`,
      fix: 'raise max_slot_wal_keep_size there, or run this when production writes less',
      detail,
    });
  throw new OneRoofError('CLONE_BASEBACKUP_FAILED', {
    ...(ended.status === null
      ? stated`${{ program: of.program }} was ended by a signal`
      : stated`${{ program: of.program }} failed with exit status ${{ status: ended.status }}`),
    fix: 'read what it wrote, below, and the log of production; then run the same command again',
    ...(detail.length === 0 ? {} : { detail }),
  });
}
