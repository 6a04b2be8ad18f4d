import { canonicalJson, digest, type Json } from '../core/index.ts';
import { fixed, type Session, sql } from '../database/index.ts';
import type { SchemaFingerprint, SchemaObject } from './fingerprint.ts';
import { catalogQueries } from './queries.ts';

/**
 * Reads the canonical model of a database's schema, by names, in the caller's transaction if there is one.
 *
 * Shape   sorted by kind and name. A subscription's conninfo and a role's password are never read.
 * Source  docs/FORMAT.md "Fingerprint"; PostgreSQL manual, "System Catalogs".
 */
export async function captureSchema(session: Pick<Session, 'query' | 'serverVersion'>): Promise<SchemaFingerprint> {
  const objects: SchemaObject[] = [];
  for (const query of catalogQueries) {
    const text = query(session.serverVersion);
    // this version has no such kind
    if (text === '') continue;
    const rows = await session.query<{ kind: string; name: string; logical: string; strict: string }>(
      sql`${fixed(text)}`,
    );
    for (const row of rows)
      objects.push({ kind: row.kind, name: row.name, logical: members(row.logical), strict: members(row.strict) });
  }
  const key = (object: SchemaObject): string => `${object.kind}\0${object.name}`;
  objects.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    version: 1,
    digest: digest(
      'schema',
      objects.map((object) => canonicalJson(object)),
    ),
    logicalDigest: digest(
      'schema',
      objects.map(({ kind, name, logical }) => canonicalJson({ kind, name, logical })),
    ),
    objects,
  };
}

function members(text: string): Readonly<Record<string, Json>> {
  return JSON.parse(text) as Record<string, Json>;
}
