import { resolve } from 'node:path';
import { type Milliseconds, OneRoofError, parseDuration, stated } from '../core/index.ts';
import { type Connection, resolveConnection } from '../database/index.ts';
import { type AddressForm } from './setup-form.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What relative paths and names of variables are resolved in. */
export interface From {
  readonly folder: string;
  readonly env: Environment;
}

/** The connection of an address. */
export function connectionFrom(address: AddressForm, from: From): Connection {
  const { urlFrom, passwordFile, service } = address;
  const url = urlFrom === undefined ? address.url : variableOf(urlFrom, from);
  return resolveConnection({
    ...(url === undefined ? {} : { url }),
    ...(service === undefined ? {} : { service }),
    ...(passwordFile === undefined ? {} : { passwordFile: resolve(from.folder, passwordFile) }),
    env: from.env,
  });
}

/** The value of an environment variable that oneroof.yaml names. */
export function variableOf(name: string, { env }: From): string {
  const value = env[name];
  if (value) return value;
  throw new OneRoofError('CONFIG_INVALID', {
    ...stated`oneroof.yaml takes a value from the environment variable ${{ name }}, which is not set`,
    fix: `export ${name}=…, for an address for example postgres://user@host:5432/database`,
  });
}

/** The milliseconds of a duration that was checked. */
export function checkedDuration(text: string): Milliseconds {
  return parseDuration(text) ?? (0 as Milliseconds);
}
