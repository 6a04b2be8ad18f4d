import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { OneRoofError, printable, readIfThere, stated } from '../core/index.ts';
import { type AddressParts, badAddress, parseAddress, parsePgpass, parseService } from './address.ts';
import { type Connection, secret } from './connection.ts';

/** What is known of a database's address; what is not given comes from the environment, as with libpq. */
export interface AddressSource {
  readonly url?: string;
  readonly service?: string;
  /** A file that holds the password and nothing else. */
  readonly passwordFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const sslmodes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

/** libpq's variables, by the part of the address that they stand for. */
const variables = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  passfile: 'PGPASSFILE',
} as const;

/**
 * Finds out where and as whom to connect: the address first, then its service, then PG* variables, then libpq's defaults.
 * The password: passwordFile, the address, PGPASSWORD, then .pgpass.
 *
 * Errors  CONNECT_ADDRESS, CONFIG_NOT_FOUND for a file that is named and not there, PASSWORD_FILE_OPEN.
 * Source  PostgreSQL manual, "Database Connection Control Functions", "The Connection Service File", "The Password File".
 */
export function resolveConnection(source: AddressSource): Connection {
  const { env } = source;
  const given: AddressParts = source.url === undefined ? {} : parseAddress(source.url);
  const service = source.service ?? given['service'] ?? (source.url === undefined ? env['PGSERVICE'] : undefined);
  const fromEnvironment = Object.fromEntries(
    Object.entries(variables).flatMap(([part, name]) => (env[name] ? [[part, env[name]]] : [])),
  );
  const parts: AddressParts = {
    ...fromEnvironment,
    ...(service === undefined ? {} : readService(service, env)),
    ...given,
  };
  const port = Number(parts['port'] ?? '5432');
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw badAddress('its port is not a number from 1 to 65535');
  const sslmode = sslmodes.find((mode) => mode === parts['sslmode']);
  if (parts['sslmode'] !== undefined && sslmode === undefined)
    throw badAddress(`its sslmode is none of ${sslmodes.join(', ')}`);
  const host =
    parts['host'] ??
    ['/var/run/postgresql', '/tmp'].find((folder) => existsSync(join(folder, `.s.PGSQL.${port}`))) ??
    'localhost';
  const user = parts['user'] ?? userInfo().username;
  const database = parts['dbname'] ?? user;
  const password =
    source.passwordFile === undefined
      ? (parts['password'] ??
        passwordOfPgpass({ host, port, database, user }, parts['passfile'] ?? join(home(env), '.pgpass')))
      : readSecretFile(source.passwordFile).replace(/\r?\n$/, '');
  const timeout = Number(parts['connect_timeout'] ?? '0');
  return {
    host,
    port,
    user,
    database,
    ...(password === null ? {} : { password: secret(password) }),
    ...(sslmode === undefined ? {} : { sslmode }),
    ...(parts['sslrootcert'] === undefined ? {} : { sslrootcert: parts['sslrootcert'] }),
    ...(timeout > 0 ? { connectTimeout: timeout * 1000 } : {}),
  };
}

function readService(service: string, env: AddressSource['env']): AddressParts {
  const files = [
    env['PGSERVICEFILE'] ?? join(home(env), '.pg_service.conf'),
    ...(env['PGSYSCONFDIR'] === undefined ? [] : [join(env['PGSYSCONFDIR'], 'pg_service.conf')]),
  ];
  for (const file of files) {
    const text = readIfThere(file);
    const parts = text === null ? null : parseService(text, service);
    if (parts !== null) return parts;
  }
  throw new OneRoofError('CONNECT_ADDRESS', {
    ...stated`the service "${{ service: printable(service) }}" is defined in none of ${{ files }}`,
    fix: `add [${printable(service)}] with host, dbname and user to ${files[0]}, or correct its name`,
  });
}

function passwordOfPgpass(
  address: { readonly host: string; readonly port: number; readonly database: string; readonly user: string },
  file: string,
): string | null {
  return existsSync(file) ? parsePgpass(readSecretFile(file), address) : null;
}

/** A password that other users of the machine can read is none: the same rule as libpq's, but said aloud. */
function readSecretFile(file: string): string {
  if (!existsSync(file)) {
    throw new OneRoofError('CONFIG_NOT_FOUND', {
      ...stated`the password file ${{ file }} does not exist`,
      fix: `write the password to it and run: chmod 600 ${file}`,
    });
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new OneRoofError('PASSWORD_FILE_OPEN', {
      ...stated`the password file ${{ file }} can be read by other users`,
      fix: `chmod 600 ${file}`,
    });
  }
  return readFileSync(file, 'utf8');
}

function home(env: AddressSource['env']): string {
  return env['HOME'] ?? homedir();
}
