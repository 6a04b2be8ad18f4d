import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { elapsed, type Instant, instant, now, OneRoofError, printable } from '../core/index.ts';
import { fixed, id, literal, type Session, sql, sqlStateOf } from '../database/index.ts';
import { type Clone, type DatabaseName, type Golden, type Lease } from './clone.ts';
import { cloneName, isExpired, type Mark, readMark, writeMark } from './mark.ts';

/** What a clone is asked for. */
export interface LeaseRequest {
  readonly purpose: string;
  readonly owner: string;
  readonly hours: number;
}

/** Below this a clone written through WAL is quicker than a file copy with its two checkpoints. */
const smallBytes = 64 * 1024 * 1024;

/** Makes a clone of a golden database, with its owner, privileges and settings, which TEMPLATE does not copy. */
export async function lease(
  admin: Session,
  plan: { readonly golden: Golden; readonly request: LeaseRequest },
): Promise<Pick<Clone, 'lease' | 'durationMs' | 'method'>> {
  const { golden, request } = plan;
  const from = now();
  const database = cloneName(golden.source.database, randomBytes(6).toString('hex'));
  const [facts] = await admin.query<{ owner: string; bytes: string }>(sql`
    select pg_catalog.pg_get_userbyid(datdba) as owner, pg_catalog.pg_database_size(oid)::text as bytes
    from pg_catalog.pg_database where datname = ${golden.database}`);
  if (facts === undefined) throw gone(golden.database);
  const small = admin.serverVersion >= 150_000 && Number(facts.bytes) < smallBytes;
  const strategy = admin.serverVersion < 150_000 ? '' : small ? 'strategy wal_log' : 'strategy file_copy';
  await admin.query(
    sql`create database ${id(database)} template ${id(golden.database)} owner ${id(facts.owner)} ${fixed(strategy)}`,
  );
  try {
    const made: Lease = {
      database,
      owner: request.owner,
      createdAt: from,
      expires: later(from, request.hours),
      purpose: request.purpose,
      golden: golden.database,
      kept: false,
    };
    await mark(admin, { kind: 'lease', lease: made, maker: { host: hostname(), pid: process.pid } });
    await carryOver(admin, { golden: golden.database, clone: database });
    return { lease: made, durationMs: elapsed({ from, to: now() }), method: small ? 'wal_log' : golden.method };
  } catch (error) {
    await admin.query(sql`drop database if exists ${id(database)} with (force)`);
    throw error;
  }
}

/**
 * Lets a golden database take connections while `use` runs. What reads it writes nothing; a session that is still there when the next
 * clone is asked for is waited for by the server, for five seconds.
 */
export async function openGolden<T>(
  admin: Session,
  plan: { readonly database: DatabaseName; readonly use: () => Promise<T> },
): Promise<T> {
  const allow = (words: 'true' | 'false') =>
    admin.query(sql`alter database ${id(plan.database)} with allow_connections ${fixed(words)}`);
  await allow('true');
  try {
    return await plan.use();
  } finally {
    await allow('false');
  }
}

/** All marks on the databases of a server. */
export async function marks(admin: Session): Promise<readonly Mark[]> {
  const rows = await admin.query<{ name: string; comment: string | null }>(sql`
    select datname as name, pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database order by 1`);
  return rows.flatMap(({ name, comment }) => readMark(comment, name) ?? []);
}

/** The leases of a server. */
export async function leases(admin: Session): Promise<readonly Lease[]> {
  return (await marks(admin)).flatMap((found) => (found.kind === 'lease' ? [found.lease] : []));
}

/**
 * Drops a clone.
 *
 * Errors  CLONE_GONE, CLONE_NOT_OURS.
 */
export async function dropLeased(admin: Session, database: DatabaseName): Promise<void> {
  await leased(admin, database);
  await admin.query(sql`drop database ${id(database)} with (force)`).catch((cause: unknown) => {
    throw sqlStateOf(cause) === '3D000' ? gone(database) : cause;
  });
}

/** Keeps a clone for inspection, for so many hours from now. */
export async function keepLeased(
  admin: Session,
  plan: { readonly database: DatabaseName; readonly hours: number },
): Promise<Lease> {
  const found = await leased(admin, plan.database);
  const kept: Lease = { ...found.lease, kept: true, expires: later(now(), plan.hours) };
  await mark(admin, { ...found, lease: kept });
  return kept;
}

/** Drops the clones that are expired, and those not kept whose maker on this host has ended. */
export async function collect(admin: Session, at: Instant): Promise<readonly DatabaseName[]> {
  const dropped: DatabaseName[] = [];
  for (const found of await marks(admin)) {
    if (found.kind !== 'lease') continue;
    const orphan = !found.lease.kept && found.maker.host === hostname() && !isAlive(found.maker.pid);
    if (!orphan && !isExpired(found.lease, at)) continue;
    await dropLeased(admin, found.lease.database);
    dropped.push(found.lease.database);
  }
  return dropped;
}

/** Says whether a process of this host lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function leased(admin: Session, database: DatabaseName): Promise<Extract<Mark, { kind: 'lease' }>> {
  const [row] = await admin.query<{ comment: string | null }>(sql`
    select pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database where datname = ${database}`);
  if (row === undefined) throw gone(database);
  const found = readMark(row.comment, database);
  if (found?.kind === 'lease') return found;
  throw new OneRoofError('CLONE_NOT_OURS', {
    problem: `database ${printable(database)} does not carry the mark of a clone`,
    fix: 'check the name with `oneroof clone list`; a database of somebody else is never touched',
  });
}

async function mark(admin: Session, value: Extract<Mark, { kind: 'lease' }>): Promise<void> {
  await admin.query(sql`comment on database ${id(value.lease.database)} is ${literal(writeMark(value))}`);
}

/** Applies the privileges and settings of one database to its copy. */
export async function carryOver(
  admin: Session,
  plan: { readonly golden: string; readonly clone: string },
): Promise<void> {
  const clone = id(plan.clone);
  const [facts] = await admin.query<{ owner: string }>(sql`
    select pg_catalog.pg_get_userbyid(datdba) as owner from pg_catalog.pg_database where datname = ${plan.clone}`);
  const owner = facts?.owner ?? '';
  const grants = await admin.query<{ grantee: string; privilege: string; grantable: string }>(sql`
    select case grantee when 0 then '' else pg_catalog.pg_get_userbyid(grantee) end as grantee, privilege_type as privilege,
           is_grantable::text as grantable
    from pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) where d.datname = ${plan.golden}`);
  if (grants.length > 0) await admin.query(sql`revoke all on database ${clone} from public, ${id(owner)}`);
  for (const { grantee, privilege, grantable } of grants) {
    const to = grantee === '' ? fixed('public') : id(grantee);
    const option = fixed(grantable === 'true' ? 'with grant option' : '');
    await admin.query(sql`grant ${fixed(privilege)} on database ${clone} to ${to} ${option}`);
  }
  const settings = await admin.query<{ role: string | null; name: string; value: string }>(sql`
    select r.rolname as role, pg_catalog.split_part(c, '=', 1) as name, pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) as value
    from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on d.oid = s.setdatabase
    left join pg_catalog.pg_roles r on r.oid = s.setrole, pg_catalog.unnest(s.setconfig) c where d.datname = ${plan.golden}`);
  for (const { role, name, value } of settings) {
    const whose = role === null ? sql`alter database ${clone}` : sql`alter role ${id(role)} in database ${clone}`;
    // the server stored a list as quoted names: given as one literal it would become one name
    const list = /^("([^"]|"")*"|\w+)(, *("([^"]|"")*"|\w+))+$/.test(value) || /^"([^"]|"")*"$/.test(value);
    await admin.query(sql`${whose} set ${id(...name.split('.'))} = ${list ? fixed(value) : literal(value)}`);
  }
}

function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * 3_600_000));
}

function gone(database: string): OneRoofError {
  return new OneRoofError('CLONE_GONE', {
    problem: `database ${printable(database)} is not there: somebody dropped it meanwhile, or the name is wrong`,
    fix: 'see `oneroof clone list`; make a new clone by running the same command again',
  });
}
