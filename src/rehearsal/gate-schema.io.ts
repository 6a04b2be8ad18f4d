import { type Connection, openSession, sql } from '../database/index.ts';

/**
 * What the gate of a clone says of its schema: the function that the target asks itself when people ratify what was rehearsed here.
 *
 * Shape   `sha256:…`; null where the database that was copied has no gate.
 */
export async function readGateSchema(clone: Connection): Promise<string | null> {
  const session = await openSession(clone, { applicationName: 'oneroof rehearsal' });
  try {
    const [there] = await session.query<{ there: string }>(
      sql`select (to_regprocedure('gate.schema_digest()') is not null)::text as there`,
    );
    if (there?.there !== 'true') return null;
    const [row] = await session.query<{ digest: string }>(sql`select gate.schema_digest() as digest`);
    return row?.digest ?? null;
  } finally {
    await session.close();
  }
}
