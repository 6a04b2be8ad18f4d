import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, ownFolder, type Server, sql } from '../src/database/index.ts';

/** A copy of a server's files, made while it runs, with its backup label: what a base backup is. */
export async function backUp(server: Server): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-standby-'));
  ownFolder(folder, server.binaries);
  const data = join(folder, 'data');
  const session = await openSession(server.connection('postgres'), { applicationName: 'test' });
  try {
    const isNew = server.binaries.major >= 15;
    await session.query(
      isNew ? sql`select pg_backup_start('test', true)` : sql`select pg_start_backup('test', true, false)`,
    );
    execFileSync('cp', ['-a', server.data, data]);
    const [stopped] = await session.query<{ label: string }>(
      isNew
        ? sql`select labelfile as label from pg_backup_stop(false)`
        : sql`select labelfile as label from pg_stop_backup(false, false)`,
    );
    writeFileSync(join(data, 'backup_label'), stopped?.label ?? '');
    execFileSync('chown', ['--reference', server.data, join(data, 'backup_label')]);
    rmSync(join(data, 'postmaster.pid'), { force: true });
  } finally {
    await session.close();
  }
  return folder;
}
