import { z } from 'zod';
import { keyForm as key, OneRoofError, parseDuration } from '../core/index.ts';
import { parseAddress } from '../database/index.ts';
import { type IssueFacts } from '../yaml/index.ts';

/** A text. */
export const textKey = z.string().min(1, 'expected a non-empty text').meta({ title: 'text' });
/** The path of a file, relative to oneroof.yaml. */
export const file = textKey.meta({ title: 'file' });
/** The path of a folder, relative to oneroof.yaml. */
export const folder = textKey.meta({ title: 'folder' });
/** A length of time. */
export const durationKey = textKey
  .refine((value) => parseDuration(value) !== null, 'expected a length of time such as 1h or 7d')
  .meta({ title: 'duration' });

/** The name of an environment variable. */
export const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable')
  .meta({ title: 'environment variable' });

/** A password in the file has one way out, and the line that holds it is never shown. */
const password: IssueFacts = {
  fix: 'remove it from the url; use passwordFile, urlFrom with an environment variable, PGPASSWORD or ~/.pgpass',
  isSecret: true,
};

/** A problem of an address, or null; it never repeats the address. */
function problemOfUrl(url: string): { readonly message: string; readonly params?: { [key: string]: unknown } } | null {
  try {
    const holdsPassword = parseAddress(url)['password'] !== undefined;
    return holdsPassword ? { message: 'the url contains a password', params: { ...password } } : null;
  } catch (error) {
    if (error instanceof OneRoofError) return { message: error.message };
    throw error;
  }
}

/** What says where a database is. */
export const addressParts = z.strictObject({
  url: key(
    textKey
      .superRefine((url, context) => {
        const problem = problemOfUrl(url);
        if (problem !== null) context.addIssue({ code: 'custom', ...problem });
      })
      .meta({ title: 'address' })
      .optional(),
    'The address, without a password.',
    'postgres://oneroof_observer@db.example.org:5432/shop?sslmode=verify-full',
  ),
  urlFrom: key(variable.optional(), 'The environment variable with the address.', 'PRODUCTION_URL'),
  service: key(textKey.optional(), 'A service of `pg_service.conf`.', 'production'),
  passwordFile: key(
    file.optional(),
    'A file with the password (mode 600). Without it `PGPASSWORD` counts, then `~/.pgpass`.',
    '.oneroof/production.password',
  ),
});

/** One of three ways to say where a database is. */
export function onlyOneWay(form: Pick<z.output<typeof addressParts>, 'url' | 'urlFrom' | 'service'>): boolean {
  return [form.url, form.urlFrom, form.service].filter((way) => way !== undefined).length <= 1;
}
/** What is said where two of them do. */
export const oneWay = 'expected at most one of url, urlFrom and service; with none, the PG* variables count';

/** Where a database is, checked. */
export const address = addressParts.refine(onlyOneWay, oneWay).meta({ title: 'address' });
