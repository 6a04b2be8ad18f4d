import type { TestProject } from 'vitest/node';
import { OneRoofError } from '../src/core/index.ts';
import { startTemporaryServer, type Server } from '../src/database/index.ts';
import { binariesOf, type Version } from './binaries.io.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The socket folder of the server of each version that is there. */
    servers: Readonly<Record<Version, string | null>>;
    /** The versions on which a test that is about all of them runs. */
    versions: readonly Version[];
  }
}

/** Starts one server of each major version; each test file makes databases of its own in them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const asked = process.env['ONEROOF_TEST_VERSIONS']?.split(',') as readonly Version[] | undefined;
  const settings = { max_connections: '200', wal_level: 'logical', max_prepared_transactions: '10', jit: 'off' };
  const sockets: Record<Version, string | null> = { 14: null, 15: null, 16: null, 17: null, 18: null };
  const servers: Server[] = [];
  const versions = asked ?? (['18', '15'] as const);
  const start = async (version: Version): Promise<void> => {
    const summaries: Record<string, string> = Number(version) >= 17 ? { summarize_wal: 'on' } : {};
    try {
      const binaries = binariesOf(version);
      const server = await startTemporaryServer({ binaries, settings: { ...settings, ...summaries } });
      servers.push(server);
      sockets[version] = server.connection('postgres').host;
    } catch (error) {
      // whoever has no 15 tests without it; what was asked for must be there
      if (asked !== undefined || !(error instanceof OneRoofError) || error.code !== 'SERVER_NO_BINARIES') throw error;
    }
  };
  // tests that are about one version are about 18
  await Promise.all([...new Set<Version>(['18', ...versions])].map(start));
  project.provide('servers', sockets);
  project.provide(
    'versions',
    versions.filter((version) => sockets[version] !== null),
  );
  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
}
