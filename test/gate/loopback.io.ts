import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, type Server, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf, type Version } from '../binaries.io.ts';
import { runSql } from '../database.io.ts';

/** A server that listens on an address of this machine, and asks the runner of a gate there as `rule` says. */
export interface LoopbackServer {
  readonly server: Server;
  /** Over TCP, as the superuser. */
  connection(database: string): Connection;
  /** Replaces the rule. */
  rule(text: string): Promise<void>;
}

/** Starts one. Each has an address of its own, because all listen on the same port. */
export async function startLoopbackServer(version: Version, rule = 'scram-sha-256'): Promise<LoopbackServer> {
  const host = ownAddress();
  const server = await startTemporaryServer({ binaries: binariesOf(version), settings: { listen_addresses: host } });
  const set = ruleOf(server);
  await set(rule);
  return { server, connection: (database) => ({ ...server.connection(database), host }), rule: set };
}

/** An address of this machine that no other test listens on. */
export const ownAddress = (): string => `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;

/** What sets how a server asks the runner over TCP. */
export function ruleOf(server: Server): (text: string) => Promise<void> {
  const file = join(server.data, 'pg_hba.conf');
  const lines = readFileSync(file, 'utf8');
  return async (text) => {
    writeFileSync(file, `host all oneroof_runner 127.0.0.0/8 ${text}\nhost all all 127.0.0.0/8 trust\n${lines}`);
    await runSql(server.connection('postgres'), ['select pg_reload_conf()', 'select pg_sleep(0.2)']);
  };
}
