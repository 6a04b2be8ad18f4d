import { assertionFunctions, canonicalFunctions, p256Functions } from '../../src/gate/index.ts';
import { type Connection } from '../../src/database/index.ts';
import { runSql } from '../database.io.ts';

/** Installs the gate's pure functions alone; `change` may take a check out of their text. */
export async function installed(
  connection: Connection,
  change: (text: string) => string = (text) => text,
): Promise<void> {
  const text = change(canonicalFunctions + p256Functions + assertionFunctions);
  await runSql(connection, ['create schema gate', `do $do$ begin execute $text$${text}$text$; end $do$`]);
}
