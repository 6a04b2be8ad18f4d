import { type ErrorCode, OneRoofError, printable } from '../core/index.ts';
import { type Connection, describe } from './connection.ts';

/** The major versions that the catalogue queries were written for and tried on. */
const versions = { oldest: 14, newest: 18 } as const;

const notEncrypted = /does not support SSL|no encryption|SSL off/i;

/** Says whether the server refused the kind of encryption, and not us. */
export function mayFallBack(error: unknown): boolean {
  if (!(error instanceof OneRoofError) || error.code !== 'CONNECT_TLS') return false;
  // the driver's own words: neither it nor the server has a code for this
  return error.cause instanceof Error && notEncrypted.test(error.cause.message);
}

/**
 * Refuses a server whose catalogue we do not know: a fingerprint that passes over a new kind of object would be a false proof.
 *
 * Units   server_version_num, e.g. 180004.
 * Errors  CONNECT_VERSION.
 */
export function refuseVersion(serverVersion: number, where: string): void {
  const major = Math.floor(serverVersion / 10_000);
  if (major >= versions.oldest && major <= versions.newest) return;
  throw new OneRoofError('CONNECT_VERSION', {
    problem: `${where} is PostgreSQL ${major}, expected ${versions.oldest} to ${versions.newest}`,
    fix: major < versions.oldest ? 'upgrade the server' : 'install a version of One Roof that knows this PostgreSQL',
  });
}

/** Names what went wrong when a connection was opened. The server's words are hostile text, and a password is never among them. */
export function connectError(connection: Connection, error: Error & { code?: string }): OneRoofError {
  const where = describe(connection);
  const say = (code: ErrorCode, text: { readonly problem: string; readonly fix: string }): OneRoofError =>
    new OneRoofError(code, { problem: `${where}: ${text.problem}`, fix: text.fix, cause: error });
  const message = printable(error.message);
  // with `prefer` the encrypted way was tried before, so a refusal of the plain one is about the login
  const refusedPlain = /no encryption|SSL off/.test(message) && ['disable', 'allow'].includes(connection.sslmode ?? '');
  if (
    refusedPlain ||
    (error.code !== '28000' && /certificate|TLS|SSL|altnames/i.test(`${message} ${error.code ?? ''}`))
  )
    return say('CONNECT_TLS', {
      problem: `no encrypted connection as sslmode asks: ${message}`,
      fix: 'set sslrootcert to the file of the root certificates, and connect by the host name in the certificate',
    });
  switch (error.code) {
    case '28P01':
    case '28000':
      return say('CONNECT_PASSWORD', {
        problem: 'the server refused the login',
        fix: 'check the user and the password (PGPASSWORD, passwordFile, .pgpass, pg_hba.conf)',
      });
    case '3D000':
      return say('CONNECT_NO_DATABASE', {
        problem: 'there is no such database',
        fix: 'check the name of the database',
      });
    case '57P03':
      return say('CONNECT_STARTING', {
        problem: `the server takes no connections now: ${message}`,
        fix: 'wait a moment, then run the same command again; a standby needs hot_standby = on',
      });
    case '53300':
      return say('CONNECT_TOO_MANY', {
        problem: `no connection is left: ${message}`,
        fix: 'wait, end idle sessions, or raise the limit (max_connections, or CONNECTION LIMIT of the role or database)',
      });
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'ENOTFOUND':
    case 'EACCES':
      return say('CONNECT_REFUSED', {
        problem: 'nothing answers there',
        fix: 'check host and port, and that the server runs',
      });
    default:
      return say('CONNECT_FAILED', { problem: message, fix: "see the server's log for the reason" });
  }
}
