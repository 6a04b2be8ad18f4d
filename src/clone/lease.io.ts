import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import {
  elapsed,
  type Instant,
  instant,
  now,
  OneRoofError,
  printable,
  processState,
  thisProcess,
} from '../core/index.ts';
import { fixed, id, literal, type Session, sql, sqlStateOf } from '../database/index.ts';
import { type Clone, type DatabaseName, type Golden, type Lease } from './clone.ts';
import { settingStatement } from './dump/facts.ts';
import { type Holding, holdLeases } from './holding.io.ts';
import { alone, unlessHeld } from './locks.io.ts';
import { isExpired, isHalfMade, type Mark, newCloneName, readMark, writeMark } from './mark.ts';

type LeaseMark = Extract<Mark, { kind: 'lease' }>;

/** What a clone is asked for. */
export interface LeaseRequest {
  readonly purpose: string;
  readonly owner: string;
  readonly hours: number;
}

/** Below this a clone written through WAL is quicker than a file copy with its two checkpoints. */
const smallBytes = 64 * 1024 * 1024;

/**
 * Makes a clone of a golden database, with its owner, privileges and settings, which TEMPLATE does not copy. No comment can be made together with
 * a database: one that has the name of a clone of this copy and no mark yet is ours, if nobody holds the lock of the copy.
 */
export async function lease(
  admin: Session,
  plan: {
    readonly golden: Golden;
    readonly request: LeaseRequest;
    /** The clone is made again: with this mark. */
    readonly again?: LeaseMark;
    /** What may refuse it: no other clone of the copy is made between this and the clone. */
    readonly check?: () => Promise<void>;
  },
): Promise<Pick<Clone, 'lease' | 'durationMs' | 'method'>> {
  const { golden, request, again } = plan;
  const from = now();
  const database = again?.lease.database ?? newCloneName(golden, randomBytes(4).toString('hex'));
  const [facts] = await admin.query<{ owner: string; bytes: string }>(sql`
    select pg_catalog.pg_get_userbyid(datdba) as owner, pg_catalog.pg_database_size(oid)::text as bytes
    from pg_catalog.pg_database where datname = ${golden.database}`);
  if (facts === undefined) throw cloneGone(golden.database);
  const small = admin.serverVersion >= 150_000 && Number(facts.bytes) < smallBytes;
  const strategy = admin.serverVersion < 150_000 ? '' : small ? 'strategy wal_log' : 'strategy file_copy';
  const made: Lease = {
    database,
    owner: request.owner,
    createdAt: from,
    expires: later(from, request.hours),
    purpose: request.purpose,
    golden: golden.database,
    kept: false,
  };
  const marked: LeaseMark = again ?? { kind: 'lease', lease: made, maker: await thisProcess() };
  // who reads the golden copy is connected to it, and then it cannot be copied
  await alone(admin, golden.database, async () => {
    await plan.check?.();
    await admin.query(
      sql`create database ${id(database)} template ${id(golden.database)} owner ${id(facts.owner)} ${fixed(strategy)}`,
    );
    await orDropped(admin, database, () => mark(admin, marked));
  });
  await orDropped(admin, database, () => carryOver(admin, { golden: golden.database, clone: database }));
  return { lease: marked.lease, durationMs: elapsed({ from, to: now() }), method: small ? 'wal_log' : golden.method };
}

async function orDropped(admin: Session, database: DatabaseName, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
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
  return alone(admin, plan.database, async () => {
    await allow('true');
    try {
      return await plan.use();
    } finally {
      await allow('false');
    }
  });
}

/** All marks on the databases of a server. */
export async function readMarks(admin: Session): Promise<readonly Mark[]> {
  const rows = await admin.query<{ name: string; comment: string | null }>(sql`
    select datname as name, pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database order by 1`);
  return rows.flatMap(({ name, comment }) => readMark(comment, name) ?? []);
}

/** The leases of a server. */
export async function leases(admin: Session): Promise<readonly Lease[]> {
  return (await readMarks(admin)).flatMap((found) => (found.kind === 'lease' ? [found.lease] : []));
}

/** Whether clones were made on a private server, or another command is there. */
export async function isInUse(admin: Session): Promise<boolean> {
  const [row] = await admin.query<{ n: string }>(sql`
    select count(*)::text as n from pg_catalog.pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid()`);
  return row?.n !== '0' || (await leases(admin)).length > 0;
}

/**
 * Drops a clone.
 *
 * Errors  CLONE_GONE, CLONE_NOT_OURS.
 */
export async function dropLeased(admin: Session, database: DatabaseName): Promise<void> {
  await leased(admin, database);
  await admin.query(sql`drop database ${id(database)} with (force)`).catch((cause: unknown) => {
    throw sqlStateOf(cause) === '3D000' ? cloneGone(database) : cause;
  });
}

/**
 * Makes a clone again under its name, with what its lease says.
 *
 * Errors  those of dropLeased; CLONE_GONE where its golden copy was replaced.
 */
export async function resetLeased(
  admin: Session,
  { database, golden }: { readonly database: DatabaseName; readonly golden: Golden },
): Promise<Lease> {
  const found = await leased(admin, database);
  if (found.lease.golden !== golden.database) throw cloneGone(found.lease.golden);
  await dropLeased(admin, database);
  const { owner, purpose } = found.lease;
  await lease(admin, { golden, again: found, request: { owner, purpose, hours: 1 } });
  return found.lease;
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

/**
 * Drops the clones that are expired, and those not kept whose maker on this host has ended. One whose maker works on it here is in use, whatever
 * its mark says: a machine that slept has not renewed it yet.
 */
export async function collect(admin: Session, at: Instant): Promise<readonly DatabaseName[]> {
  const dropped: DatabaseName[] = [];
  // a drop that was interrupted leaves a database that nobody can use
  const broken = await admin.query<{ name: string }>(
    sql`select datname as name from pg_catalog.pg_database where datconnlimit = -2`,
  );
  const isOver = async (one: LeaseMark): Promise<boolean> =>
    broken.some(({ name }) => name === one.lease.database) || (await isLeftOver(one, at));
  for (const found of await readMarks(admin)) {
    if (found.kind !== 'lease' || !(await isOver(found))) continue;
    const { database } = found.lease;
    // it may have been renewed, or dropped, since all of them were read
    const again = await leased(admin, database).catch(() => null);
    if (again === null || !(await isOver(again))) continue;
    await dropLeased(admin, database);
    dropped.push(database);
  }
  return dropped;
}

/** Drops the clones of a golden copy whose maker was killed before they had their mark. A copy that a command works on now is left alone. */
export async function collectHalfMade(admin: Session, golden: Golden): Promise<readonly DatabaseName[]> {
  const dropped = await unlessHeld(admin, { purpose: 'work', name: golden.database }, async () => {
    const rows = await admin.query<{ name: DatabaseName }>(sql`
      select datname as name from pg_catalog.pg_database where pg_catalog.shobj_description(oid, 'pg_database') is null order by 1`);
    const half = rows.map(({ name }) => name).filter((name) => isHalfMade(name, golden));
    for (const name of half) await admin.query(sql`drop database if exists ${id(name)} with (force)`);
    return half;
  });
  return dropped ?? [];
}

/** Whether a clone is expired, or not kept and its maker on this host has ended. */
export async function isLeftOver(
  { lease: { kept, ...of }, maker }: Omit<LeaseMark, 'kind'>,
  at: Instant,
): Promise<boolean> {
  const isHere = maker.host === hostname();
  const state = kept || !isHere ? 'unseen' : await processState({ pid: maker.pid, begin: maker.begin ?? '' });
  if (state === 'unseen') return isExpired({ kept, ...of }, at);
  return state === 'gone';
}

/** Begins to hold the leases of a process, by their marks on a server. */
export function openHolding(admin: Session): Holding {
  return holdLeases(async (database, hours) => {
    const found = await leased(admin, database);
    return async () => {
      if (!found.lease.kept) await mark(admin, { ...found, lease: { ...found.lease, expires: later(now(), hours) } });
    };
  });
}

async function leased(admin: Session, database: DatabaseName): Promise<LeaseMark> {
  const [row] = await admin.query<{ comment: string | null }>(sql`
    select pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database where datname = ${database}`);
  if (row === undefined) throw cloneGone(database);
  const found = readMark(row.comment, database);
  if (found?.kind === 'lease') return found;
  throw new OneRoofError('CLONE_NOT_OURS', {
    problem: `database ${printable(database)} does not have the mark of a clone`,
    facts: { database },
    fix: 'check the name with `oneroof clone list`; One Roof never changes a database that it did not make',
  });
}

async function mark(admin: Session, value: LeaseMark): Promise<void> {
  await admin.query(sql`comment on database ${id(value.lease.database)} is ${literal(writeMark(value))}`);
}

/**
 * Applies the privileges and settings of one database to its copy.
 *
 * Shape   the settings that the copy's server does not know, by name.
 */
export async function carryOver(
  admin: Session,
  plan: {
    readonly golden: string;
    readonly clone: string;
    /** A session on another server, which has the first database; the same one where absent. */
    readonly from?: Session;
  },
): Promise<readonly string[]> {
  const { from = admin } = plan;
  const clone = id(plan.clone);
  const [facts] = await admin.query<{ owner: string }>(sql`
    select pg_catalog.pg_get_userbyid(datdba) as owner from pg_catalog.pg_database where datname = ${plan.clone}`);
  const owner = facts?.owner ?? '';
  const grants = await from.query<{ grantee: string; privilege: string; grantable: string }>(sql`
    select case grantee when 0 then '' else pg_catalog.pg_get_userbyid(grantee) end as grantee, privilege_type as privilege,
           is_grantable::text as grantable
    from pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) where d.datname = ${plan.golden}`);
  if (grants.length > 0) await admin.query(sql`revoke all on database ${clone} from public, ${id(owner)}`);
  for (const { grantee, privilege, grantable } of grants) {
    const to = grantee === '' ? fixed('public') : id(grantee);
    const option = fixed(grantable === 'true' ? 'with grant option' : '');
    await admin.query(sql`grant ${fixed(privilege)} on database ${clone} to ${to} ${option}`);
  }
  const settings = await from.query<{ role: string | null; setting: string }>(sql`
    select r.rolname as role, c as setting from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on d.oid = s.setdatabase
    left join pg_catalog.pg_roles r on r.oid = s.setrole, pg_catalog.unnest(s.setconfig) c where d.datname = ${plan.golden}`);
  const unknown: string[] = [];
  for (const { role, setting } of settings) {
    const whose = role === null ? sql`alter database ${clone}` : sql`alter role ${id(role)} in database ${clone}`;
    await admin.query(settingStatement(whose, setting)).catch((error: unknown) => {
      // a server of another provider knows settings of its own
      if (plan.from === undefined || sqlStateOf(error) !== '42704') throw error;
      unknown.push(setting.split('=')[0] ?? '');
    });
  }
  return unknown;
}

/** So many hours after a time. */
export function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * 3_600_000));
}

/** The error of a clone that is not there. */
export function cloneGone(database: string): OneRoofError {
  return new OneRoofError('CLONE_GONE', {
    problem: `database ${printable(database)} does not exist: it was dropped meanwhile, or the name is wrong`,
    facts: { database },
    fix: 'see `oneroof clone list`; run the same command again to make a new clone',
  });
}
