import { existsSync, mkdirSync } from 'node:fs';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection } from '../database/index.ts';
import { type CloneSetup, type Target } from '../setup/index.ts';
import { refuseBeyond } from './cap.ts';
import { type CloneHost, type DatabaseName, isSampled, keptUnder, keptWith, type Lease } from './clone.ts';
import { openProgramHost } from './exec/program-host.io.ts';
import { generationFolder, generations, putAside, putBack, removeAside, removeDrafts } from './generations.io.ts';
import { heldIn, refuseGolden } from './held.io.ts';
import {
  collect,
  collectHalfMade,
  dropLeased,
  keepLeased,
  lease,
  isInUse,
  leases,
  openGolden,
  resetLeased,
} from './lease.io.ts';
import { writeRecord } from './providers/generation.io.ts';
import { leave, requireSame, type Served, serveGeneration, serveNewest } from './served-generation.io.ts';
import { binariesFor, type PrivateSetup, refuseUnreachable, takeCopy } from './take-copy.io.ts';
import { unlessTaking, whileTaking } from './taking.io.ts';
import { openTemplateHost } from './template-host.io.ts';
import { workersOf } from './workers.io.ts';

/**
 * Opens the clone server of a setup, and starts the newest golden generation where there is one. `targets`: a clone that a program answers
 * with must be none of them, and a copy within a server is compared with them.
 *
 * Errors  CLONE_FOLDER_UNREACHABLE, CLONE_IN_USE, SERVER_START; CLONE_SAME_SERVER for the provider "template".
 */
export async function openCloneHost(setup: CloneSetup, targets: readonly Target[] = []): Promise<CloneHost> {
  if (setup.provider === 'template') return openTemplateHost(setup, targets);
  if (setup.provider === 'exec') return openProgramHost(setup, targets);
  mkdirSync(setup.folder, { recursive: true, mode: 0o755 });
  return openPrivateHost(setup, await serveNewest(setup));
}

/** Clones on private servers: each generation of the golden copy has one, with the clones that were made of it. */
function openPrivateHost(setup: PrivateSetup, newest: Served | null): CloneHost {
  let served = newest;
  const older = new Map<number, Served>();
  const open = (): Served => {
    if (served !== null) return served;
    throw new OneRoofError('CLONE_NO_GOLDEN', {
      ...stated`there is no golden copy in ${{ folder: setup.folder }}`,
      fix: 'oneroof clone golden',
    });
  };
  const openSame = (): Served => {
    const opened = open();
    requireSame(opened.record, setup);
    return opened;
  };
  const numberOf = ({ record }: Served): number => record.golden.generation;
  const olderNumbers = (): readonly number[] =>
    generations(setup.folder).filter((number) => served === null || number < numberOf(served));
  const serveOlder = async (number: number): Promise<Served> => {
    const one = older.get(number) ?? (await serveGeneration(setup, number));
    older.set(number, one);
    return one;
  };
  /** All generations, the newest first. */
  const all = async (): Promise<readonly Served[]> => {
    const list: Served[] = served === null ? [] : [served];
    for (const number of olderNumbers()) list.push(await serveOlder(number));
    return list;
  };
  const having = async (database: DatabaseName): Promise<Served> => {
    const first = open();
    if ((await leases(first.admin)).some((one) => one.database === database)) return first;
    for (const one of await all())
      if ((await leases(one.admin)).some((found) => found.database === database)) return one;
    return first;
  };
  const leaveOlder = async (number: number): Promise<void> => {
    const one = older.get(number);
    older.delete(number);
    if (one !== undefined) await leave(one);
  };
  /** Removes each generation but the newest that no clone was made of, and that no command uses. Only who may take a copy now may ask for this. */
  const removeUnused = async (): Promise<readonly DatabaseName[]> => {
    const gone: DatabaseName[] = [];
    for (const number of olderNumbers()) {
      const { admin, record } = await serveOlder(number);
      putAside(setup, number);
      // who comes now does not find it; who is there has a session
      const isUsed = await isInUse(admin).catch((error: unknown) => {
        putBack(setup, number);
        throw error;
      });
      if (isUsed) putBack(setup, number);
      await leaveOlder(number);
      if (isUsed) continue;
      removeAside(setup, number);
      gone.push(record.golden.database);
    }
    return gone;
  };
  return {
    makeGolden: (options) =>
      whileTaking(setup.folder, async () => {
        removeDrafts(setup.folder);
        const binaries = await binariesFor(setup);
        refuseUnreachable(setup.folder, binaries);
        const room = await refuseGolden(setup, setup.cap === undefined ? [] : await all());
        const generation = Math.max(0, ...generations(setup.folder)) + 1;
        const { golden } = await takeCopy(setup, { binaries, generation }, { ...options, room });
        if (served !== null) older.set(numberOf(served), served);
        served = await serveNewest(setup);
        await removeUnused();
        return golden;
      }),
    golden: async () => (served === null ? null : openSame().record.golden),
    makeClone: async (request) => {
      const { admin, record, server, holding } = openSame();
      const workers = workersOf(server);
      workers.join();
      const check = async (): Promise<void> => {
        if (setup.cap === undefined) return;
        const held = await heldIn(setup, await all());
        refuseBeyond(setup.cap, held, { what: 'clone', bytes: held.goldenBytes });
      };
      const made = await lease(admin, { golden: record.golden, request, check });
      holding.hold(made.lease.database, request.hours);
      return {
        ...made,
        connection: server.connection(made.lease.database),
        network: server.network,
        get server() {
          return workers.server;
        },
      };
    },
    readGolden: async (use) => {
      const { admin, record, server } = openSame();
      const { database } = record.golden;
      return openGolden(admin, { database, use: () => use(server.connection(database)) });
    },
    once: async (name, read) => {
      const { record } = openSame();
      const kept = keptUnder(record.once, name);
      if (kept !== null) return kept;
      const value = await read();
      const known = { ...record, once: keptWith(record.once, { name, value }) };
      await writeRecord(generationFolder(setup, record.golden.generation), known);
      if (served !== null) served = { ...served, record: known };
      return value;
    },
    keep: async (database, hours) => {
      const { admin, holding } = await having(database);
      await holding.release(database);
      return keepLeased(admin, { database, hours });
    },
    reset: async (database) => {
      const one = await having(database);
      requireSame(one.record, setup);
      return resetLeased(one.admin, { database, golden: one.record.golden });
    },
    drop: async (database) => {
      const { admin, holding } = await having(database);
      await holding.release(database);
      await dropLeased(admin, database);
    },
    list: async () => {
      const lists = (await all()).map(async ({ admin, record: { golden } }): Promise<readonly Lease[]> => {
        const found = await leases(admin);
        return isSampled(golden) ? found.map((one) => ({ ...one, sampled: true })) : found;
      });
      return (await Promise.all(lists)).flat();
    },
    collectGarbage: async (at) => {
      const dropped: DatabaseName[] = [];
      await unlessTaking(setup.folder, async () => removeDrafts(setup.folder));
      for (const { admin, record } of await all())
        dropped.push(...(await collect(admin, at)), ...(await collectHalfMade(admin, record.golden)));
      return [...dropped, ...((await unlessTaking(setup.folder, removeUnused)) ?? [])];
    },
    howToConnect: (database) => `oneroof clone open ${database}`,
    close: async () => {
      for (const number of older.keys()) await leaveOlder(number);
      const ending = served;
      served = null;
      if (ending !== null) await leave(ending);
    },
  };
}

/**
 * Opens a clone on a private server for a person: its server runs until `close` is called.
 *
 * Errors  CLONE_GONE, CLONE_IN_USE, CLONE_MASK_STALE, CLONE_SAMPLE_STALE, SERVER_START.
 */
export async function openKept(
  setup: PrivateSetup,
  database: DatabaseName,
): Promise<{ readonly connection: Connection; close(): Promise<void> }> {
  const numbers = existsSync(setup.folder) ? generations(setup.folder) : [];
  for (const number of [...numbers].sort((a, b) => b - a)) {
    const served = await serveGeneration(setup, number);
    const known = await leases(served.admin);
    if (known.some((found) => found.database === database)) {
      try {
        requireSame(served.record, setup);
      } catch (error) {
        await leave(served);
        throw error;
      }
      return { connection: served.server.connection(database), close: () => leave(served) };
    }
    await leave(served);
  }
  throw new OneRoofError('CLONE_GONE', {
    ...stated`${{ database: printable(database) }} is not among the clones of the golden copies in ${{ folder: setup.folder }}`,
    fix: 'oneroof clone list',
  });
}
