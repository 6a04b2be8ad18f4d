import { canonicalJson, digest, OneRoofError, printable, stated } from '../core/index.ts';
import { type Connection, describe, openSession, problemOf, type Session, sql, type Sql } from '../database/index.ts';
import { type Policy, type Registry } from '../people/index.ts';
import { installError } from './install-error.ts';
import { installSummary } from './install-summary.ts';
import { refuseOpenSchemas, refuseRoles } from './gate-grants.io.ts';
import { runner } from './callers.ts';
import { withoutLoopbackSql } from './loopback.ts';
import { gateVersion, type InstallPlan, installSql, uninstallSql } from './install.ts';

/** SQL that is ready to be read by a person, or run. */
export interface Prepared {
  readonly as: InstallPlan['as'];
  /** Runs in one transaction; without its `begin` and `commit`. */
  readonly text: string;
  /** What it does, as SQL comments, for the top of a file. */
  readonly summary?: string;
}

/** What the gate is to be installed with. */
export interface InstallWish {
  /** The name of the target, as people sign it. */
  readonly uri: string;
  /** Null: the owner of the database. */
  readonly appOwner: string | null;
  readonly policy: Policy;
  readonly registry: Registry;
}

/** The version of the gate that a database has; null: none. The role must be one that installs. */
async function readInstalled(session: Session): Promise<number | null> {
  const [found] = await session.query<{ there: string | null }>(sql`select to_regnamespace('gate')::text as there`);
  if (found?.there == null) return null;
  const leave = (await readMode(session)) === 'superuser' ? null : await enterOwner(session);
  try {
    const [identity] = await session.query<{ version: string }>(sql`select version::text from gate.identity`);
    return Number(identity?.version ?? 0);
  } catch (cause) {
    throw new OneRoofError('GATE_VERSION', {
      ...stated`${{ connection: describe(session.connection) }} has a schema gate that this program did not create: ${{ why: problemOf(cause, { sql: '', place: { file: 'gate.sql' } }).problem }}`,
      fix: 'check it as the owner of the database; One Roof needs the name gate for itself',
      cause,
    });
  } finally {
    await leave?.();
  }
}

/** Whether the database has a gate that this program knows. */
export async function hasGate(session: Session): Promise<boolean> {
  return (await readInstalled(session)) !== null;
}

/**
 * Prepares the SQL that installs the gate, and changes nothing.
 *
 * Errors  GATE_INSTALLED, GATE_VERSION, GATE_APP_OWNER, GATE_RIGHTS, GATE_SCHEMA_OPEN, GATE_ROLES.
 */
export async function planInstall(
  session: Session,
  wish: InstallWish,
): Promise<Prepared & { readonly appOwner: string }> {
  const where = describe(session.connection);
  const version = await readInstalled(session);
  refuseNewer(version, where);
  if (version !== null)
    throw new OneRoofError('GATE_INSTALLED', {
      ...stated`${{ connection: where }} has a gate already, version ${{ version }}`,
      fix: `\`oneroof upgrade ${wish.uri}\` upgrades it to the version of this program`,
    });
  const as = await readMode(session);
  const appOwner = await readAppOwner(session, { ...wish, as });
  if (as === 'owner') await requireRights(session, appOwner);
  await refuseOpenSchemas(session);
  await refuseRoles(session);
  const [policy, registry] = [canonicalJson(wish.policy), canonicalJson(wish.registry)];
  const plan: InstallPlan = {
    serverVersion: session.serverVersion,
    uri: wish.uri,
    appOwner,
    policy: { digest: digest('policy', [policy]), body: policy },
    registry: { digest: digest('registry', [registry]), body: registry },
    as,
  };
  return { as, text: installSql(plan), summary: installSummary(plan), appOwner };
}

/**
 * Prepares the SQL that removes the gate, and changes nothing.
 *
 * Errors  GATE_ABSENT, GATE_VERSION.
 */
export async function planUninstall(session: Session): Promise<Prepared> {
  const version = await requireInstalled(session);
  refuseNewer(version, describe(session.connection));
  const as = await readMode(session);
  const appOwner = await readRatifiedRole(session, as);
  return { as, text: `${uninstallSql(as)}\n${withoutLoopbackSql({ appOwner, as })}` };
}

/**
 * The version of the gate of a database, which must have one that this program knows.
 *
 * Errors  GATE_ABSENT, GATE_VERSION.
 */
export async function requireInstalled(session: Session): Promise<number> {
  const version = await readInstalled(session);
  refuseNewer(version, describe(session.connection));
  if (version !== null) return version;
  throw new OneRoofError('GATE_ABSENT', {
    ...stated`${{ connection: describe(session.connection) }} has no gate`,
    fix: 'oneroof install creates one',
  });
}

/**
 * Runs prepared SQL in one transaction.
 *
 * Errors  GATE_BUSY; GATE_RIGHTS and the codes of what a server refuses.
 */
export async function applyGate(session: Session, { text }: Prepared): Promise<void> {
  await runGate(session, text, sql`commit`);
}

/** Runs SQL of the gate in one transaction, and ends it so. */
export async function runGate(session: Session, text: string, end: Sql): Promise<void> {
  await session.query(sql`begin`);
  try {
    // as a value, so that nothing in the text can end it
    await session.query(sql`select pg_catalog.set_config('oneroof.install', ${text}, true)`);
    await session.query(sql`do $install$ begin execute pg_catalog.current_setting('oneroof.install'); end $install$`);
    await session.query(end);
  } catch (error) {
    await session.query(sql`rollback`);
    throw installError(error, session.connection);
  }
}

function refuseNewer(version: number | null, where: string): void {
  if (version === null || version <= gateVersion) return;
  throw new OneRoofError('GATE_VERSION', {
    ...stated`${{ connection: where }} has a gate of version ${{ version }}; this program knows ${{ known: gateVersion }}`,
    fix: 'use the newer version of One Roof that installed it',
  });
}

/** Says how the gate can be installed by the role of a session: a superuser adds event triggers. */
export async function readMode(session: Session): Promise<InstallPlan['as']> {
  const [role] = await session.query<{ super: string }>(
    sql`select rolsuper::text as super from pg_catalog.pg_roles where rolname = current_user`,
  );
  return role?.super === 'true' ? 'superuser' : 'owner';
}

async function readAppOwner(session: Session, wish: InstallWish & Pick<InstallPlan, 'as'>): Promise<string> {
  const wanted = wish.appOwner;
  const [role] = await session.query<{ name: string; mighty: string; installs: string }>(sql`
    select r.rolname as name, (r.rolsuper or r.rolreplication or r.rolbypassrls)::text as mighty,
      (r.rolname = current_user or r.rolname in ('gate_owner', 'oneroof_executor', 'oneroof_relay', 'oneroof_observer', 'oneroof_runner'))::text as installs
    from pg_catalog.pg_roles r
    where r.rolname = coalesce(${wanted}::text,
      (select pg_get_userbyid(d.datdba)::text from pg_catalog.pg_database d where d.datname = current_database()))`);
  const name = printable(role?.name ?? wanted ?? '');
  const fix = `name the role that owns the application's tables: oneroof install ${wish.uri} --app-owner ROLE`;
  const refuse = (why: string): never => {
    throw new OneRoofError('GATE_APP_OWNER', { ...stated`the role "${{ name }}" ${{ why }}`, fix });
  };
  if (role === undefined) return refuse('does not exist');
  if (role.mighty === 'true')
    return refuse('is a superuser, or may replicate or bypass row security: ratified steps could do this too');
  if (role.installs === 'true')
    return refuse('installs the gate or is one of its roles, so ratified steps may not run as it');
  return role.name;
}

/** What a role that is no superuser needs, all of it at once. */
export async function requireRights(session: Session, appOwner: string): Promise<void> {
  const member = session.serverVersion >= 160_000 ? 'SET' : 'MEMBER';
  const rows = await session.query<{ problem: string; fix: string }>(sql`
    select 'it does not own the database' as problem, format('alter database %I owner to %I', d.datname, current_user)
        -- public belongs to the owner of the database: the application would lose it
        || coalesce((select format('; grant create on schema %I to %I', n.nspname, ${appOwner}::text) from pg_namespace n where n.nspname = 'public'
          and pg_get_userbyid(n.nspowner) = 'pg_database_owner' and has_schema_privilege(${appOwner}::text::name, n.oid, 'CREATE')), '') as fix
      from pg_catalog.pg_database d where d.datname = current_database() and not pg_has_role(d.datdba, 'MEMBER')
    union all select format('it is not a member of %I', ${appOwner}::text), format('grant %I to %I', ${appOwner}::text, current_user)
      where not pg_has_role(${appOwner}::text::name, ${member})
    union all select 'it may not create roles', format('alter role %I createrole', current_user)
      from pg_catalog.pg_roles r where r.rolname = current_user and not r.rolcreaterole
        and exists (select from unnest(${'{gate_owner,oneroof_executor,oneroof_relay,oneroof_observer,oneroof_runner}'}::text[]) w where to_regrole(w) is null)
    union all select format('it may not grant %s', string_agg(own.name, ', ')), format('grant %s to %I with admin option', string_agg(own.name, ', '), current_user)
      from pg_catalog.pg_roles r cross join (values ('gate_owner'), ('oneroof_runner')) own(name) where r.rolname = current_user and to_regrole(own.name) is not null
        and not pg_has_role(to_regrole(own.name), 'MEMBER WITH ADMIN OPTION') and not (r.rolcreaterole and ${session.serverVersion}::integer < 160000)
      having count(*) > 0`);
  const [first, ...rest] = rows.map(({ problem, fix }) => ({
    code: 'GATE_RIGHTS' as const,
    ...stated`${{ connection: describe(session.connection) }} cannot install the gate: ${{ why: printable(problem) }}`,
    fix: `as a superuser: ${printable(fix)}`,
  }));
  if (first !== undefined) throw OneRoofError.of([first, ...rest]);
}

/** Becomes the gate's owner inside a transaction that is never committed. */
export async function enterOwner(session: Session): Promise<() => Promise<void>> {
  await session.query(sql`begin`);
  try {
    await session.query(sql`grant gate_owner to current_user`);
    await session.query(sql`set local role gate_owner`);
  } catch (error) {
    await session.query(sql`rollback`);
    throw await notAnOwner(session, installError(error, session.connection));
  }
  return async () => {
    await session.query(sql`rollback`);
  };
}

/** Roles that a superuser brought from another server are no longer this role's to grant. */
async function notAnOwner(session: Session, error: OneRoofError): Promise<OneRoofError> {
  if (error.code !== 'GATE_RIGHTS') return error;
  const [role] = await session.query<{ name: string }>(sql`select quote_ident(current_user) as name`);
  const [{ problem, facts }] = error.problems;
  const fix = `as a superuser: grant gate_owner, ${runner} to ${printable(role?.name ?? '')} with admin option`;
  return new OneRoofError('GATE_RIGHTS', { problem, facts, fix, cause: error });
}

/** The role that ratified steps run as in a gate. */
export async function readRatifiedRole(session: Session, as: Prepared['as']): Promise<string> {
  const leave = as === 'owner' ? await enterOwner(session) : null;
  try {
    const [identity] = await session.query<{ owner: string }>(sql`select app_owner as owner from gate.identity`);
    return identity?.owner ?? '';
  } finally {
    await leave?.();
  }
}

/** Opens a session over the address of the role that installs, hands it over, and closes it. */
export async function withInstaller<T>(
  target: { readonly name: string; readonly admin: Connection | null },
  use: (session: Session) => Promise<T>,
): Promise<T> {
  if (target.admin === null)
    throw new OneRoofError('GATE_ADDRESS', {
      ...stated`oneroof.yaml has no address \`admin\` for the target "${{ target: target.name }}"`,
      fix: `add it to the target, e.g. admin: { urlFrom: ${target.name.toUpperCase().replaceAll('-', '_')}_ADMIN_URL }`,
    });
  const session = await openSession(target.admin, { applicationName: 'oneroof install' });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
