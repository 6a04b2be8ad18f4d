import { type Session } from '../../database/index.ts';
import { type BasebackupSetup, readBackupSource, requireBackup } from './backup-source.io.ts';
import { findBackupPrograms } from './client-program.io.ts';

/**
 * Finds what would prevent a copy with these settings; nothing is copied. `folder` is there.
 *
 * Errors  those of findBackupPrograms and requireBackup: they say what is wrong.
 */
export async function findBackupProblems(
  session: Session,
  of: { readonly setup: BasebackupSetup; readonly folder: string },
): Promise<readonly []> {
  findBackupPrograms({ bin: of.setup.bin, major: Math.floor(session.serverVersion / 10_000) });
  await requireBackup(session, { ...of, source: await readBackupSource(session) });
  return [];
}
