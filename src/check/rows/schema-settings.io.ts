import { type Session, setAll, sql } from '../../database/index.ts';

/** A trigger that never ends must not hold up the check. */
const longestStatement = '5s';

/**
 * Does something as a session of the schema's own would: with the search_path of the database and with its row security, because functions
 * and policies of the schema expect them. The settings of before come back.
 */
export async function asSchemaSession<T>(session: Session, use: () => Promise<T>): Promise<T> {
  const before = await session.query<{ name: string; value: string }>(
    sql`select name, setting as value from pg_catalog.pg_settings where source = 'session'`,
  );
  const [own] = await session.query<{ path: string }>(
    sql`select reset_val as path from pg_catalog.pg_settings where name = 'search_path'`,
  );
  await session.query(
    setAll({
      search_path: own?.path ?? 'public',
      statement_timeout: longestStatement,
      row_security: 'on',
      synchronous_commit: 'off',
    }),
  );
  try {
    return await use();
  } finally {
    // functions and dumps set more than we do
    await session.run('reset all');
    await session.query(setAll(Object.fromEntries(before.map(({ name, value }) => [name, value]))));
  }
}
