import { fixed, type Session, sql } from '../../database/index.ts';
import { type ListedObject } from '../listing.ts';
import { schemaListingSql } from './digest.sql.ts';
import { schemaSettings } from './schema.io.ts';

/**
 * Lists the objects of a schema, each with a digest over its logical properties: the same on every copy of a database, whoever asks. Without the gate,
 * and without what a copy does not carry over.
 *
 * Shape   sorted by kind and name.
 */
export function listSchema(session: Pick<Session, 'query' | 'serverVersion'>): Promise<readonly ListedObject[]> {
  return schemaSettings(session, () =>
    session.query<ListedObject>(
      sql`${fixed(schemaListingSql(session.serverVersion))} order by kind collate "C", name collate "C", digest`,
    ),
  );
}
