import { describe, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { versions, withDatabase, withSession } from '../database.io.ts';

describe.each(versions)('a session on PostgreSQL %s', (version) => {
  test('has the pinned settings and runs exactly one statement', async () => {
    await withDatabase(version, async (connection) => {
      await withSession(connection, async (session) => {
        expect(await session.query(sql`select current_setting('TimeZone') as zone, ${'a'}::text as a`)).toEqual([
          { zone: 'UTC', a: 'a' },
        ]);
        await expect(session.run('select 1; select 2')).rejects.toThrow(/multiple commands/);
      });
    });
  });
});
