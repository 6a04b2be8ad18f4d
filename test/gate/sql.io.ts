import { assertionFunctions, canonicalFunctions, p256Functions } from '../../src/gate/index.ts';
import { type Connection } from '../../src/database/index.ts';
import { type Version } from '../binaries.io.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { withCopyOf } from './template.io.ts';

/** Hands over a database with the gate's pure functions alone; `change` may take a check out of their text. */
export async function withFunctions(
  version: Version,
  use: (connection: Connection) => Promise<void>,
  change: (text: string) => string = (text) => text,
): Promise<void> {
  const whole = canonicalFunctions + p256Functions + assertionFunctions;
  const text = change(whole);
  const make = (connection: Connection): Promise<void> =>
    runSql(connection, ['create schema gate', `do $do$ begin execute $text$${text}$text$; end $do$`]);
  if (text === whole) return await withCopyOf({ version, of: ['functions', text], make }, use);
  await withDatabase(version, async (connection) => {
    await make(connection);
    await use(connection);
  });
}
