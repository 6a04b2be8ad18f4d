import { type Server, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';

/** Servers of their own: an installer who is no superuser needs roles that no superuser made, and all databases of a server share them. */
export interface OwnedServers {
  start(versions: readonly Version[]): Promise<void>;
  stop(): Promise<void>;
  /** A gate that was installed by the database's owner, who is no superuser: managed services. */
  withGate<T>(version: Version, plan: GatedPlan, use: (gated: Gated) => Promise<T>): Promise<T>;
}

export function ownedServers(): OwnedServers {
  const servers = new Map<string, Server>();
  return {
    start: async (versions) => {
      for (const version of versions) {
        const server = await startTemporaryServer({ binaries: binariesOf(version) });
        servers.set(version, server);
        await runSql(server.connection('postgres'), [
          'create role app_owner login',
          'create role dba login createrole',
          'grant app_owner to dba with admin option',
        ]);
      }
    },
    stop: async () => {
      for (const server of servers.values()) await server.stop();
    },
    withGate: (version, plan, use) => {
      const server = servers.get(version);
      if (server === undefined) throw new Error(`no server of ${version}`);
      return withGate(version, { ...plan, owned: { server: server.connection('postgres'), installer: 'dba' } }, use);
    },
  };
}
