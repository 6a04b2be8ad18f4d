import { elapsed, now, OneRoofError, printable } from '../../core/index.ts';
import { fixed, id, literal, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { type CloneSetup } from '../../setup/index.ts';
import { type Golden, type Once } from '../clone.ts';
import { goldenName, readMark, writeMark } from '../mark.ts';

/** The template provider's part of the setup. */
export type TemplateSetup = Extract<CloneSetup, { provider: 'template' }>;

/**
 * Refuses to make clones in the source's own server: roles and ALTER SYSTEM reach out of a clone there. CREATE DATABASE … TEMPLATE works
 * within one server only, so the source is always beside its clones, and the configuration must say that this is meant.
 *
 * Errors  CLONE_SAME_SERVER.
 */
export function refuseSameServer(setup: TemplateSetup): void {
  if (setup.sameServer) return;
  throw new OneRoofError('CLONE_SAME_SERVER', {
    problem: `clones of ${printable(setup.source)} would be made in the server that holds it`,
    fix: 'where that server is not production, set "sameServer: true" of the clone provider; else use the provider "physical"',
  });
}

/** The golden generations of a source on its server, newest first. */
export async function templateGoldens(admin: Session, source: string): Promise<readonly Golden[]> {
  const rows = await admin.query<{ name: string; comment: string | null }>(sql`
    select datname as name, pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database`);
  return rows
    .flatMap(({ name, comment }) => readMark(comment, name) ?? [])
    .flatMap((mark) => (mark.kind === 'golden' && mark.golden.source.database === source ? [mark.golden] : []))
    .sort((a, b) => b.generation - a.generation);
}

/** What was read of a golden copy once: it stands in the mark that it carries. */
export async function rememberedOf(admin: Session, { database }: Golden): Promise<Once | null> {
  const [row] = await admin.query<{ comment: string | null }>(sql`
    select pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database where datname = ${database}`);
  const mark = readMark(row?.comment ?? null, database);
  return mark?.kind === 'golden' ? (mark.once ?? null) : null;
}

/** Keeps it there. */
export async function remember(admin: Session, golden: Golden, once: Once): Promise<void> {
  const mark = writeMark({ kind: 'golden', golden, once });
  await admin.query(sql`comment on database ${id(golden.database)} is ${literal(mark)}`);
}

/**
 * Copies the source to a golden database in the same server.
 *
 * Errors  CLONE_SOURCE_BUSY: sessions are named, never ended.
 */
export async function takeTemplateGolden(
  admin: Session,
  plan: { readonly source: string; readonly generation: number },
): Promise<Golden> {
  const takenAt = now();
  const database = goldenName(plan.source, plan.generation);
  const [row] = await admin.query<Record<string, string>>(sql`
    select oid::text, pg_catalog.pg_get_userbyid(datdba) as owner, pg_catalog.pg_database_size(oid)::text as bytes,
           (select system_identifier::text from pg_catalog.pg_control_system()) as system,
           (select timeline_id::text from pg_catalog.pg_control_checkpoint()) as timeline
    from pg_catalog.pg_database where datname = ${plan.source}`);
  const strategy = fixed(admin.serverVersion >= 150_000 ? 'strategy file_copy' : '');
  const owner = id(row?.['owner'] ?? 'postgres');
  await admin
    .query(
      sql`create database ${id(database)} template ${id(plan.source)} owner ${owner} allow_connections false ${strategy}`,
    )
    .catch(async (cause: unknown) => {
      throw sqlStateOf(cause) === '55006' ? await busy(admin, { source: plan.source, cause }) : cause;
    });
  const golden: Golden = {
    provider: 'template',
    generation: plan.generation,
    source: {
      database: plan.source,
      systemIdentifier: row?.['system'] ?? '',
      timeline: Number(row?.['timeline']),
      databaseOid: row?.['oid'] ?? '',
      serverVersion: admin.serverVersion,
    },
    takenAt,
    proofLevel: 'lineage',
    method: 'copy',
    bytes: Number(row?.['bytes']),
    durationMs: elapsed({ from: takenAt, to: now() }),
    database,
  };
  await admin.query(sql`comment on database ${id(database)} is ${literal(writeMark({ kind: 'golden', golden }))}`);
  await admin.query(sql`alter database ${id(database)} with is_template true`);
  return golden;
}

async function busy(admin: Session, plan: { readonly source: string; readonly cause: unknown }): Promise<OneRoofError> {
  const sessions = await admin.query<{ who: string }>(sql`
    select pg_catalog.format('%s (%s, pid %s)', usename, application_name, pid) as who
    from pg_catalog.pg_stat_activity where datname = ${plan.source} limit 5`);
  return new OneRoofError('CLONE_SOURCE_BUSY', {
    problem: `sessions are connected to ${printable(plan.source)}: ${printable(sessions.map(({ who }) => who).join(', '))}`,
    fix: 'ask them to disconnect, or use the provider "physical", which copies a live database',
    cause: plan.cause,
  });
}
