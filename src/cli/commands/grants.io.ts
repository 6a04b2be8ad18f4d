import { basebackupGrants, dumpGrants, observerGrants } from '../../database/index.ts';
import { type CommandRun } from '../verb.ts';

/** Prints SQL that a DBA runs once, so that a role that cannot write can read production. */
export const run: CommandRun = async ({ options }) => {
  const provider = options['forDump'] === true ? 'dump' : options['forBasebackup'] === true ? 'basebackup' : null;
  if (provider !== null) {
    const of = {
      dump: { own: 'oneroof_dump', key: 'dump', print: dumpGrants },
      basebackup: { own: 'oneroof_backup', key: 'backup', print: basebackupGrants },
    }[provider];
    const role = options['role'] === 'oneroof_observer' ? of.own : String(options['role']);
    const text = of.print(role);
    const next = `have a superuser read and run it: psql -f FILE; then name the role as clone.${of.key} in oneroof.yaml; then oneroof doctor`;
    return { exit: 0, schema: 'oneroof/grants/1', data: { sql: text }, text, next };
  }
  const schemas = namesIn(options['schema']);
  const owners = options['owner'] === undefined ? null : namesIn(options['owner']);
  const sql = observerGrants(String(options['role']), schemas, owners);
  const next =
    'ask a superuser, or a role with CREATEROLE that owns the database, to read it and to run psql -f FILE; then oneroof doctor';
  return { exit: 0, schema: 'oneroof/grants/1', data: { sql }, text: sql, next };
};

function namesIn(option: string | boolean | undefined): readonly string[] {
  return String(option)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
