import { expect, test } from 'vitest';
import { id, openSession, sql } from '../../src/database/index.ts';
import { withDatabase, withSession } from '../database.io.ts';

test('a login that the database does not let in is CONNECT_FAILED, with the words of the server', async () => {
  await withDatabase('18', async (connection) => {
    const role = `r_${connection.database}`;
    await withSession(connection, async (session) => {
      await session.query(sql`create role ${id(role)} login`);
      await session.query(sql`revoke connect on database ${id(connection.database)} from public`);
      await expect(openSession({ ...connection, user: role }, { applicationName: 'test' })).rejects.toMatchObject({
        code: 'CONNECT_FAILED',
        message: expect.stringContaining('permission denied'),
      });
      await session.query(sql`drop role ${id(role)}`);
    });
  });
});
