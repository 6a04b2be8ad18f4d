import { randomBytes } from 'node:crypto';
import { elapsed, now, OneRoofError, printable, stated } from '../../core/index.ts';
import { fixed, id, literal, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { type CloneSetup, type Target } from '../../setup/index.ts';
import { type DatabaseName, type Golden, type KeptReadings, type SourceIdentity } from '../clone.ts';
import { carryOver, leases } from '../lease.io.ts';
import { unlessHeld } from '../locks.io.ts';
import { levelOf, unlikeTargets } from '../level.ts';
import { maskCopy } from '../mask/mask-copy.io.ts';
import { draftName, goldenName, isDraft, readMark, writeMark } from '../mark.ts';
import { readOriginOnServer, readTargets } from '../origin.io.ts';

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
    ...stated`clones of ${{ source: printable(setup.source) }} would be made on its own server`,
    fix: 'if that server is not production, set "sameServer: true" of the clone provider; otherwise use the provider "physical"',
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

/** What was read of a golden copy once: it is in the mark that it carries. */
export async function rememberedOf(admin: Session, { database }: Golden): Promise<KeptReadings | undefined> {
  const [row] = await admin.query<{ comment: string | null }>(sql`
    select pg_catalog.shobj_description(oid, 'pg_database') as comment from pg_catalog.pg_database where datname = ${database}`);
  const mark = readMark(row?.comment ?? null, database);
  return mark?.kind === 'golden' ? mark.once : undefined;
}

/** Keeps it there. */
export async function remember(admin: Session, golden: Golden, once: KeptReadings): Promise<void> {
  const mark = writeMark({ kind: 'golden', golden, once });
  await admin.query(sql`comment on database ${id(golden.database)} is ${literal(mark)}`);
}

/** Who the source is, as its server says. */
export async function readTemplateSource(
  admin: Session,
  source: string,
): Promise<SourceIdentity & { readonly owner: string; readonly bytes: number }> {
  const [row] = await admin.query<Record<string, string>>(sql`
    select oid::text, pg_catalog.pg_get_userbyid(datdba) as owner, pg_catalog.pg_database_size(oid)::text as bytes,
           (select system_identifier::text from pg_catalog.pg_control_system()) as system,
           (select timeline_id::text from pg_catalog.pg_control_checkpoint()) as timeline
    from pg_catalog.pg_database where datname = ${source}`);
  return {
    database: source,
    systemIdentifier: row?.['system'] ?? '',
    timeline: Number(row?.['timeline']),
    databaseOid: row?.['oid'] ?? '',
    serverVersion: admin.serverVersion,
    owner: row?.['owner'] ?? 'postgres',
    bytes: Number(row?.['bytes']),
  };
}

/**
 * Copies the source to a golden database in the same server, and masks it. It has another name until it is complete.
 *
 * Errors  CLONE_SOURCE_BUSY: sessions are named, never ended; CLONE_MASK_INVALID, CLONE_MASK_FAILED.
 */
export async function takeTemplateGolden(
  admin: Session,
  plan: {
    readonly source: string;
    readonly generation: number;
    readonly targets: readonly Target[];
    readonly mask: TemplateSetup['mask'];
    readonly signal: AbortSignal | undefined;
  },
): Promise<Golden> {
  const takenAt = now();
  if (plan.mask !== undefined) await requireSuperuser(admin);
  const { owner, bytes, ...source } = await readTemplateSource(admin, plan.source);
  const from = await readOriginOnServer(admin, plan.source);
  const targets = await readTargets(plan.targets);
  const database = goldenName(plan.source, plan.generation);
  const draft = draftName(source, randomBytes(4).toString('hex'));
  const strategy = fixed(admin.serverVersion >= 150_000 ? 'strategy file_copy' : '');
  await admin
    .query(
      sql`create database ${id(draft)} template ${id(plan.source)} owner ${id(owner)} allow_connections false ${strategy}`,
    )
    .catch(async (cause: unknown) => {
      throw sqlStateOf(cause) === '55006' ? await busy(admin, { source: plan.source, cause }) : cause;
    });
  const masked = plan.mask === undefined ? {} : await maskDraft(admin, { draft, mask: plan.mask, signal: plan.signal });
  await carryOver(admin, { golden: plan.source, clone: draft });
  const golden: Golden = {
    provider: 'template',
    generation: plan.generation,
    source,
    takenAt,
    proofLevel: levelOf(source, targets),
    method: 'copy',
    bytes,
    durationMs: elapsed({ from: takenAt, to: now() }),
    database,
    from: { ...from, leftOut: [...from.leftOut, ...unlikeTargets(source, targets)] },
    ...masked,
  };
  await admin.query(sql`comment on database ${id(draft)} is ${literal(writeMark({ kind: 'golden', golden }))}`);
  await admin.query(sql`alter database ${id(draft)} with is_template true`);
  await admin.query(sql`alter database ${id(draft)} rename to ${id(database)}`);
  return golden;
}

/** To stop triggers, keep values out of the log and delete statistics. */
async function requireSuperuser(admin: Session): Promise<void> {
  const [role] = await admin.query<{ name: string; super: string }>(
    sql`select rolname as name, rolsuper::text as super from pg_catalog.pg_roles where rolname = current_user`,
  );
  if (role?.super === 'true') return;
  throw new OneRoofError('CLONE_MASK_FAILED', {
    ...stated`${{ role: printable(role?.name ?? '') }}, the role of admin, is not a superuser, and masking needs one with the provider "template"`,
    fix: 'let admin: of the clone provider name a superuser of that server, or use the provider "dump"',
  });
}

/** Masks a draft; only superusers can connect to it meanwhile. One that was not completed is dropped by its name. */
async function maskDraft(
  admin: Session,
  of: {
    readonly draft: DatabaseName;
    readonly mask: NonNullable<TemplateSetup['mask']>;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Pick<Golden, 'masks'>> {
  const { draft, ...masking } = of;
  try {
    await admin.query(sql`alter database ${id(draft)} with connection limit 0 allow_connections true`);
    const masked = await maskCopy({ connection: { ...admin.connection, database: draft }, ...masking, data: null });
    await admin.query(sql`alter database ${id(draft)} with connection limit -1 allow_connections false`);
    return masked;
  } catch (error) {
    await admin.query(sql`drop database if exists ${id(draft)} with (force)`);
    throw error;
  }
}

/** The number of the next generation: an older program may have left a database of that name without a mark, and it is not ours to drop. */
export async function nextGeneration(admin: Session, source: string): Promise<number> {
  const names = await admin.query<{ name: string }>(sql`select datname as name from pg_catalog.pg_database`);
  const [newest] = await templateGoldens(admin, source);
  let generation = (newest?.generation ?? 0) + 1;
  while (names.some(({ name }) => name === goldenName(source, generation))) generation += 1;
  return generation;
}

/** Drops golden copies that were not completed. Only who may take one now may ask for this: no other command takes one. */
export async function dropDrafts(admin: Session, source: string): Promise<readonly DatabaseName[]> {
  const identity = await readTemplateSource(admin, source);
  const names = await admin.query<{ name: DatabaseName }>(sql`select datname as name from pg_catalog.pg_database`);
  const drafts = names.map(({ name }) => name).filter((name) => isDraft(name, identity));
  for (const name of drafts) await dropGoldenDatabase(admin, name);
  return drafts;
}

/** Drops golden copies that are not the newest, that no clone was made of, and that no command uses. */
export async function dropUnusedGoldens(admin: Session, source: string): Promise<readonly DatabaseName[]> {
  const [, ...older] = await templateGoldens(admin, source);
  const dropped: DatabaseName[] = [];
  for (const { database } of older)
    await unlessHeld(admin, { purpose: 'use', name: database }, async () => {
      // read while it is held: a command that used it may have made a clone
      if ((await leases(admin)).some(({ golden }) => golden === database)) return;
      await dropGoldenDatabase(admin, database);
      dropped.push(database);
    });
  return dropped;
}

async function dropGoldenDatabase(admin: Session, database: DatabaseName): Promise<void> {
  await admin.query(sql`alter database ${id(database)} with is_template false`);
  await admin.query(sql`drop database ${id(database)} with (force)`);
}

async function busy(admin: Session, plan: { readonly source: string; readonly cause: unknown }): Promise<OneRoofError> {
  const sessions = await admin.query<{ who: string }>(sql`
    select pg_catalog.format('%s (%s, pid %s)', usename, application_name, pid) as who
    from pg_catalog.pg_stat_activity where datname = ${plan.source} limit 5`);
  return new OneRoofError('CLONE_SOURCE_BUSY', {
    ...stated`sessions are connected to ${{ source: printable(plan.source) }}: ${{ sessions: sessions.map(({ who }) => printable(who)) }}`,
    fix: 'ask them to disconnect, or use the provider "physical", which copies a live database',
    cause: plan.cause,
  });
}
