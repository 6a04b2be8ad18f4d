import { type Problem, stated } from '../../core/index.ts';
import { type Connection, openSession, sql } from '../../database/index.ts';

/**
 * Whether the server knows the time zone of a release. It takes a name that it does not know for an abbreviation, where an offset can be read out
 * of it.
 */
export async function unknownTimezone(clone: Connection, timezone: string | undefined): Promise<readonly Problem[]> {
  // an offset is written out as POSIX has it, and needs no list
  if (timezone === undefined || timezone.startsWith('<')) return [];
  const session = await openSession(clone, { applicationName: 'oneroof rehearsal' });
  try {
    const known = await session.query(sql`
      select from pg_catalog.pg_timezone_names where pg_catalog.lower(name) = pg_catalog.lower(${timezone})`);
    if (known.length > 0) return [];
    return [
      {
        code: 'TIMEZONE_UNKNOWN',
        ...stated`settings.timezone is ${{ timezone }}, which the server does not know`,
        fix: 'use a name of pg_timezone_names on that server, or an offset such as "+02:00"',
      },
    ];
  } finally {
    await session.close();
  }
}
