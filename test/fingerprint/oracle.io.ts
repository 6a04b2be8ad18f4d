import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { runSql, withDatabase, withSession } from '../database.io.ts';
import { type Version } from '../binaries.io.ts';

/** How the fingerprint names what the extensions bring that the fixture and the templates make. */
export async function membersOfExtensions(version: Version): Promise<ReadonlySet<string>> {
  return withDatabase(version, async (connection) => {
    await runSql(connection, ['create schema s', 'create schema other']);
    return withSession(connection, async (session) => {
      const before = await captureSchema(session);
      for (const name of ['hstore', 'tcn', 'moddatetime']) await session.run(`create extension ${name} schema s`);
      const found = compareSchemas(before, await captureSchema(session));
      return new Set(
        found
          .filter(({ kind }) => kind !== 'extension')
          .flatMap(({ kind, name }) => [`${kind} ${name}`, `${kind} ${name.replace(/^s\./, 'other.')}`]),
      );
    });
  });
}
