import { describe, expect, test } from 'vitest';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { randomBytes } from 'node:crypto';
import { id, sql } from '../../src/database/index.ts';
import { runSql, serverConnection, newest, withDatabase, withSession } from '../database.io.ts';

describe.each(newest)('on PostgreSQL %s a credential in an option', (version) => {
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

  test('in a mapping or a subscription is compared too, and a role that may not read it is told so', async () => {
    const role = `r_${randomBytes(6).toString('hex')}`;
    await withDatabase(version, async (connection) => {
      await runSql(connection, [
        'create foreign data wrapper w',
        'create server s foreign data wrapper w',
        "create user mapping for public server s options (password 'hunter2')",
        "create subscription sub connection 'host=h password=hunter2' publication p with (connect = false, slot_name = none)",
        `create role ${role} login`,
      ]);
      try {
        const before = await withSession(connection, captureSchema);
        const weak = await withSession({ ...connection, user: role }, captureSchema);
        await runSql(connection, [
          "alter user mapping for public server s options (set password 'hunter3')",
          "alter subscription sub connection 'host=h password=hunter3'",
        ]);
        const after = await withSession(connection, captureSchema);
        const differences = compareSchemas(before, after);
        expect(differences.map(({ kind, property }) => `${kind}: ${property}`)).toEqual([
          'subscription: connection',
          'user mapping: options',
        ]);
        expect(compareSchemas(before, weak).map(({ kind, after: seen }) => [kind, seen])).toEqual([
          ['subscription', 'not readable by this role'],
          ['user mapping', 'not readable by this role'],
        ]);
        expect(JSON.stringify([before, after, weak, differences])).not.toMatch(/hunter/);
      } finally {
        await runSql(connection, ['drop subscription sub']);
        await withSession(serverConnection(version), (admin) => admin.query(sql`drop role ${id(role)}`));
      }
    });
  });
});
