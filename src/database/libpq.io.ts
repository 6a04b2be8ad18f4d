import { readFileSync } from 'node:fs';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { type Binaries } from './binaries.io.ts';
import { type Connection } from './connection.ts';

/**
 * The environment in which a program of PostgreSQL connects as our own sessions do, and in no other way: address, password and TLS. Nothing of it is in
 * an argument. Root certificates are written to `folder`, because the server's user may not read the file that the address names.
 *
 * Source  PostgreSQL manual, libpq, "Environment Variables", "SSL Support".
 */
export async function libpqEnvironment(
  connection: Connection,
  of: { readonly folder: string; readonly runAs: Binaries['runAs']; readonly applicationName: string },
): Promise<Readonly<Record<string, string>>> {
  const { host, port, user, database, password, sslmode = 'prefer', connectTimeout } = connection;
  const isSocket = host.startsWith('/');
  const roots = isSocket ? null : rootsFor(connection);
  const file = join(of.folder, 'root.crt');
  if (roots !== null) {
    await writeFile(file, roots, { mode: 0o600 });
    if (of.runAs !== null) await chown(file, of.runAs.uid, of.runAs.gid);
  }
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    // so that no file of a user counts
    HOME: of.folder,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGAPPNAME: of.applicationName,
    PGGSSENCMODE: 'disable',
    PGSSLMODE: isSocket ? 'disable' : sslmode,
    PGCONNECT_TIMEOUT: String(Math.ceil((connectTimeout ?? 10_000) / 1000)),
    ...(roots === null ? {} : { PGSSLROOTCERT: file }),
    ...(password === undefined ? {} : { PGPASSWORD: password.reveal() }),
  };
}

/** What encryptionOf trusts, as libpq reads it; null: nothing is verified. */
function rootsFor({ sslmode, sslrootcert }: Connection): string | null {
  if (sslrootcert !== undefined && sslrootcert !== 'system')
    return ['require', 'verify-ca', 'verify-full'].includes(sslmode ?? '') ? readFileSync(sslrootcert, 'utf8') : null;
  const verifies =
    ['verify-ca', 'verify-full'].includes(sslmode ?? '') || (sslmode === 'require' && sslrootcert !== undefined);
  return verifies ? rootCertificates.join('\n') : null;
}
