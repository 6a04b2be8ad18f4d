import { OneRoofError, stated } from '../core/index.ts';
import { type Connection, describe, openSession, sql } from '../database/index.ts';
import { noLoopback, tryLoopback } from '../gate/index.ts';
import { type Release } from '../release/index.ts';
import { type Target } from '../setup/index.ts';
import { check, type DoctorCheck } from './doctor-check.ts';

/** The roles of a gate, their purpose, and a function that each must be able to call. */
const callers = [
  { key: 'relay', does: 'no one can hand in a signature', calls: 'submit' },
  { key: 'executor', does: 'no one can roll out or back', calls: 'begin_attempt' },
] as const;

/** Whether relay and executor are set where there is a gate, and can log in and do their work. */
export async function loginChecks(target: Target, gate: 'there' | 'not known'): Promise<readonly DoctorCheck[]> {
  const found: DoctorCheck[] = [];
  for (const { key, does, calls } of callers) {
    const name = `${key} of ${target.name}`;
    let connection: Connection | null = null;
    const read = await check(name, async () => {
      connection = target[key];
      return connection === null ? 'is not set' : await logIn(connection, { key, calls });
    });
    const variable = `${target.name.toUpperCase().replaceAll('-', '_')}_${key.toUpperCase()}_URL`;
    const isMissing = read.every(({ outcome }) => outcome === 'ok') && connection === null;
    if (!isMissing) found.push(...read);
    else if (gate === 'there')
      found.push({
        name,
        outcome: 'problem',
        text: `oneroof.yaml names no address \`${key}\` for the target, so ${does}`,
        code: 'no-address',
        facts: { target: target.name, key, variable },
        fix: `add it to the target, with the role oneroof_${key}: ${key}: { urlFrom: ${variable} }`,
      });
  }
  return found;
}

/** Whether the gate can send statements outside of a transaction: tried where it is prepared, and asked for where a release needs it. */
export async function loopbackCheck(
  { name, executor }: Target,
  release: Release | null,
): Promise<readonly DoctorCheck[]> {
  const isNeeded = release?.tiers.some(({ transaction, barred }) => transaction === 'outside' && barred === null);
  if (executor === null) return [];
  return await check(`loopback of ${name}`, async () => {
    const session = await openSession(executor, { applicationName: 'oneroof doctor' });
    try {
      const why = await tryLoopback(session);
      if (why === null) return 'tried: statements outside of a transaction can run';
      const isPrepared = !/dblink is not installed|is not a member of/.test(why);
      if (isPrepared || isNeeded === true) throw noLoopback(name, why);
      return 'not prepared; only releases with statements outside of a transaction need it (oneroof install --loopback)';
    } finally {
      await session.close();
    }
  });
}

async function logIn(
  connection: Connection,
  { key, calls }: { readonly key: string; readonly calls: string },
): Promise<string> {
  const session = await openSession(connection, { applicationName: 'oneroof doctor' });
  try {
    const [row] = await session.query<{ role: string; may: string }>(sql`
      select current_user as role, coalesce(pg_catalog.bool_and(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_function_privilege(p.oid, 'execute')), false)::text as may
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'gate' and p.proname = ${calls}`);
    if (row?.may === 'true') return `logs in as ${row.role}`;
    throw new OneRoofError('GATE_NOT_INSTALLED', {
      ...stated`${{ connection: describe(connection) }} may not call gate.${{ function: calls }}()`,
      fix: `set the address of a database with a gate, and the role oneroof_${key}`,
    });
  } finally {
    await session.close();
  }
}
