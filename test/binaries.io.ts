import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Binaries, embeddedBinaries, findBinaries } from '../src/database/index.ts';

/** A major version of PostgreSQL. */
export type Version = '14' | '15' | '16' | '17' | '18';

/** The embedded 18; of the others what the machine has, or what is installed below test/postgres. Throws where there is none. */
export function binariesOf(version: Version): Binaries {
  if (version === '18') return embeddedBinaries();
  const native = join(import.meta.dirname, 'postgres', 'node_modules', `postgres-${version}`, 'native');
  return existsSync(native) ? { ...embeddedBinaries(native), major: Number(version) } : findBinaries(Number(version));
}
