import type { ConnectionOptions } from 'node:tls';
import { OneRoofError, readIfThere, stated } from '../core/index.ts';
import { type Connection } from './connection.ts';

/** One way to connect: without encryption, or with these options of TLS. */
export type Encryption = false | ConnectionOptions;

/**
 * The ways to try, in order, as libpq's sslmode asks. `prefer` (and none given) takes what the server offers and falls back to no
 * encryption: only `verify-full` proves who the server is.
 *
 * Errors  CONFIG_NOT_FOUND for root certificates that are not there.
 * Source  PostgreSQL manual, "SSL Support", "Protection Provided in Different Modes".
 */
export function encryptionOf(connection: Connection): readonly [Encryption, ...Encryption[]] {
  if (connection.host.startsWith('/')) return [false];
  const roots =
    connection.sslrootcert === undefined || connection.sslrootcert === 'system'
      ? {}
      : { ca: readRoots(connection.sslrootcert) };
  const unverified = { rejectUnauthorized: false };
  const chainOnly = { ...roots, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  switch (connection.sslmode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, unverified];
    case 'require':
      // as libpq does it: with root certificates at hand, require checks them
      return [connection.sslrootcert === undefined ? unverified : chainOnly];
    case 'verify-ca':
      return [chainOnly];
    case 'verify-full':
      return [{ ...roots, rejectUnauthorized: true }];
    default:
      return [unverified, false];
  }
}

function readRoots(file: string): string {
  const roots = readIfThere(file);
  if (roots !== null) return roots;
  throw new OneRoofError('CONFIG_NOT_FOUND', {
    ...stated`the root certificates ${{ file }} (sslrootcert) do not exist`,
    fix: 'correct the path, or leave sslrootcert out to use the certificates of Node.js',
  });
}
