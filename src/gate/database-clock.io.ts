import { type Instant, instant, now } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';
import { type Clocks } from './clock-skew.ts';

/** Reads the clock of a database; this machine's is the middle of the time that the answer took. */
export async function readClocks(session: Pick<Session, 'query'>): Promise<Clocks> {
  const before = Date.parse(now());
  const [row] = await session.query<{ there: Instant }>(
    sql`select pg_catalog.to_char(pg_catalog.clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as there`,
  );
  const after = Date.parse(now());
  const here = instant(new Date((before + after) / 2));
  return { here, there: row?.there ?? here };
}
