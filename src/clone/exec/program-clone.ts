import { OneRoofError, printable, stated } from '../../core/index.ts';
import { type Connection, type Secret, secret } from '../../database/index.ts';
import { type ProgramConnection } from './program-form.ts';

/**
 * Where a program says that a clone is. Nothing of the environment counts beside it: its passwords are those of other servers.
 *
 * Errors  CLONE_PROGRAM_ANSWER where it names a variable that it does not get.
 */
export function connectionOf(
  { password, passwordFrom, ...where }: ProgramConnection,
  variables: ReadonlyMap<string, Secret>,
): Connection {
  const held = passwordFrom === undefined ? undefined : variables.get(passwordFrom);
  if (passwordFrom !== undefined && held === undefined)
    throw new OneRoofError('CLONE_PROGRAM_ANSWER', {
      ...stated`the program answered that ${{ variable: printable(passwordFrom) }} holds the password, which is not under "env:" of the clone provider`,
      fix: `add ${printable(passwordFrom)} to "env:" of the clone provider in oneroof.yaml`,
    });
  const known = password === undefined ? held : secret(password);
  return { ...where, ...(known === undefined ? {} : { password: known }) };
}

/** How a person connects, without a password: it is for a shell, and parts of it are the program's. */
export function psqlCommand({ host, port, user, database, sslmode, passwordFrom }: ProgramConnection): string {
  const parts = { host, port: String(port), user, dbname: database, ...(sslmode === undefined ? {} : { sslmode }) };
  const words = Object.entries(parts).map(([name, value]) => `${name}=${inConninfo(value)}`);
  const password = passwordFrom === undefined ? '' : `PGPASSWORD="$${passwordFrom}" `;
  return `${password}psql '${words.join(' ').replaceAll("'", String.raw`'\''`)}'`;
}

function inConninfo(value: string): string {
  return /^[A-Za-z0-9_./:-]+$/.test(value) ? value : `'${value.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
