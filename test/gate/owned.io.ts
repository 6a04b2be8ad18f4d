import { type Server, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { isLong } from '../counts.ts';
import { runSql, versions } from '../database.io.ts';
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

/** A version, and who installed the gate there. */
interface Install {
  readonly version: Version;
  readonly by: 'a superuser' | 'an owner';
}

/** Each way to install a gate, each version; in `npm run test:long` every pair of them. */
export function installs(): readonly Install[] {
  const pairs = versions.flatMap((version) => (['a superuser', 'an owner'] as const).map((by) => ({ version, by })));
  const last = versions.at(-1);
  return isLong ? pairs : pairs.filter(({ version, by }) => version === (by === 'an owner' ? last : versions[0]));
}
