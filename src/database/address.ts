import { OneRoofError, stated } from '../core/index.ts';

/** The parts of an address that were given, by libpq's names: host, port, user, password, dbname, sslmode, sslrootcert, connect_timeout, service, passfile. */
export type AddressParts = Readonly<Record<string, string>>;

/** The parameters that mean something to us; others of libpq that change nothing here are passed over. */
const known = [
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'sslmode',
  'sslrootcert',
  'connect_timeout',
  'passfile',
  'service',
];
const without = [
  'application_name',
  'channel_binding',
  'fallback_application_name',
  'gssencmode',
  'keepalives',
  'target_session_attrs',
];

/**
 * Reads a `postgres://` address, without showing it in an error: it may hold a password.
 *
 * Errors  CONNECT_ADDRESS.
 * Source  PostgreSQL manual, "Connection URIs".
 */
export function parseAddress(url: string): AddressParts {
  const match = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url);
  if (match === null) throw badAddress('expected postgres://user@host:5432/database');
  const [, login = '', authority = '', database = '', query = ''] = match;
  if (authority.includes(',')) throw badAddress('it names several hosts, but One Roof connects to exactly one server');
  const [user = '', ...password] = login.split(':');
  const place = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority);
  if (place === null) throw badAddress('its host and port cannot be separated');
  const parts: Record<string, string> = {};
  const put = (name: string, text: string): void => {
    if (text !== '') parts[name] = decoded(text);
  };
  put('user', user);
  put('password', password.join(':'));
  put('host', (place[1] ?? '').replace(/^\[|\]$/g, ''));
  put('port', place[2] ?? '');
  put('dbname', database);
  for (const pair of query.split('&').filter((part) => part !== '')) {
    const [name = '', ...value] = pair.split('=');
    if (known.includes(name)) put(name, value.join('='));
    else if (!without.includes(name)) throw badAddress(`its parameter "${name}" is unknown`);
  }
  return parts;
}

/** Reads the parts of one service of a pg_service.conf; null where the file does not define it. */
export function parseService(text: string, service: string): AddressParts | null {
  let found: Record<string, string> | null = null;
  let inside = false;
  for (const line of text.split(/\r?\n/).map((part) => part.trim())) {
    const section = /^\[(.*)\]$/.exec(line);
    if (section !== null) {
      if (inside) break;
      inside = section[1] === service;
      if (inside) found = {};
    } else if (found !== null && !line.startsWith('#') && line.includes('=')) {
      const at = line.indexOf('=');
      found[line.slice(0, at).trim()] = line.slice(at + 1).trim();
    }
  }
  return found;
}

/** The password of a .pgpass for an address; null where no line fits. The first line that fits counts; `\` escapes. */
export function parsePgpass(
  text: string,
  address: { readonly host: string; readonly port: number; readonly database: string; readonly user: string },
): string | null {
  const host = address.host.startsWith('/') ? [address.host, 'localhost'] : [address.host];
  const wanted = [host, [String(address.port)], [address.database], [address.user]];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map((field) =>
      (field[1] ?? '').replace(/\\(.)/g, '$1'),
    );
    const [, , , , password] = fields;
    if (password !== undefined && wanted.every((values, n) => fields[n] === '*' || values.includes(fields[n] ?? '')))
      return password;
  }
  return null;
}

/** An error that says what is wrong with an address and not what it is. */
export function badAddress(why: string): OneRoofError {
  return new OneRoofError('CONNECT_ADDRESS', {
    ...stated`the address of the database cannot be used: ${{ why }}`,
    fix: 'write it as postgres://user@host:5432/database?sslmode=verify-full, with % escapes for special characters',
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badAddress('it contains a % that is not an escape (write %25)');
  }
}
