import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { connectClient } from './client.io.ts';
import { type Connection } from './connection.ts';

/** A connection that is logged in, as bytes of the protocol: for a program that speaks it by itself. */
export interface Wire {
  /** Messages of the frontend go in; messages of the backend come out. */
  readonly stream: Duplex;
  /** What the server reported about itself at login: `server_version`, `client_encoding`, … */
  readonly parameters: Readonly<Record<string, string>>;
  /** Hangs up. */
  close(): void;
}

/**
 * Logs in and hands over the connection. Address, password and TLS are those of every session.
 *
 * Errors  those of connectClient.
 * Source  PostgreSQL manual, "Frontend/Backend Protocol".
 */
export async function openWire(connection: Connection, options: { readonly applicationName: string }): Promise<Wire> {
  const parameters: Record<string, string> = {};
  const client = await connectClient(connection, {
    applicationName: options.applicationName,
    listen: (own) => {
      own.on('error', () => undefined);
      (own as WithConnection).connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
        parameters[parameterName] = parameterValue;
      });
    },
  });
  const { stream } = (client as WithConnection).connection;
  // the driver would read the answers, too
  for (const event of ['data', 'end', 'close']) stream.removeAllListeners(event);
  return { stream, parameters, close: () => stream.destroy() };
}

type WithConnection = pg.Client & {
  readonly connection: {
    readonly stream: Duplex;
    on(event: 'parameterStatus', told: (of: { parameterName: string; parameterValue: string }) => void): void;
  };
};
