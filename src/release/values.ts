import { z } from 'zod';
import { keyForm as key, parseDuration, parseSize } from '../core/index.ts';
import { readTimezone } from './release-settings.ts';

/** A length of time, in milliseconds. */
export const duration = z
  .string()
  .refine((text) => parseDuration(text) !== null, 'expected a duration such as 200ms, 2s, 5min, 1h')
  .transform((text) => parseDuration(text) ?? 0)
  .meta({ title: 'duration', pattern: '^[0-9]{1,9}(ms|s|min|h|d)$' });
/** A size, in bytes. */
export const size = z
  .string()
  .refine((text) => parseSize(text) !== null, 'expected a size such as 0B, 64MB, 2GB')
  .transform((text) => parseSize(text) ?? 0)
  .meta({ title: 'size', pattern: '^[0-9]{1,9}(B|kB|MB|GB|TB)$' });
/** A time zone, as PostgreSQL takes it. */
export const timezone = z
  .string()
  .refine(
    (text) => readTimezone(text) !== null,
    'expected a time zone such as Europe/Berlin, UTC, or an offset such as "+02:00"',
  )
  .transform((text) => readTimezone(text) ?? '')
  .meta({ title: 'time zone' });
/** `schema.table`; a part may be quoted as in SQL, and may end with `*`. */
export const relationPattern = /^(?:"(?:[^"]|"")+"\*?|[^."\s]+)\.(?:"(?:[^"]|"")+"\*?|[^."\s]+)$/;
/** One text for people. */
export const line = z
  .string()
  .min(1, 'expected a text')
  .max(300, 'expected at most 300 characters')
  .meta({ title: 'text' });
/** The schemas in which names without a schema are looked up. In one of `pg_temp` a tier would make and change tables that end with the session. */
export const schemasSearched = z
  .array(line.regex(/^pg_catalog$|^(?!pg_)/, 'expected schemas of the application: pg_temp would hide them'))
  .min(1)
  .refine((names) => names.lastIndexOf('pg_catalog') < 1, 'expected pg_catalog first, or not at all');
/** The name of a metric. */
export const metricName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'expected lower-case letters, digits and underscores')
  .meta({ title: 'name of a metric' });
/** The id of a tier, which is its folder. */
export const tierId = z
  .string()
  .regex(/^[1-9][0-9]{0,2}-[a-z0-9]+(-[a-z0-9]+)*$/, 'expected a number, a hyphen and a name, e.g. 3-ownership')
  .meta({ title: 'id of a tier' });
/** The name of a setting of the application's own making. */
export const customName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$/, 'expected a name with a dot, in lower case, e.g. app.mode');
/** A name that fits into a path. */
export const slug = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case letters, digits and hyphens')
  .max(63)
  .meta({ title: 'name' });
/** What a metric must be, as three keys. */
export const bounds = {
  equals: key(z.number().optional(), 'The metric must have exactly this value.', 35),
  atLeast: key(z.number().optional(), 'The metric must not be lower.', 1),
  atMost: key(z.number().optional(), 'The metric must not be higher.', 100),
};
/** Whether the three keys agree: one value, or a lower or upper bound. */
export const bounded = (value: {
  equals?: number | undefined;
  atLeast?: number | undefined;
  atMost?: number | undefined;
}): boolean =>
  value.equals === undefined
    ? value.atLeast !== undefined || value.atMost !== undefined
    : value.atLeast === undefined && value.atMost === undefined;
/** What is said where they do not. */
export const boundsAdvice = 'expected `equals` alone, or `atLeast`, `atMost` or both';
/** What a metric must be: a number, or bounds. */
export const expectation = z.union(
  [z.number().transform((equals) => ({ equals })), z.strictObject(bounds).refine(bounded, boundsAdvice)],
  {
    error: 'expected a number, or {atLeast, atMost}',
  },
);
