import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OneRoofError, stated } from '../core/index.ts';
import {
  type Binaries,
  joinServer,
  openSession,
  runningOn,
  type Server,
  type Session,
  startServer,
} from '../database/index.ts';
import { generationFolder, generations } from './generations.io.ts';
import { type Holding } from './holding.io.ts';
import { openHolding } from './lease.io.ts';
import { requireSameMasks } from './mask/mask-copy.io.ts';
import { type GenerationRecord } from './providers/generation.io.ts';
import { requireSameSample } from './sample/require-sample.io.ts';
import { binariesOf, type PrivateSetup, refuseUnreachable } from './take-copy.io.ts';

/** A served generation: its server, an administrator's session on it, and its record. */
export interface Served {
  readonly record: GenerationRecord;
  readonly server: Server;
  readonly admin: Session;
  readonly holding: Holding;
}

/** Refuses a golden copy with other contents than oneroof.yaml asks for now. Errors  CLONE_MASK_STALE, CLONE_SAMPLE_STALE. */
export function requireSame({ golden }: GenerationRecord, setup: PrivateSetup): void {
  requireSameMasks(golden, setup);
  requireSameSample(golden, setup.provider === 'dump' ? setup : {});
}

/** Serves the newest generation, null where there is none. */
export async function serveNewest(setup: PrivateSetup): Promise<Served | null> {
  const numbers = generations(setup.folder);
  return numbers.length === 0 ? null : serveGeneration(setup, Math.max(...numbers));
}

/**
 * Joins the server of one generation, or starts it.
 *
 * Errors  CLONE_FOLDER_UNREACHABLE, CLONE_IN_USE, SERVER_START.
 */
export async function serveGeneration(setup: PrivateSetup, generation: number): Promise<Served> {
  const folder = generationFolder(setup, generation);
  const record = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as GenerationRecord;
  const binaries = binariesOf(setup, Math.floor(record.golden.source.serverVersion / 10_000));
  refuseUnreachable(setup.folder, binaries);
  const data = join(folder, 'data');
  const server = await serve({ binaries, data, superuser: record.superuser });
  try {
    const admin = await openSession(server.connection('template1'), { applicationName: 'oneroof clone host' });
    return { record, server, admin, holding: openHolding(admin) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** A server whose last user has ended takes a moment to end. Milliseconds. */
const ending = 5000;

/**
 * Joins the server of a golden copy where another command has started it, or starts it.
 *
 * Errors  CLONE_IN_USE where one runs that this process cannot join, SERVER_START.
 */
async function serve(plan: {
  readonly binaries: Binaries;
  readonly data: string;
  readonly superuser: string;
}): Promise<Server> {
  const { data } = plan;
  for (let waited = 0; ; waited += 100) {
    const joined = joinServer(plan);
    if (joined !== null) return joined;
    if (runningOn(data) === null) {
      try {
        return await startServer({ ...plan, network: 'none', joinable: true });
      } catch (error) {
        // another command was quicker
        if (runningOn(data) === null) throw error;
      }
    }
    if (waited >= ending)
      throw new OneRoofError('CLONE_IN_USE', {
        ...stated`the golden copy in ${{ folder: data }} is served by another process (server ${{ pid: runningOn(data)?.pid ?? 'unknown' }}), and this process cannot join it`,
        fix: 'wait until that command has ended, or run this one as the same user',
      });
    await sleep(100);
  }
}

/** Ends what this process uses of a server, and the server itself if no other process uses it. */
export async function leave({ holding, admin, server }: Served): Promise<void> {
  await holding.close();
  await admin.close();
  await server.stop();
}
