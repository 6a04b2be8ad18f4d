import { readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { elapsed, now, OneRoofError, stated } from '../../core/index.ts';
import { type Binaries, describe, openSession, type Session, sql } from '../../database/index.ts';
import { type CloneSetup } from '../../setup/index.ts';
import { readCollations } from '../collation.io.ts';
import { type Golden, type GoldenOptions, type SourceIdentity } from '../clone.ts';
import { goldenName } from '../mark.ts';
import { readOriginOfFiles } from '../origin.io.ts';
import { type Copied, copyDataDirectory, copyOne, giveToServer } from './copy.io.ts';
import { startCopyFirst } from './first-start.io.ts';
import {
  type GenerationRecord,
  giveConfiguration,
  giveFile,
  readCopiedSettings,
  writeRecord,
} from './generation.io.ts';
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
           (select count(*)::text from pg_catalog.pg_tablespace) as tablespaces`);
  const dataDirectory = setup.dataDirectory ?? row?.['data'] ?? null;
  const systemIdentifier = row?.['system'] ?? '';
  if (dataDirectory === null || systemAt(dataDirectory) !== systemIdentifier) {
    throw new OneRoofError('CLONE_SOURCE_NOT_LOCAL', {
      ...stated`the data directory of ${{ connection: describe(setup.backup) }} is not readable on this host (${{ dataDirectory: dataDirectory ?? 'the server does not show its path' }})`,
      fix: 'run this on the host of the source as root or as its server user, and `GRANT pg_read_all_settings` to the role or set "dataDirectory:"; else use the provider "template"',
    });
  }
  if (Number(row?.['tablespaces']) > 2) {
    throw new OneRoofError('CLONE_TABLESPACES', {
      ...stated`${{ connection: describe(setup.backup) }} has tablespaces of its own; the physical provider copies the data directory only`,
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
    settings: await readCopiedSettings(session),
  };
}

/** The first eight bytes of pg_control are the system identifier, in the machine's (little-endian) order. */
export function systemAt(dataDirectory: string): string | null {
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
    const from = await readOriginOfFiles(session, 'physical');
    await mkdir(draft, { mode: 0o700 });
    await giveToServer(draft, binaries.runAs);
    const data = join(draft, 'data');
    const copied = await copyRunning(session, { ...options, source, data, runAs: binaries.runAs });
    const configuration = neutralConfiguration({
      settings: source.settings,
      major: binaries.major,
      reflink: copied.method === 'reflink',
    });
    await giveConfiguration(data, { configuration, runAs: binaries.runAs });
    const database = goldenName(source.identity.database, generation);
    const { superuser } = source;
    const masked = await startCopyFirst({
      data,
      binaries,
      superuser,
      from: source.identity.database,
      database,
      mask: setup.mask,
      signal: options.signal,
      collations: await readCollations(session),
    });
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
      from,
      ...masked,
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

/**
 * Copies the data directory of a server that runs, with the WAL that makes the copy whole.
 *
 * Errors  CLONE_BACKUP_DENIED, CLONE_NO_SPACE, CLONE_WAL_GONE, INTERRUPTED.
 * Source  PostgreSQL manual, "Making a Base Backup Using the Low Level API".
 */
export async function copyRunning(
  session: Session,
  plan: Pick<GoldenOptions, 'signal' | 'onProgress'> & {
    readonly source: Pick<Source, 'dataDirectory' | 'segmentBytes'>;
    readonly data: string;
    readonly runAs: Binaries['runAs'];
  },
): Promise<Copied> {
  const { source, data, runAs } = plan;
  const modern = session.serverVersion >= 150_000;
  const start = modern
    ? sql`select pg_catalog.pg_backup_start('oneroof', true)::text`
    : sql`select pg_catalog.pg_start_backup('oneroof', true, false)::text`;
  await session.query(start).catch((cause: unknown) => {
    if ((cause as { code?: string }).code !== '42501') throw cause;
    throw new OneRoofError('CLONE_BACKUP_DENIED', {
      ...stated`${{ connection: describe(session.connection) }} may not call ${{ function: modern ? 'pg_backup_start' : 'pg_start_backup' }}`,
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
  await giveFile(join(data, 'backup_label'), { text: label, runAs });
  for (const name of walSegments({ label, stop: stopped?.lsn ?? '0/0', segmentBytes: source.segmentBytes })) {
    if (await copyOne({ from: source.dataDirectory, to: data, path: `pg_wal/${name}`, runAs })) continue;
    throw new OneRoofError('CLONE_WAL_GONE', {
      ...stated`WAL segment ${{ name }} was recycled by the source before it could be copied`,
      fix: 'raise wal_keep_size on the source to the amount of WAL that it writes during a copy, or run this when it writes less',
    });
  }
  return copied;
}
