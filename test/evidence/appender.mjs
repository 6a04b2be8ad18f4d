// A process that appends until it has done so often enough, or is killed: plain JavaScript over the built program, so that it starts quickly.
import { openFolderStore, openPostgresStore } from '../../dist/evidence/index.js';

process.once('message', async ({ where, keyFile, count }) => {
  const store =
    'folder' in where ? openFolderStore(where.folder, { keyFile }) : openPostgresStore(where.connection, { keyFile });
  const seal = `sha256:${'a'.repeat(64)}`;
  for (let n = 0; n < count; n += 1) {
    const { index } = await store.append(
      { kind: 'gate', seal, body: { n, pid: process.pid } },
      '2026-06-03T08:00:00.000Z',
    );
    process.send(index);
  }
  process.disconnect();
});
