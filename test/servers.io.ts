import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { embeddedBinaries, findBinaries, startTemporaryServer, type Server } from '../src/database/index.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The socket folder of a server of each major version that the tests run on. */
    servers: Readonly<Record<'18' | '15', string | null>>;
  }
}

/** Starts one server of each major version that is there; each test file makes databases of its own in them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const settings = { max_connections: '200', wal_level: 'logical', max_prepared_transactions: '10' };
  const summaries = { ...settings, summarize_wal: 'on' };
  const servers: Server[] = [await startTemporaryServer({ binaries: embeddedBinaries(), settings: summaries })];
  if (existsSync('/usr/lib/postgresql/15/bin/initdb'))
    servers.push(await startTemporaryServer({ binaries: findBinaries(15), settings }));
  project.provide('servers', {
    18: servers[0]?.connection('postgres').host ?? null,
    15: servers[1]?.connection('postgres').host ?? null,
  });
  return async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
}
