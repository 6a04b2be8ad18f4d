import { OneRoofError, printable, stated } from '../core/index.ts';
import { openSession } from '../database/index.ts';
import { type Target } from '../setup/index.ts';
import { refuseBeyond } from './cap.ts';
import { type CloneHost, type DatabaseName, type Golden, keptUnder, keptWith, type Lease } from './clone.ts';
import { heldOnServer, refuseTemplateGolden } from './held.io.ts';
import {
  collect,
  collectHalfMade,
  dropLeased,
  keepLeased,
  lease,
  leases,
  openGolden,
  openHolding,
  resetLeased,
} from './lease.io.ts';
import { requireSameMasks } from './mask/mask-copy.io.ts';
import { holdGolden, releaseGolden, unlessHeld } from './locks.io.ts';
import {
  dropDrafts,
  dropUnusedGoldens,
  nextGeneration,
  refuseSameServer,
  remember,
  rememberedOf,
  takeTemplateGolden,
  templateGoldens,
  type TemplateSetup,
} from './providers/template.io.ts';
import { isTaking } from './taking.io.ts';

/** The clone server of the provider "template": a server that runs anyway. */
export async function openTemplateHost(setup: TemplateSetup, targets: readonly Target[] = []): Promise<CloneHost> {
  refuseSameServer(setup);
  const admin = await openSession(setup.admin, { applicationName: 'oneroof clone host' });
  const holding = openHolding(admin);
  // what a command has begun on one generation it ends on the same, whatever others take meanwhile
  let used: Golden | null = null;
  const use = async (): Promise<Golden | null> => {
    while (used === null) {
      const [newest] = await templateGoldens(admin, setup.source);
      if (newest === undefined) return null;
      await holdGolden(admin, newest.database);
      const after = await templateGoldens(admin, setup.source);
      if (after.some(({ database }) => database === newest.database)) used = newest;
      else await releaseGolden(admin, newest.database);
    }
    return used;
  };
  const needed = async (): Promise<Golden> => {
    const golden = await use();
    if (golden !== null) {
      requireSameMasks(golden, setup);
      return golden;
    }
    throw new OneRoofError('CLONE_NO_GOLDEN', {
      ...stated`there is no golden copy of ${{ source: setup.source }}`,
      fix: 'oneroof clone golden',
    });
  };
  /** Another project may have its clones on the same server: a clone is ours where its golden copy is one of our source. */
  const requireOurs = async (database: DatabaseName): Promise<void> => {
    const clone = (await leases(admin)).find((one) => one.database === database);
    // what has no mark at all is refused where it would be changed
    if (clone === undefined) return;
    const ours = await templateGoldens(admin, setup.source);
    if (!ours.some((golden) => golden.database === clone.golden)) throw ofAnother(clone, setup.source);
  };
  const taking = { purpose: 'taking', name: setup.source } as const;
  return {
    makeGolden: async ({ signal }) => {
      const taken = await unlessHeld(admin, taking, async () => {
        await dropDrafts(admin, setup.source);
        await refuseTemplateGolden(admin, setup);
        return takeTemplateGolden(admin, {
          source: setup.source,
          targets,
          mask: setup.mask,
          signal,
          generation: await nextGeneration(admin, setup.source),
        });
      });
      if (taken === null) throw isTaking(`a golden copy of ${setup.source}`);
      if (used !== null) await releaseGolden(admin, used.database);
      used = null;
      await dropUnusedGoldens(admin, setup.source);
      return taken;
    },
    golden: async () => {
      const golden = await use();
      if (golden !== null) requireSameMasks(golden, setup);
      return golden;
    },
    makeClone: async (request) => {
      const golden = await needed();
      const check = async (): Promise<void> => {
        if (setup.cap === undefined) return;
        const held = await heldOnServer(admin, setup);
        refuseBeyond(setup.cap, held, { what: 'clone', bytes: held.goldenBytes });
      };
      const made = await lease(admin, { golden, request, check });
      holding.hold(made.lease.database, request.hours);
      const connection = { ...setup.admin, database: made.lease.database };
      return { ...made, connection, server: 'shared', network: 'host' };
    },
    readGolden: async (read) => {
      const { database } = await needed();
      return openGolden(admin, { database, use: () => read({ ...setup.admin, database }) });
    },
    once: async (name, read) => {
      const golden = await needed();
      const known = await rememberedOf(admin, golden);
      const kept = keptUnder(known, name);
      if (kept !== null) return kept;
      const value = await read();
      await remember(admin, golden, keptWith(known, { name, value }));
      return value;
    },
    keep: async (database, hours) => {
      await holding.release(database);
      return keepLeased(admin, { database, hours });
    },
    reset: async (database) => {
      await requireOurs(database);
      const [newest] = await templateGoldens(admin, setup.source);
      return resetLeased(admin, { database, golden: newest ?? (await needed()) });
    },
    drop: async (database) => {
      await requireOurs(database);
      await holding.release(database);
      await dropLeased(admin, database);
    },
    list: () => leases(admin),
    collectGarbage: async (at) => {
      const over = await collect(admin, at);
      const goldens = await templateGoldens(admin, setup.source);
      const half: DatabaseName[] = [];
      for (const golden of goldens) half.push(...(await collectHalfMade(admin, golden)));
      const drafts = await unlessHeld(admin, taking, () => dropDrafts(admin, setup.source));
      return [...over, ...half, ...(drafts ?? []), ...(await dropUnusedGoldens(admin, setup.source))];
    },
    howToConnect: (database) =>
      `psql "host=${setup.admin.host} port=${setup.admin.port} user=${setup.admin.user} dbname=${database}"`,
    close: async () => {
      await holding.close();
      await admin.close();
    },
  };
}

function ofAnother({ database, golden }: Lease, source: string): OneRoofError {
  return new OneRoofError('CLONE_NOT_OURS', {
    ...stated`${{ database: printable(database) }} is a clone of ${{ golden: printable(golden) }}, which is no golden copy of ${{ source: printable(source) }}: another project made it`,
    fix: 'drop it from the folder of that project; `oneroof clone gc` drops it when its lease ends',
  });
}
