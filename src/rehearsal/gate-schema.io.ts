import { type Connection, fixed, openSession, sql } from '../database/index.ts';
import { schemaDigestSql } from '../fingerprint/index.ts';

/**
 * What a clone says of its schema: `gate` by the function that the target asks itself when people ratify what was rehearsed here (null where
 * the database that was copied has no gate), `own` by the same expression, asked by us.
 *
 * Shape   `sha256:…`
 */
export async function readSchemaDigests(
  clone: Connection,
): Promise<{ readonly gate: string | null; readonly own: string }> {
  const session = await openSession(clone, { applicationName: 'oneroof rehearsal' });
  try {
    const [own] = await session.query<{ digest: string }>(
      sql`select ${fixed(schemaDigestSql(session.serverVersion))} as digest`,
    );
    const [there] = await session.query<{ there: string }>(
      sql`select (to_regprocedure('gate.schema_digest()') is not null)::text as there`,
    );
    if (there?.there !== 'true') return { gate: null, own: own?.digest ?? '' };
    const [row] = await session.query<{ digest: string }>(sql`select gate.schema_digest() as digest`);
    return { gate: row?.digest ?? null, own: own?.digest ?? '' };
  } finally {
    await session.close();
  }
}
