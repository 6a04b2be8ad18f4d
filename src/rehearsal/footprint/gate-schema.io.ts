import { z } from 'zod';
import { type CloneHost } from '../../clone/index.ts';
import { fixed, type Session, sql } from '../../database/index.ts';
import { schemaDigestSql } from '../../fingerprint/index.ts';

const form = z.object({ gate: z.string().nullable(), own: z.string() });

/**
 * What a clone, as it was made, says of its schema: `gate` by the function that the target asks itself when people ratify what was rehearsed here
 * (null where the database that was copied has no gate), `own` by the same expression, asked by us. Read once a generation of the golden copy,
 * and again where the server or a name of a role is another.
 *
 * Shape   `sha256:…`
 */
export async function readSchemaDigests(
  session: Session,
  host: Pick<CloneHost, 'once'>,
): Promise<{ readonly gate: string | null; readonly own: string }> {
  const own = schemaDigestSql(session.serverVersion);
  const [names] = await session.query<{ under: string }>(sql`
    select encode(sha256(convert_to(concat(version(), ${own}::text, (select string_agg(oid || rolname, ' ' order by oid) from pg_roles)), 'UTF8')), 'hex') as under`);
  const read = async (): Promise<string> => JSON.stringify(await digestsOf(session, own));
  return form.parse(JSON.parse(await host.once(`schema ${names?.under}`, read)));
}

async function digestsOf(session: Session, expression: string): Promise<z.infer<typeof form>> {
  const [own] = await session.query<{ digest: string }>(sql`select ${fixed(expression)} as digest`);
  const [there] = await session.query<{ there: string }>(
    sql`select (to_regprocedure('gate.schema_digest()') is not null)::text as there`,
  );
  if (there?.there !== 'true') return { gate: null, own: own?.digest ?? '' };
  const [row] = await session.query<{ digest: string }>(sql`select gate.schema_digest() as digest`);
  return { gate: row?.digest ?? null, own: own?.digest ?? '' };
}
