import { observerGrants } from '../../database/index.ts';
import { type Run } from '../verb.ts';

/** Prints what a DBA runs once, so that production can be looked at with a role that cannot write. */
export const run: Run = async ({ options }) => {
  const schemas = String(options['schema'])
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const sql = observerGrants(String(options['role']), schemas);
  const next = 'let the owner of the database read and run it, then oneroof doctor';
  return { exit: 0, schema: 'oneroof/grants/1', data: { sql }, text: sql, next };
};
