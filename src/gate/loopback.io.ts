import { setTimeout as wait } from 'node:timers/promises';
import { OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection, describe, openObserver, type Session, sql, sqlStateOf } from '../database/index.ts';
import { type Release } from '../release/index.ts';
import { type Prepared, readRatifiedRole, readMode, requireInstalled } from './install-gate.io.ts';
import { dblinkSql, loopbackSql } from './loopback.ts';
import { refusalOf } from './refusal.ts';

/** What the loopback needs, of the extension: whether it can be had, is there, and who may use it. */
interface Found {
  readonly available: string;
  readonly there: string;
  readonly lent: string;
  readonly ours: string;
  readonly grants: string;
}

/**
 * Prepares the SQL that lets the gate of a database connect to it, and changes nothing.
 *
 * Errors  GATE_ABSENT, GATE_VERSION; GATE_LOOPBACK: what a superuser, or the provider, has to do first.
 */
export async function planLoopback(
  session: Session,
  installing: { readonly appOwner: string } | null,
): Promise<Prepared> {
  if (installing === null) await requireInstalled(session);
  const as = await readMode(session);
  const appOwner = installing?.appOwner ?? (await readRatifiedRole(session, as));
  const problems = await hindrances(session, { as, appOwner });
  OneRoofError.throwIfAny(
    problems.map(([why, fix]) => ({
      code: 'GATE_LOOPBACK' as const,
      ...stated`${{ connection: describe(session.connection) }}: the gate cannot connect to its own database: ${{ why: printable(why) }}`,
      fix: printable(fix),
    })),
  );
  return { as, text: loopbackSql({ appOwner, as }) };
}

async function hindrances(
  session: Session,
  { as, appOwner }: { readonly as: Prepared['as']; readonly appOwner: string },
): Promise<readonly (readonly [why: string, fix: string])[]> {
  const [found] = await session.query<Found>(sql`
    with own as (select e.oid, e.extnamespace from pg_catalog.pg_extension e where e.extname = 'dblink'),
    f as (select p.* from own join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_extension'::regclass and d.refobjid = own.oid and d.deptype = 'e'
        and d.classid = 'pg_catalog.pg_proc'::regclass join pg_catalog.pg_proc p on p.oid = d.objid)
    select exists (select from pg_catalog.pg_available_extensions a where a.name = 'dblink')::text as available,
      exists (select from own)::text as there,
      exists (select from f cross join pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a where a.grantee = 0)::text as lent,
      coalesce((select pg_catalog.bool_and(pg_catalog.has_function_privilege(r.oid, f.oid, 'execute')) from f cross join pg_catalog.pg_roles r where r.rolname = 'gate_owner'), false)::text as ours,
      pg_catalog.pg_has_role(${appOwner}::text::name, 'MEMBER WITH ADMIN OPTION')::text as grants`);
  if (found === undefined) return [];
  const yes = (text: string): boolean => text === 'true';
  const problems: (readonly [string, string])[] = [];
  if (!yes(found.there) && !yes(found.available))
    problems.push([
      'the server does not have the extension dblink',
      "install PostgreSQL's contrib modules on the server, or ask the provider for dblink",
    ]);
  else if (as === 'owner' && (!yes(found.there) || !yes(found.ours)))
    problems.push([
      'only a superuser may create the extension dblink and lend it',
      `as a superuser, in this database: ${dblinkSql}`,
    ]);
  if (yes(found.there) && yes(found.lent))
    problems.push([
      'everyone may call the functions of dblink here, also the executor, who would send SQL of its own over the connection',
      "as a superuser: do $do$ declare o record; begin for o in select d.objid::regprocedure as what from pg_depend d where d.deptype = 'e' and d.classid = 'pg_proc'::regclass and d.refobjid = (select oid from pg_extension where extname = 'dblink') loop execute format('revoke execute on function %s from public', o.what); end loop; end $do$; then grant it to the roles of the application that need it",
    ]);
  if (as === 'owner' && session.serverVersion >= 160_000 && !yes(found.grants))
    problems.push([`it may not grant ${appOwner}`, `as a superuser: grant ${appOwner} to oneroof_runner`]);
  return problems;
}

/** Tries the connection, as executor or relay: null, or why it does not work. */
export async function tryLoopback(session: Session): Promise<string | null> {
  return (await tryOnce(session))?.why ?? null;
}

/** `passes`: what was tried failed, and may work in a moment; else something is missing. */
async function tryOnce(session: Session): Promise<{ readonly why: string; readonly passes: boolean } | null> {
  try {
    await session.query(sql`select gate.outside_prepare()`);
    const [row] = await session.query<{ problem: string | null }>(sql`select gate.outside_try() as problem`);
    return row === undefined || row.problem === null ? null : { why: row.problem, passes: true };
  } catch (error) {
    // undefined_function: an earlier program installed the gate
    if (sqlStateOf(error) === '42883') return { why: 'this gate has no loopback: install it again', passes: false };
    const refusal = refusalOf(error);
    if (refusal?.code !== 'loopback') throw error;
    return { why: refusal.facts.said, passes: false };
  }
}

/** So long a connection that fails is tried again: another rollout on the server may replace the password, and one that is restarted refuses. Milliseconds. */
const patience = 3000;

/**
 * Refuses where the connection does not work, before anything is begun.
 *
 * Errors  GATE_LOOPBACK with what the server says.
 */
export async function requireLoopback(session: Session, target: string): Promise<void> {
  for (const began = performance.now(); ; await wait(300)) {
    const failed = await tryOnce(session);
    if (failed === null) return;
    if (!failed.passes || performance.now() - began > patience) throw noLoopback(target, failed.why);
  }
}

/**
 * Refuses a release for a target whose gate says that it cannot connect to its own database: rehearsing it there would lead nowhere.
 * A target that cannot be read, or has no gate yet, is not judged.
 *
 * Errors  GATE_LOOPBACK.
 */
export async function requireLoopbackFor(
  { tiers }: Pick<Release, 'tiers'>,
  target: { readonly name: string; readonly observer: Connection },
): Promise<void> {
  if (!tiers.some(({ transaction, barred }) => transaction === 'outside' && barred === null)) return;
  const why = await readOutsideProblem(target.observer).catch((error: unknown) => {
    if (error instanceof OneRoofError && error.code === 'OBSERVER_WROTE') throw error;
    return null;
  });
  if (why !== null) throw noLoopback(target.name, why);
}

async function readOutsideProblem(to: Connection): Promise<string | null> {
  const observer = await openObserver(to, { applicationName: 'oneroof rehearsal' });
  try {
    return await observer.snapshot(async (reading) => {
      const [there] = await reading.query<{ may: string }>(sql`
        select pg_catalog.count(*)::text as may from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'gate' and p.proname = 'outside_problem' and pg_catalog.has_function_privilege(p.oid, 'execute')`);
      if (there?.may !== '1') return null;
      const [row] = await reading.query<{ problem: string | null }>(sql`select gate.outside_problem() as problem`);
      return row?.problem ?? null;
    });
  } finally {
    await observer.close();
  }
}

/** The error of a database that cannot connect to itself. */
export function noLoopback(target: string, why: string): OneRoofError {
  return new OneRoofError('GATE_LOOPBACK', {
    ...stated`statements outside of a transaction need a connection of ${{ target }} to itself: ${{ why: printable(why) }}`,
    fix: `oneroof install ${target} --loopback prints the SQL that prepares it; a line \`host all oneroof_runner 127.0.0.1/32 scram-sha-256\` in pg_hba.conf, before others that match, lets it in`,
  });
}
