import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { elapsed, now, OneRoofError } from '../../core/index.ts';
import {
  type Binaries,
  describe,
  fixed,
  id,
  literal,
  openSession,
  type Session,
  sql,
  startServer,
} from '../../database/index.ts';
import { type CloneSetup } from '../../setup/index.ts';
import { type Golden, type Once, type SourceIdentity } from '../clone.ts';
import { goldenName } from '../mark.ts';
import { type Copied, copyDataDirectory, copyOne, own } from './copy.io.ts';
import { neutralConfiguration, type SourceSettings, walSegments } from './neutral.ts';

/** The physical provider's part of the setup. */
export type PhysicalSetup = Extract<CloneSetup, { provider: 'physical' }>;

/** What is known of a live source before it is copied. */
export interface Source {
  readonly identity: SourceIdentity;
  readonly dataDirectory: string;
  readonly superuser: string;
  readonly segmentBytes: number;
  readonly settings: SourceSettings;
}

/** The golden record of one generation on disk, with the role to administer the copy as. */
export interface GenerationRecord {
  readonly golden: Golden;
  readonly superuser: string;
  readonly once?: Once;
}

/** The options of taking a golden generation. */
export interface GoldenOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (bytes: { done: number; total: number }) => void;
}

/**
 * Reads who the source is, and that its data directory is on this host.
 *
 * Errors  CLONE_SOURCE_NOT_LOCAL, CLONE_TABLESPACES.
 */
export async function readSource(session: Session, setup: PhysicalSetup): Promise<Source> {
  const [row] = await session.query<Record<string, string | null>>(sql`
    select (select system_identifier::text from pg_catalog.pg_control_system()) as system,
           (select timeline_id::text from pg_catalog.pg_control_checkpoint()) as timeline,
           (select oid::text from pg_catalog.pg_database where datname = pg_catalog.current_database()) as oid,
           (select rolname from pg_catalog.pg_roles where rolsuper and rolcanlogin order by oid limit 1) as superuser,
           (select setting from pg_catalog.pg_settings where name = 'wal_segment_size') as segment,
           (select setting from pg_catalog.pg_settings where name = 'data_directory') as data,
           (select count(*)::text from pg_catalog.pg_tablespace) as tablespaces,
           pg_catalog.current_setting('max_prepared_transactions') as prepared,
           pg_catalog.current_setting('max_locks_per_transaction') as locks,
           pg_catalog.current_setting('max_connections') as connections,
           (select pg_catalog.json_object_agg(name, reset_val)::text from pg_catalog.pg_settings
            where source <> 'default' and name in ('default_text_search_config', 'lc_time', 'bytea_output')) as meaning`);
  const dataDirectory = setup.dataDirectory ?? row?.['data'] ?? null;
  const systemIdentifier = row?.['system'] ?? '';
  if (dataDirectory === null || systemAt(dataDirectory) !== systemIdentifier) {
    throw new OneRoofError('CLONE_SOURCE_NOT_LOCAL', {
      problem: `the data directory of ${describe(setup.backup)} is not readable on this host (${dataDirectory ?? 'the server does not tell where it is'})`,
      fix: 'run this on the host of the source as root or as its server user, and `GRANT pg_read_all_settings` to the role or set "dataDirectory:"; else use the provider "template"',
    });
  }
  if (Number(row?.['tablespaces']) > 2) {
    throw new OneRoofError('CLONE_TABLESPACES', {
      problem: `${describe(setup.backup)} has tablespaces of its own; the physical provider copies the data directory only`,
      fix: 'use the provider "template" on a clone server',
    });
  }
  return {
    identity: {
      database: setup.backup.database,
      systemIdentifier,
      timeline: Number(row?.['timeline']),
      databaseOid: row?.['oid'] ?? '',
      serverVersion: session.serverVersion,
    },
    dataDirectory,
    superuser: row?.['superuser'] ?? 'postgres',
    segmentBytes: Number(row?.['segment']),
    settings: {
      maxPreparedTransactions: row?.['prepared'] ?? '0',
      maxLocksPerTransaction: row?.['locks'] ?? '64',
      maxConnections: row?.['connections'] ?? '100',
      meaning: JSON.parse(row?.['meaning'] ?? '{}') as Record<string, string>,
    },
  };
}

/** The first eight bytes of pg_control are the system identifier, in the machine's (little-endian) order. */
function systemAt(dataDirectory: string): string | null {
  try {
    return readFileSync(join(dataDirectory, 'global/pg_control')).readBigUInt64LE(0).toString();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/**
 * Takes one golden generation: a base backup of the live source, neutralised before its first start. It is written as a draft and
 * renamed at the end, so an interruption leaves a draft only.
 *
 * Errors  those of readSource; CLONE_BACKUP_DENIED, CLONE_NO_SPACE, CLONE_WAL_GONE, INTERRUPTED, SERVER_START.
 * Source  PostgreSQL manual, "Making a Base Backup Using the Low Level API".
 */
export async function takeGolden(
  plan: { readonly setup: PhysicalSetup; readonly binaries: Binaries; readonly generation: number },
  options: GoldenOptions,
): Promise<GenerationRecord> {
  const { setup, binaries, generation } = plan;
  const takenAt = now();
  const draft = join(setup.folder, `draft-${process.pid}-${generation}`);
  const session = await openSession(setup.backup, { applicationName: 'oneroof golden' });
  try {
    const source = await readSource(session, setup);
    await mkdir(draft, { mode: 0o700 });
    await own(draft, binaries.runAs);
    const data = join(draft, 'data');
    const copied = await backUp(session, { ...options, source, data, runAs: binaries.runAs });
    const configuration = neutralConfiguration({
      settings: source.settings,
      major: binaries.major,
      reflink: copied.method === 'reflink',
    });
    const files = {
      'postgresql.conf': configuration,
      'postgresql.auto.conf': '',
      'pg_hba.conf': 'local all all trust\n',
      'pg_ident.conf': '',
    };
    for (const [name, text] of Object.entries(files)) await give(join(data, name), { text, runAs: binaries.runAs });
    const database = goldenName(source.identity.database, generation);
    await prepare({ data, binaries, source, database });
    const golden: Golden = {
      provider: 'physical',
      generation,
      source: source.identity,
      takenAt,
      proofLevel: 'lineage',
      method: copied.method,
      bytes: copied.bytes,
      durationMs: elapsed({ from: takenAt, to: now() }),
      database,
    };
    const record = { golden, superuser: source.superuser };
    await writeRecord(draft, record);
    await rename(draft, join(setup.folder, `generation-${generation}`));
    return record;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  } finally {
    // closing the session ends a backup that was not stopped
    await session.close();
  }
}

/** Writes the record of a generation beside its data, whole or not at all. */
export async function writeRecord(folder: string, record: GenerationRecord): Promise<void> {
  const path = join(folder, 'golden.json');
  await writeFile(`${path}.draft`, JSON.stringify(record));
  await rename(`${path}.draft`, path);
}

async function give(path: string, file: { readonly text: string; readonly runAs: Binaries['runAs'] }): Promise<void> {
  await writeFile(path, file.text, { mode: 0o600 });
  await own(path, file.runAs);
}

async function backUp(
  session: Session,
  plan: GoldenOptions & { readonly source: Source; readonly data: string; readonly runAs: Binaries['runAs'] },
): Promise<Copied> {
  const { source, data, runAs } = plan;
  const modern = session.serverVersion >= 150_000;
  const start = modern
    ? sql`select pg_catalog.pg_backup_start('oneroof', true)::text`
    : sql`select pg_catalog.pg_start_backup('oneroof', true, false)::text`;
  await session.query(start).catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== '42501') throw cause;
    throw new OneRoofError('CLONE_BACKUP_DENIED', {
      problem: `${describe(session.connection)} may not call ${modern ? 'pg_backup_start' : 'pg_start_backup'}`,
      fix: modern
        ? 'as a superuser: GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean) TO the role'
        : 'as a superuser: GRANT EXECUTE ON FUNCTION pg_start_backup(text, boolean, boolean), pg_stop_backup(boolean, boolean) TO the role',
      cause,
    });
  });
  const copied = await copyDataDirectory({ ...plan, from: source.dataDirectory, to: data });
  const [stopped] = await session.query<{ lsn: string; label: string }>(
    modern
      ? sql`select lsn::text, labelfile as label from pg_catalog.pg_backup_stop(false)`
      : sql`select lsn::text, labelfile as label from pg_catalog.pg_stop_backup(false, false)`,
  );
  const label = stopped?.label ?? '';
  await give(join(data, 'backup_label'), { text: label, runAs });
  for (const name of walSegments({ label, stop: stopped?.lsn ?? '0/0', segmentBytes: source.segmentBytes })) {
    if (await copyOne({ from: source.dataDirectory, to: data, path: `pg_wal/${name}`, runAs })) continue;
    throw new OneRoofError('CLONE_WAL_GONE', {
      problem: `WAL segment ${name} was recycled by the source before it could be copied`,
      fix: 'raise wal_keep_size on the source to what it writes during a copy, or run this at a quieter time',
    });
  }
  return copied;
}

/** The first start: replays the WAL, removes what could reach out, and turns the source's database into the golden one. */
async function prepare(plan: {
  readonly data: string;
  readonly binaries: Binaries;
  readonly source: Source;
  readonly database: string;
}): Promise<void> {
  const { binaries, data, source, database } = plan;
  // a login event trigger of the source must not run here
  const settings: Record<string, string> = binaries.major >= 17 ? { event_triggers: 'off' } : {};
  const server = await startServer({ binaries, data, superuser: source.superuser, settings, network: 'none' });
  try {
    const own = await openSession(server.connection(source.identity.database), { applicationName: 'oneroof golden' });
    try {
      // rows, not DROP SUBSCRIPTION: that would connect to the publisher and drop the slot that production uses
      await own.query(sql`delete from pg_catalog.pg_subscription_rel`);
      await own.query(sql`delete from pg_catalog.pg_shdepend where classid = 'pg_catalog.pg_subscription'::regclass`);
      await own.query(sql`delete from pg_catalog.pg_subscription`);
      const prepared = await own.query<{ gid: string }>(
        sql`select gid from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()`,
      );
      for (const { gid } of prepared) await own.query(sql`rollback prepared ${literal(gid)}`);
    } finally {
      await own.close();
    }
    const admin = await openSession(server.connection('template1'), { applicationName: 'oneroof golden' });
    try {
      const others = await admin.query<{ name: string }>(sql`
        select datname as name from pg_catalog.pg_database
        where datname not in ('template0', 'template1', 'postgres', ${source.identity.database})`);
      for (const { name } of others) {
        await admin.query(sql`alter database ${id(name)} with is_template false`);
        await admin.query(sql`drop database ${id(name)} ${fixed('with (force)')}`);
      }
      await admin.query(sql`alter database ${id(source.identity.database)} rename to ${id(database)}`);
      await admin.query(sql`alter database ${id(database)} with is_template true allow_connections false`);
      await admin.query(sql`checkpoint`);
    } finally {
      await admin.close();
    }
  } finally {
    await server.stop();
  }
}
