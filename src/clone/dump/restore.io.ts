import { OneRoofError, printable, truncate, stated } from '../../core/index.ts';
import {
  describe,
  fixed,
  id,
  literal,
  openSession,
  type Server,
  type Session,
  sql,
  sqlStateOf,
} from '../../database/index.ts';
import { loadParser } from '../../release/index.ts';
import { findOtherOrders, readCollations } from '../collation.io.ts';
import { carryOver } from '../lease.io.ts';
import { databaseStatement, type DumpSource, roleStatements } from './facts.ts';
import { restorePlan, runsOf } from './schema.ts';
import { type readLargeObjects, type readSequencePositions } from './source.io.ts';

/**
 * Creates roles and the empty database on the clone server, and returns what production has that cannot exist there.
 *
 * Errors  CLONE_EXTENSION, CLONE_LOCALE: named before anything is copied.
 */
export async function prepareServer(
  admin: Session,
  of: { readonly source: DumpSource; readonly from: Session; readonly database: string },
): Promise<readonly string[]> {
  const { source, database } = of;
  await requireExtensions(admin, source);
  const orders = await findOtherOrders(admin, await readCollations(of.from));
  for (const statement of roleStatements(source)) await admin.query(statement);
  if (admin.serverVersion >= 150_000) {
    await admin.query(sql`set allow_in_place_tablespaces = on`);
    for (const name of source.tablespaces) await admin.query(sql`create tablespace ${id(name)} location ''`);
  }
  await admin.query(databaseStatement(database, source.database)).catch((cause: unknown) => {
    if (!['42809', '22023', '58000'].includes(sqlStateOf(cause))) throw cause;
    throw new OneRoofError('CLONE_LOCALE', {
      ...stated`the clone server cannot make a database like that of production: ${{ said: printable(String((cause as Error).message)) }}`,
      fix: `install the locale ${printable(source.database.collate)} on this machine (Debian: locales-all), or name a server that has it`,
      cause,
    });
  });
  const unknown = await carryOver(admin, { from: of.from, golden: source.identity.database, clone: database });
  const lost = admin.serverVersion < 150_000 ? source.tablespaces.map((name) => `tablespace ${name}`) : [];
  return [
    ...lost,
    ...orders.map((text) => `the order of text of production: ${text}`),
    ...unknown.map((name) => `setting ${name} of the database: the clone server does not know it`),
  ];
}

async function requireExtensions(admin: Session, { extensions }: DumpSource): Promise<void> {
  const there = await admin.query<{ name: string; version: string }>(
    sql`select name, version from pg_catalog.pg_available_extension_versions`,
  );
  const missing = extensions.filter(
    ({ name, version }) => !there.some((one) => one.name === name && one.version === version),
  );
  if (missing.length === 0) return;
  const words = missing.map(({ name, version }) => {
    const others = there.filter((one) => one.name === name).map((one) => one.version);
    return `${name} ${version}${others.length === 0 ? '' : ` (it has ${others.join(', ')})`}`;
  });
  const major = Math.floor(admin.serverVersion / 10_000);
  throw new OneRoofError('CLONE_EXTENSION', {
    ...stated`the clone server lacks extensions of production: ${{ extensions: words.map(printable) }}`,
    fix: `install them on this machine for PostgreSQL ${major} (Debian: apt-get install postgresql-${major}, and postgresql-${major}-NAME for each that is not part of it), or set bin: of the clone provider to an installation that has them`,
  });
}

/** Restores what must exist before rows. Shape what was left out. */
export async function restoreBefore(
  session: Session,
  of: { readonly text: string; readonly source: DumpSource },
): Promise<readonly string[]> {
  const plan = await planOf(session, { ...of, section: 'pre-data' });
  for (const { sql: text } of plan.statements) await restoreOne(session, text);
  return plan.leftOut;
}

/** Restores indexes, constraints and all that follows the rows, indexes at the same time. Shape  what was left out. */
export async function restoreAfter(
  server: Server,
  of: { readonly text: string; readonly source: DumpSource; readonly database: string; readonly jobs: number },
): Promise<readonly string[]> {
  const open = (): Promise<Session> =>
    openSession(server.connection(of.database), {
      applicationName: 'oneroof golden',
      settings: { maintenance_work_mem: '256MB' },
    });
  const sessions = [await open()];
  try {
    const [first] = sessions as [Session];
    const plan = await planOf(first, { ...of, section: 'post-data' });
    const settings = plan.statements.filter(({ sql: text }) => /^\s*(set|select pg_catalog\.set_config)\b/i.test(text));
    for (const run of runsOf(plan.statements)) {
      const queue = [...run];
      while (sessions.length < Math.min(of.jobs, queue.length)) {
        const another = await open();
        for (const { sql: text } of settings) await restoreOne(another, text);
        sessions.push(another);
      }
      const work = async (session: Session): Promise<void> => {
        for (let text = queue.shift(); text !== undefined; text = queue.shift()) await restoreOne(session, text);
      };
      for (const one of await Promise.allSettled(sessions.slice(0, run.length).map(work)))
        if (one.status === 'rejected') throw one.reason;
    }
    return plan.leftOut;
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

async function planOf(
  session: Session,
  of: { readonly text: string; readonly section: string; readonly source: DumpSource },
): Promise<ReturnType<typeof restorePlan>> {
  const known = await session.query<{ name: string }>(sql`select lower(name) as name from pg_catalog.pg_settings`);
  const settings = new Set(known.map(({ name }) => name));
  return restorePlan(await loadParser(), { ...of, settings });
}

async function restoreOne(session: Session, text: string): Promise<void> {
  try {
    await session.run(text);
  } catch (cause) {
    // integrity_constraint_violation: rows that came in while triggers were off (session_replication_role), or before a table was damaged
    if (sqlStateOf(cause).startsWith('23'))
      throw new OneRoofError('CLONE_DUMP_FAILED', {
        ...stated`rows of production violate a constraint of their own table, so no dump of it can be restored: ${{ said: printable(String((cause as Error).message)) }}`,
        fix: 'correct these rows in production, or declare the constraint NOT VALID there; a provider that copies files takes them as they are: basebackup, physical',
        cause,
      });
    throw new OneRoofError('CLONE_DUMP_FAILED', {
      ...stated`the clone server refused a statement of pg_dump: ${{ said: printable(String((cause as Error).message)) }}: ${{ statement: printable(truncate(text, 300)) }}`,
      fix: 'read the message; where the statement names something that only production has, install it on this machine; else please report it',
      cause,
    });
  }
}

/** Sets each sequence to where production's stood. */
export async function setSequences(
  session: Session,
  positions: Awaited<ReturnType<typeof readSequencePositions>>,
): Promise<void> {
  await session.query(sql`
    select pg_catalog.setval(s.name::regclass, s.value, s.called) from pg_catalog.json_to_recordset(${JSON.stringify(positions)}::json) s (name text, value bigint, called boolean)`);
}

/** So much of a large object is read at a time. Bytes. */
const portion = 1024 * 1024;

/** Copies large objects with owner and privileges. Shape  those that the role may not read. */
export async function copyLargeObjects(
  from: Session,
  to: Session,
  objects: Awaited<ReturnType<typeof readLargeObjects>>,
): Promise<readonly string[]> {
  const refused: string[] = [];
  for (const { oid, owner, acl } of objects) {
    await from.query(sql`savepoint large_object`);
    try {
      await to.query(sql`select pg_catalog.lo_create(${oid}::oid)`);
      for (let at = 0; ; at += portion) {
        const [part] = await from.query<{ bytes: string }>(
          sql`select pg_catalog.encode(pg_catalog.lo_get(${oid}::oid, ${String(at)}::bigint, ${String(portion)}::integer), 'base64') as bytes`,
        );
        if (part === undefined || part.bytes === '') break;
        await to.query(
          sql`select pg_catalog.lo_put(${oid}::oid, ${String(at)}::bigint, pg_catalog.decode(${part.bytes}, 'base64'))`,
        );
      }
      await to.query(sql`alter large object ${fixed(String(Number(oid)))} owner to ${id(owner)}`);
      if (acl !== null)
        await to.query(
          sql`update pg_catalog.pg_largeobject_metadata set lomacl = ${literal(acl)}::aclitem[] where oid = ${oid}::oid`,
        );
    } catch (error) {
      if (sqlStateOf(error) !== '42501') throw error;
      refused.push(`large object ${oid}: ${describe(from.connection)} may not read it`);
      await to.query(sql`select pg_catalog.lo_unlink(${oid}::oid)`);
    } finally {
      await from.query(sql`rollback to savepoint large_object`);
    }
  }
  return refused;
}
