import { OneRoofError, stated } from '../core/index.ts';
import { footprintBody, schemaDigestBody } from '../fingerprint/index.ts';
import { describe, type Session, sql, type Sql } from '../database/index.ts';
import {
  type Prepared,
  readRatifiedRole,
  readMode,
  requireInstalled,
  requireRights,
  runGate,
} from './install-gate.io.ts';
import { gateVersion, type InstallPlan, installSql, uninstallSql } from './install.ts';
import { intactChecks, upgradeChecks, upgradeSql } from './upgrade.ts';

/** What an upgrade would do: from which version to which; null where the gate is of this program's version already. */
export interface Upgrade {
  readonly from: number;
  readonly to: number;
  readonly prepared: Prepared | null;
}

/**
 * Prepares the SQL that brings a gate to the version of this program, and changes nothing. What would refuse it refuses it here already.
 *
 * Errors  GATE_ABSENT, GATE_VERSION, GATE_RIGHTS, GATE_BUSY, GATE_TAMPERED.
 */
export async function planUpgrade(session: Session): Promise<Upgrade> {
  const from = await requireInstalled(session);
  const as = await readMode(session);
  const appOwner = await readRatifiedRole(session, as);
  if (from === gateVersion) {
    const prepared = await planMoved(session, { as, appOwner });
    return { from, to: gateVersion, prepared };
  }
  if (as === 'owner') {
    await requireRights(session, appOwner);
    await requireNoWalls(session);
  }
  await runGate(session, upgradeChecks(as), sql`rollback`);
  const text = upgradeSql({ serverVersion: session.serverVersion, appOwner, as, from, moved: null });
  return { from, to: gateVersion, prepared: { as, text } };
}

/** The event triggers of a gate that a superuser installed are a superuser's. */
async function requireNoWalls(session: Session): Promise<void> {
  const [wall] = await session.query<{ name: string }>(
    sql`select evtname as name from pg_catalog.pg_event_trigger where evtname in ('oneroof_gate_ddl', 'oneroof_gate_drop')`,
  );
  if (wall === undefined) return;
  throw new OneRoofError('GATE_RIGHTS', {
    ...stated`${{ connection: describe(session.connection) }}: a superuser installed this gate, and its event trigger ${{ trigger: wall.name }} is theirs`,
    fix: 'upgrade it as a superuser: set one as `admin` of the target',
  });
}

/** The versions of the server for which this program writes what reads the schema, one of each major. */
const majors = [140_000, 150_000, 160_000, 170_000, 180_000];

/**
 * A gate of this version: null where it is what this program installs on this server. A dump that was restored on another major version, or a
 * server that was moved to one, tells of the same gate in other words: its own digest no longer holds. It is compared with what this program
 * installs here, function by function and then as a whole; where nothing else differs it is made and pinned again, also half way.
 *
 * Errors  GATE_TAMPERED: something else differs too.
 */
async function planMoved(
  session: Session,
  { as, appOwner }: { readonly as: Prepared['as']; readonly appOwner: string },
): Promise<Prepared | null> {
  const here = await functionsOf(session);
  const isOfThisMajor =
    here.get('gate.schema_digest()')?.source.trim() === schemaDigestBody(session.serverVersion).trim();
  const tampered = await runGate(session, intactChecks(as), sql`rollback`).then(
    () => null,
    (error: unknown) => error,
  );
  if (isOfThisMajor) {
    if (tampered !== null) throw tampered;
    return null;
  }
  if (as === 'owner') {
    await requireRights(session, appOwner);
    await requireNoWalls(session);
  }
  const plan = { serverVersion: session.serverVersion, appOwner, as };
  const nothing = { digest: '', body: '' };
  const fresh = installSql({ ...plan, uri: 'reference', policy: nothing, registry: nothing });
  // a gate as this program installs it on this server, made and measured in a transaction that is never committed
  const reference = await tryOut(session, [dropped(as), fresh]);
  const different = differing(here, reference.functions);
  if (different.length > 0) throw notAsInstalled(session, different.join(', '));
  const text = upgradeSql({ ...plan, from: gateVersion, moved: { digest: reference.digest } });
  // the rest of it: tables, constraints, triggers, rights, roles
  await runGate(session, text, sql`rollback`);
  return { as, text };
}

const dropped = (as: InstallPlan['as']): string => uninstallSql(as, 'whatever is half way');

function notAsInstalled(session: Session, what: string): OneRoofError {
  return new OneRoofError('GATE_TAMPERED', {
    ...stated`${{ connection: describe(session.connection) }}: the gate differs from the one that this program installs: ${{ why: what }}`,
    fix: 'nothing was changed; find out who changed what (oneroof doctor), and undo it first',
  });
}

interface GateFunction {
  readonly source: string;
  /** Everything else that makes it what it is: owner, rights, settings. */
  readonly rest: string;
}

async function functionsOf(session: Pick<Session, 'query'>): Promise<ReadonlyMap<string, GateFunction>> {
  const rows = await session.query<GateFunction & { readonly name: string }>(readFunctions);
  return new Map(rows.map((one) => [one.name, one]));
}

/** Functions, and what an upgrade makes again with them. */
const readFunctions: Sql = sql`
  select format('gate.%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) as name, p.prosrc as source,
    pg_catalog.concat_ws('|', p.prorettype::regtype, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_userbyid(p.proowner),
      (select pg_catalog.string_agg(r::text, ' ' order by r::text collate "C") from pg_catalog.unnest(p.proacl) r),
      p.proconfig, p.prosecdef, p.provolatile, (select l.lanname from pg_catalog.pg_language l where l.oid = p.prolang), p.probin,
      p.proisstrict, p.proretset, p.prokind, p.proparallel) as rest
  from pg_catalog.pg_proc p where p.pronamespace = pg_catalog.to_regnamespace('gate')::oid
  union all select format('trigger %I', t.tgname), pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled::text
    from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
    where c.relnamespace = pg_catalog.to_regnamespace('gate')::oid and not t.tgisinternal
  union all select format('event trigger %I', e.evtname), e.evtfoid::regprocedure::text, pg_catalog.concat_ws('|', e.evtevent, pg_catalog.pg_get_userbyid(e.evtowner), e.evtenabled, e.evttags)
    from pg_catalog.pg_event_trigger e`;

/** Which functions are not what this program installs here. What reads the schema may be what reads it on another major version. */
function differing(
  here: ReadonlyMap<string, GateFunction>,
  reference: ReadonlyMap<string, GateFunction>,
): readonly string[] {
  const bodies: Readonly<Record<string, readonly string[]>> = {
    'gate.schema_digest': majors.map((major) => schemaDigestBody(major).trim()),
    'gate.look': majors.map((major) => footprintBody(major).trim()),
  };
  return [...new Set([...here.keys(), ...reference.keys()])].filter((name) => {
    const [is, wanted] = [here.get(name), reference.get(name)];
    if (is === undefined || wanted === undefined || is.rest !== wanted.rest) return true;
    const known = bodies[name.replace(/\(.*/, '')];
    return known === undefined ? is.source !== wanted.source : !known.includes(is.source.trim());
  });
}

async function tryOut(
  session: Session,
  texts: readonly string[],
): Promise<{ readonly functions: ReadonlyMap<string, GateFunction>; readonly digest: string }> {
  await session.query(sql`begin`);
  try {
    for (const text of texts) {
      await session.query(sql`select pg_catalog.set_config('oneroof.install', ${text}, true)`);
      await session.query(sql`do $install$ begin execute pg_catalog.current_setting('oneroof.install'); end $install$`);
    }
    const functions = await functionsOf(session);
    if ((await readMode(session)) === 'owner') {
      await session.query(sql`grant gate_owner to current_user`);
      await session.query(sql`set local role gate_owner`);
    }
    const [row] = await session.query<{ digest: string }>(sql`select intact as digest from gate.identity`);
    return { functions, digest: row?.digest ?? '' };
  } finally {
    await session.query(sql`rollback`);
  }
}
