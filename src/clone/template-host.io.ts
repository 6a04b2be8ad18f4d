import { OneRoofError } from '../core/index.ts';
import { id, openSession, sql } from '../database/index.ts';
import { type CloneHost, type Golden } from './clone.ts';
import { carryOver, collect, dropLeased, keepLeased, lease, leases, openGolden } from './lease.io.ts';
import {
  refuseSameServer,
  remember,
  rememberedOf,
  takeTemplateGolden,
  templateGoldens,
  type TemplateSetup,
} from './providers/template.io.ts';

/** The clone server of the provider "template": a server that runs anyway. */
export async function openTemplateHost(setup: TemplateSetup): Promise<CloneHost> {
  refuseSameServer(setup);
  const admin = await openSession(setup.admin, { applicationName: 'oneroof clone host' });
  const newest = async () => (await templateGoldens(admin, setup.source))[0] ?? null;
  const needed = async (): Promise<Golden> => {
    const golden = await newest();
    if (golden !== null) return golden;
    throw new OneRoofError('CLONE_NO_GOLDEN', {
      problem: `there is no golden copy of ${setup.source}`,
      fix: 'oneroof clone golden',
    });
  };
  return {
    makeGolden: async () => {
      const older = await templateGoldens(admin, setup.source);
      const golden = await takeTemplateGolden(admin, {
        source: setup.source,
        generation: (older[0]?.generation ?? 0) + 1,
      });
      await carryOver(admin, { golden: setup.source, clone: golden.database });
      const used = new Set((await leases(admin)).map((found) => found.golden));
      for (const { database } of older) {
        if (used.has(database)) continue;
        await admin.query(sql`alter database ${id(database)} with is_template false`);
        await admin.query(sql`drop database ${id(database)}`);
      }
      return golden;
    },
    golden: newest,
    makeClone: async (request) => {
      const made = await lease(admin, { golden: await needed(), request });
      const connection = { ...setup.admin, database: made.lease.database };
      return { ...made, connection, server: 'shared', network: 'host' };
    },
    readGolden: async (use) => {
      const { database } = await needed();
      return openGolden(admin, { database, use: () => use({ ...setup.admin, database }) });
    },
    once: async (name, read) => {
      const golden = await needed();
      const known = await rememberedOf(admin, golden);
      if (known?.name === name) return known.value;
      const value = await read();
      await remember(admin, golden, { name, value });
      return value;
    },
    keep: (database, hours) => keepLeased(admin, { database, hours }),
    drop: (database) => dropLeased(admin, database),
    list: () => leases(admin),
    collectGarbage: (at) => collect(admin, at),
    howToConnect: (database) =>
      `psql "host=${setup.admin.host} port=${setup.admin.port} user=${setup.admin.user} dbname=${database}"`,
    close: () => admin.close(),
  };
}
