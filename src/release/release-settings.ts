import { type ReleaseSettings } from './release.ts';

/** An offset from UTC, positive to the east, as ISO 8601 has it. */
const offset = /^([+-])((?:0\d|1[0-4]):[0-5]\d)$/;

/**
 * A time zone as PostgreSQL takes it: the name of a zone, or an offset such as `+02:00`. PostgreSQL reads a bare offset the other way round (POSIX),
 * so it is written out. Null: no such zone.
 *
 * Source  PostgreSQL manual, "Date/Time Types", "Time Zones".
 */
export function readTimezone(text: string): string | null {
  const [, sign, time] = offset.exec(text) ?? [];
  if (time !== undefined) return `<${text}>${sign === '+' ? '-' : '+'}${time}`;
  // an abbreviation means another zone on another server
  if (text !== 'UTC' && !/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/.test(text)) return null;
  try {
    return Intl.DateTimeFormat('en', { timeZone: text }) instanceof Intl.DateTimeFormat ? text : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The settings that the SQL of a release meets beside its path and its time-outs. */
export function ownSettings({ custom, timezone }: ReleaseSettings): Readonly<Record<string, string>> {
  return { ...custom, ...(timezone === undefined ? {} : { TimeZone: timezone }) };
}

/** The keys of `settings` in release.yaml, by the settings of PostgreSQL that they give a value to. */
const keys: Readonly<Record<string, string>> = {
  timezone: '{timezone: NAME}',
  search_path: '{searchPath: [SCHEMA]}',
  lock_timeout: '{lockTimeout: TIME}',
  statement_timeout: '{statementTimeout: TIME}',
  role: '{role: NAME}',
};

/** What to write instead of a statement that sets something. */
export function settingFix(name: string): string {
  const key = name.includes('.') ? `{custom: {${name.toLowerCase()}: VALUE}}` : keys[name.toLowerCase()];
  if (key !== undefined) return `remove it, and declare it in release.yaml: \`settings: ${key}\``;
  return 'remove it: the release runs with the settings of the server and the database; `settings:` in release.yaml lists the settings that a release may change';
}
