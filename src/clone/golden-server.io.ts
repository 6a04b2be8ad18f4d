import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';
import { ownFolder, type Server, sql, startServer } from '../database/index.ts';
import { type CloneSetup } from '../setup/index.ts';
import { refuseBeyond } from './cap.ts';
import { type Golden } from './clone.ts';
import { copyPrefix, removeLeftCopies } from './generations.io.ts';
import { heldIn } from './held.io.ts';
import { copyOne } from './providers/copy.io.ts';
import { copyRunning } from './providers/physical.io.ts';
import { leave, requireSame, type Served, serveNewest } from './served-generation.io.ts';

/** A copy of the server of a golden copy, which nothing connects with it. */
export interface GoldenServer {
  readonly golden: Golden;
  readonly server: Server;
  /** Ends the server, and removes its files. */
  stop(): Promise<void>;
}

/** What a copy may be told. */
interface CopyOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: { done: number; total: number }) => void;
  /** Refuses a golden copy before it is copied. */
  readonly accept: (golden: Golden) => void;
}

/**
 * Copies the server of the newest golden copy, and starts it without a network, for SQL that no one has read. On the server of the golden copy itself
 * such SQL could drop it, because the role that owns a clone owns the golden copy too, and its roles would stay.
 *
 * Errors  CHECK_GOLDEN_UNFIT where no private server has it, or the platform has no server without a network; CLONE_NO_GOLDEN, CLONE_CAP, CLONE_NO_SPACE,
 *         CLONE_MASK_STALE, CLONE_SAMPLE_STALE, CLONE_IN_USE, SERVER_START, INTERRUPTED, and what `accept` throws.
 * Source  docs/decisions/0069-against-production.md.
 */
export async function copyGoldenServer(setup: CloneSetup, options: CopyOptions): Promise<GoldenServer> {
  if (setup.provider === 'template' || setup.provider === 'exec')
    throw unfit(
      `golden copies of the provider "${setup.provider}" are on a server that is not ours`,
      'use the provider physical, basebackup or dump',
    );
  const served = existsSync(setup.folder) ? await serveNewest(setup) : null;
  if (served === null)
    throw new OneRoofError('CLONE_NO_GOLDEN', {
      ...stated`there is no golden copy in ${{ folder: setup.folder }}`,
      fix: 'oneroof clone golden',
    });
  try {
    const { golden } = served.record;
    requireSame(served.record, setup);
    options.accept(golden);
    if (served.server.network !== 'none')
      throw unfit(
        'its server would have the network of this machine, and its rows are those of production',
        'run it on Linux, with PostgreSQL 15 or later, as a user who may make a network namespace',
      );
    if (setup.cap !== undefined) {
      const held = await heldIn(setup, [served]);
      refuseBeyond(setup.cap, held, { what: 'clone', bytes: held.goldenBytes });
    }
    removeLeftCopies(setup.folder);
    return await copyServed(served, { ...options, into: setup.folder });
  } finally {
    await leave(served);
  }
}

async function copyServed(
  { admin, record, server: { binaries, data: from } }: Served,
  { into, signal, onProgress }: Pick<CopyOptions, 'signal' | 'onProgress'> & { readonly into: string },
): Promise<GoldenServer> {
  const { runAs } = binaries;
  const folder = mkdtempSync(join(into, copyPrefix(process.pid)));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    ownFolder(folder, binaries);
    const data = join(folder, 'data');
    const [row] = await admin.query<{ segment: string }>(
      sql`select setting as segment from pg_catalog.pg_settings where name = 'wal_segment_size'`,
    );
    const source = { dataDirectory: from, segmentBytes: Number(row?.segment) };
    await copyRunning(admin, { source, data, runAs, signal, onProgress });
    // the configuration of a golden copy is ours: nothing of it reaches out
    for (const path of ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'])
      await copyOne({ from, to: data, path, runAs });
    const server = await startServer({
      binaries,
      data,
      superuser: record.superuser,
      network: 'none',
      deleteAfter: folder,
      settings: {
        jit: 'off',
        full_page_writes: 'off',
        // who makes a role may act as it
        ...(binaries.major >= 16 ? { createrole_self_grant: 'set, inherit' } : {}),
      },
    });
    return {
      golden: record.golden,
      server,
      stop: async () => {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function unfit(why: string, fix: string): OneRoofError {
  return new OneRoofError('CHECK_GOLDEN_UNFIT', { ...stated`a check cannot run on the golden copy: ${{ why }}`, fix });
}
