import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCloneHost } from '../../src/clone/index.ts';
import { embeddedBinaries, startTemporaryServer } from '../../src/database/index.ts';

/** Lets the source move on so far that it throws away the WAL that the copy began with. */
const moveOn = `
import pg from 'pg';
const client = new pg.Client(JSON.parse(process.argv[1]));
await client.connect();
for (const n of [1, 2, 3]) {
  await client.query('create table if not exists moved (i integer)');
  await client.query('insert into moved values (' + n + ')');
  await client.query('select pg_switch_wal()');
  await client.query('checkpoint');
}
await client.end();
`;

test('a golden copy whose WAL the source threw away meanwhile is refused with CLONE_WAL_GONE', async () => {
  const source = await startTemporaryServer({
    binaries: embeddedBinaries(),
    settings: {
      wal_level: 'replica',
      wal_keep_size: '0',
      min_wal_size: '32MB',
      max_wal_size: '32MB',
      wal_recycle: 'off',
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-wal-'));
  chmodSync(folder, 0o711);
  try {
    const backup = source.connection('postgres');
    const host = await openCloneHost({
      provider: 'physical',
      backup,
      dataDirectory: null,
      folder: join(folder, 'golden'),
      bin: null,
    });
    let moved = false;
    const onProgress = (): void => {
      if (moved) return;
      moved = true;
      const { status } = spawnSync(process.execPath, [
        '--input-type=module',
        '-e',
        moveOn,
        '--',
        JSON.stringify(backup),
      ]);
      expect(status).toBe(0);
    };
    await expect(host.makeGolden({ onProgress })).rejects.toMatchObject({ code: 'CLONE_WAL_GONE' });
    expect(await host.golden()).toBeNull();
    await host.close();
  } finally {
    await source.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
