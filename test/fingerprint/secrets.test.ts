import { describe, expect, test } from 'vitest';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { runSql, versions, withDatabase, withSession } from '../database.io.ts';

describe.each(versions)('on PostgreSQL %s a credential in an option', (version) => {
  test('is compared, and never stands in a fingerprint or a difference', async () => {
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create foreign data wrapper w',
        "create server s foreign data wrapper w options (token 'hunter2')",
        "create foreign table ft (i integer options (key 'hunter2')) server s options (secret 'hunter2')",
        `alter database ${connection.database} set my.token = 'hunter2'`,
      ]);
      const before = await withSession(connection, captureSchema);
      await runSql(connection, [
        "alter server s options (set token 'hunter3')",
        `alter database ${connection.database} set my.token = 'hunter3'`,
      ]);
      const after = await withSession(connection, captureSchema);
      const differences = compareSchemas(before, after);
      expect(differences.map(({ kind }) => kind).toSorted()).toEqual(['database', 'server']);
      expect(JSON.stringify([before, after, differences])).not.toMatch(/hunter/);
    });
  });
});
