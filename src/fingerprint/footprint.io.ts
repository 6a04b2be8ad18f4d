import { type Session, sql } from '../database/index.ts';
import { type Anchors } from './footprint.ts';

/** What is there of a footprint now, asked as a role that may call it: on a clone, its administrator. */
export async function lookAt(
  session: Pick<Session, 'query'>,
  anchors: Anchors,
): Promise<Readonly<Record<string, string>>> {
  const [row] = await session.query<{ objects: string }>(
    sql`select (gate.look(${JSON.stringify(anchors)}::jsonb)).objects::text as objects`,
  );
  return JSON.parse(row?.objects ?? '{}') as Record<string, string>;
}
