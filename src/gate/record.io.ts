import { type Digest } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';
import { type GateRecord } from '../people/index.ts';

/** Everything that people signed of a release in this database, with the rules that it was signed under; any role of the gate may read it. */
export async function readRecord(session: Pick<Session, 'query'>, seal: Digest): Promise<GateRecord> {
  const [row] = await session.query<{ record: string }>(sql`select gate.record_of(${seal})::text as record`);
  return JSON.parse(row?.record ?? '{}') as GateRecord;
}
