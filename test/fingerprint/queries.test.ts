import { expect, test } from 'vitest';
import { fixed, sql } from '../../src/database/index.ts';
import { catalogQueries } from '../../src/fingerprint/schema/queries.ts';
import { versions, withDatabase, withSession } from '../database.io.ts';

test.each(versions)('on %s the server accepts every query of the catalogue', async (version) => {
  await withDatabase(version, (connection) =>
    withSession(connection, async (session) => {
      const refused: string[] = [];
      for (const query of catalogQueries) {
        for (const conninfo of ['readable', 'hidden'] as const) {
          const listing = query({ version: session.serverVersion, conninfo });
          for (const text of listing === null ? [] : [listing.text, listing.keyed?.text ?? 'select'])
            await session
              .query(sql`${fixed(text)}`)
              .catch((error: Error) => refused.push(`${error.message}: ${text.slice(0, 60)}`));
        }
      }
      expect(refused).toEqual([]);
    }),
  );
});
