import { connectClient } from './client.io.ts';
import { type Connection } from './connection.ts';

/** Who a server says it is over the replication protocol. */
export interface IdentifiedSystem {
  readonly systemIdentifier: string;
  readonly timeline: number;
}

/**
 * Logs in over the replication protocol, asks the server who it is, and logs out: the server's own answer to whether this role and this address may do so.
 *
 * Errors  those of connectClient.
 * Source  PostgreSQL manual, "Streaming Replication Protocol", IDENTIFY_SYSTEM.
 */
export async function identifySystem(
  connection: Connection,
  { applicationName }: { readonly applicationName: string },
): Promise<IdentifiedSystem> {
  const client = await connectClient(connection, {
    applicationName,
    replication: true,
    listen: (own) => own.on('error', () => undefined),
  });
  try {
    const { rows } = await client.query<{ systemid: string; timeline: string }>('IDENTIFY_SYSTEM');
    return { systemIdentifier: rows[0]?.systemid ?? '', timeline: Number(rows[0]?.timeline ?? 0) };
  } finally {
    await client.end().catch(() => undefined);
  }
}
