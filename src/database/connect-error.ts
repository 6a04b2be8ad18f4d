import { type ErrorCode, OneRoofError, printable, stated, type ProblemText } from '../core/index.ts';
import { type Connection, describe } from './connection.ts';
import { id, literal } from './sql.ts';

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
    ...stated`${{ connection: where }} is PostgreSQL ${{ major }}, expected ${{ oldest: versions.oldest }} to ${{ newest: versions.newest }}`,
    fix: major < versions.oldest ? 'upgrade the server' : 'install a version of One Roof that knows this PostgreSQL',
  });
}

/** Names what went wrong when a connection was opened. The server's words are hostile text, and a password is never among them. */
export function connectError(connection: Connection, error: Error & { code?: string }): OneRoofError {
  const where = describe(connection);
  const say = (code: ErrorCode, { problem, facts, fix }: ProblemText): OneRoofError =>
    new OneRoofError(code, {
      problem: `${where}: ${problem}`,
      facts: { connection: where, ...facts },
      fix,
      cause: error,
    });
  const message = printable(error.message);
  const isTls = error.code !== '28000' && /certificate|TLS|SSL|altnames/i.test(`${message} ${error.code ?? ''}`);
  // with `prefer` the encrypted way was tried before, so a refusal of the plain one is about the login
  if (/no encryption|SSL off/.test(message) && ['disable', 'allow'].includes(connection.sslmode ?? ''))
    return say('CONNECT_TLS', {
      ...stated`the server takes encrypted connections only, and sslmode=${{ sslmode: connection.sslmode ?? '' }} asks for none: ${{ said: message }}`,
      fix: 'write sslmode=require in the address, or verify-full to verify the server',
    });
  if (isTls && notEncrypted.test(message))
    return say('CONNECT_TLS', {
      ...stated`the server does not speak TLS, and sslmode=${{ sslmode: connection.sslmode ?? 'prefer' }} asks for it`,
      fix: 'enable TLS on the server (ssl = on, with ssl_cert_file and ssl_key_file); or, if you trust the network, write sslmode=disable in the address',
    });
  if (isTls)
    return say('CONNECT_TLS', {
      ...stated`sslmode requires a connection that could not be made: ${{ said: message }}`,
      fix: 'set sslrootcert to the file of the root certificates, and connect by the host name in the certificate',
    });
  const refused = refusedLogin(connection, error);
  if (refused !== null) return say('CONNECT_PASSWORD', refused);
  switch (error.code) {
    case '3D000':
      return say('CONNECT_NO_DATABASE', {
        ...stated`this database does not exist`,
        fix: 'check the name of the database',
      });
    case '57P03':
      return say('CONNECT_STARTING', {
        ...stated`the server takes no connections now: ${{ said: message }}`,
        fix: 'wait a moment, then run the same command again; a standby needs hot_standby = on',
      });
    case '53300':
      return say('CONNECT_TOO_MANY', {
        ...stated`no free connection: ${{ said: message }}`,
        fix: 'wait, end idle sessions, or raise the limit (max_connections, or CONNECTION LIMIT of the role or database)',
      });
    case 'ECONNREFUSED':
    case 'ENOENT':
    case 'ENOTFOUND':
    case 'EACCES':
      return say('CONNECT_REFUSED', {
        ...stated`no server answers there`,
        fix: 'check the host, the port, and that the server is running',
      });
    case 'ECONNRESET':
    case 'EPIPE':
      return say('CONNECT_FAILED', {
        ...stated`the server closed the connection before it answered: ${{ said: message }}`,
        fix: "it may be restarting: wait a moment, then run the same command again; if it stays so, see the server's log, and that of a proxy before it",
      });
    default:
      return say('CONNECT_FAILED', { ...stated`${{ said: message }}`, fix: "see the server's log for the reason" });
  }
}

/** What the server says of a login that it refuses, as far as it tells; null: it is about something else. */
function refusedLogin(connection: Connection, error: Error & { code?: string; routine?: string }): ProblemText | null {
  const { code, routine } = error;
  const message = printable(error.message);
  // the driver's own words: it is asked for a password and has none
  const lacks = message.startsWith('SASL:') && /client password must be a/.test(message);
  if (code !== '28P01' && code !== '28000' && !lacks) return null;
  const { host, port, database, user } = connection;
  const role = printable(id(user).text);
  if (lacks || (code === '28P01' && connection.password === undefined))
    return {
      ...stated`the server asks ${{ role }} for a password, but no password is set`,
      fix: `set PGPASSWORD, or \`passwordFile\` in oneroof.yaml, or add this line to ~/.pgpass (chmod 600): ${printable([host.startsWith('/') ? 'localhost' : host, port, database, user].join(':'))}:PASSWORD`,
    };
  // routine: the place in the server, the same in every language of its messages
  if (routine === 'InitializeSessionUserId' || routine === 'InitializeSessionUserIdStandalone')
    return {
      ...stated`the server refused the login: ${{ said: message }}`,
      fix: `correct the user in the address; or, as a superuser or a role with CREATEROLE: create role ${role} login; if the role exists, alter role ${role} login;`,
    };
  if (routine === 'ClientAuthentication')
    return {
      ...stated`the server refused the login: ${{ said: message }}`,
      fix: `add a line for this role, database and address to pg_hba.conf, then select pg_reload_conf(); or correct the address`,
    };
  if (code === '28000')
    return {
      ...stated`the server refused the login: ${{ said: message }}`,
      fix: 'correct the user in the address, or the method of its line in pg_hba.conf (peer and ident take the name of the operating system user)',
    };
  return {
    ...stated`the server refused the password of ${{ role }}, or the role does not exist (the server does not say which)`,
    fix: `check the user and the password (PGPASSWORD, passwordFile, .pgpass); as a superuser: select rolcanlogin from pg_roles where rolname = ${literal(user).text};`,
  };
}
