import { type Branded } from '../core/index.ts';

/** Where and as whom to connect. The password is never printed: show a connection only with `describe()`. */
export interface Connection {
  /** A host name, or the folder of a Unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password?: Secret;
  /** libpq's sslmode; absent means `prefer` for hosts and none for sockets. */
  readonly sslmode?: 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
  /** Path of a file of root certificates. */
  readonly sslrootcert?: string;
  readonly connectTimeout?: number;
}

/** A text that must never reach a log, an error, evidence or a process list. */
export type Secret = Branded<{ readonly reveal: () => string; readonly toJSON: () => string }, 'Secret'>;

/** Wraps a secret so that printing or serialising it shows nothing. */
export function secret(text: string): Secret {
  return { reveal: () => text, toJSON: () => '…', toString: () => '…' } as unknown as Secret;
}

/** A connection for people, without its password: `directus on db.example.org:5432 as oneroof_observer`. */
export function describe(connection: Connection): string {
  const where = connection.host.startsWith('/') ? connection.host : `${connection.host}:${connection.port}`;
  return `${connection.database} on ${where} as ${connection.user}`;
}
