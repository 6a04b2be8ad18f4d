import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createCluster, embeddedBinaries, type Server, startServer } from '../../database/index.ts';

/**
 * Starts the server's own PostgreSQL on a folder, and makes its cluster where there is none.
 *
 * Errors  SERVER_NO_BINARIES, SERVER_START: also where another process of ours uses the folder.
 */
export async function startEmbeddedState(folder: string): Promise<Server> {
  const binaries = embeddedBinaries();
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const data = join(folder, 'data');
  if (!existsSync(join(data, 'PG_VERSION'))) {
    mkdirSync(data, { recursive: true });
    await createCluster({ binaries, data });
  }
  return startServer({ binaries, data });
}
