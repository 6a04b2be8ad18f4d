import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { OneRoofError, printable, stated, type Stated } from '../../core/index.ts';
import { type Connection, describe, id, identifySystem, type Session, sql } from '../../database/index.ts';
import { type CloneSetup } from '../../setup/index.ts';
import { type SourceIdentity } from '../clone.ts';
import { requireDumpRights } from '../dump/source.io.ts';
import { noSpace } from '../providers/copy.io.ts';
import { readCopiedSettings } from '../providers/generation.io.ts';
import { type SourceSettings } from '../providers/neutral.ts';

/** The basebackup provider's part of the setup. */
export type BasebackupSetup = Extract<CloneSetup, { provider: 'basebackup' }>;

/** What is known of production before its files are copied. */
export interface BackupSource {
  readonly identity: SourceIdentity;
  readonly isStandby: boolean;
  readonly superuser: string;
  readonly segmentBytes: bigint;
  /** Of all databases of the server that the role may ask about. */
  readonly bytes: number;
  readonly settings: SourceSettings;
}

/** Reads who production is, and what a copy of its files needs and lacks. */
export async function readBackupSource(session: Session): Promise<BackupSource> {
  const [row] = await session.query<Record<string, string | null>>(sql`
    select (select system_identifier::text from pg_catalog.pg_control_system()) as system,
           (select timeline_id::text from pg_catalog.pg_control_checkpoint()) as timeline,
           (select oid::text from pg_catalog.pg_database where datname = pg_catalog.current_database()) as oid,
           (select rolname from pg_catalog.pg_roles where rolsuper and rolcanlogin order by oid limit 1) as superuser,
           (select setting from pg_catalog.pg_settings where name = 'wal_segment_size') as segment,
           (select pg_catalog.sum(pg_catalog.pg_database_size(oid))::text from pg_catalog.pg_database
             where pg_catalog.has_database_privilege(oid, 'connect') or pg_catalog.pg_has_role('pg_read_all_stats', 'usage')) as bytes,
           pg_catalog.pg_is_in_recovery()::text as standby`);
  return {
    identity: {
      database: session.connection.database,
      systemIdentifier: row?.['system'] ?? '',
      timeline: Number(row?.['timeline'] ?? 0),
      databaseOid: row?.['oid'] ?? '',
      serverVersion: session.serverVersion,
    },
    isStandby: row?.['standby'] === 'true',
    superuser: row?.['superuser'] ?? 'postgres',
    segmentBytes: BigInt(row?.['segment'] ?? '16777216'),
    bytes: Number(row?.['bytes'] ?? 0),
    settings: await readCopiedSettings(session),
  };
}

/** Connections for replication and slots that a copy has at one time: the files, their WAL, and the WAL up to the snapshot. */
const needed = { senders: 2, slots: 2 } as const;

/**
 * Refuses what could not be copied, before anything is read: rights, free connections and slots, tablespaces, the address in pg_hba.conf, room on the disk.
 *
 * Errors  CLONE_BACKUP_DENIED, CLONE_DUMP_RIGHTS, CLONE_TABLESPACES, CLONE_NO_SPACE; those of a connection.
 */
export async function requireBackup(
  session: Session,
  of: { readonly setup: BasebackupSetup; readonly source: BackupSource; readonly folder: string },
): Promise<void> {
  const { setup, source } = of;
  const where = describe(session.connection);
  const role = id(session.connection.user).text;
  const [row] = await session.query<Record<'may' | 'level' | 'senders' | 'slots' | 'tablespaces', string>>(sql`
    select (select (rolsuper or rolreplication)::text from pg_catalog.pg_roles where rolname = current_user) as may,
      pg_catalog.current_setting('wal_level') as level,
      (pg_catalog.current_setting('max_wal_senders')::integer - (select pg_catalog.count(*) from pg_catalog.pg_stat_replication))::text as senders,
      (pg_catalog.current_setting('max_replication_slots')::integer - (select pg_catalog.count(*) from pg_catalog.pg_replication_slots))::text as slots,
      (select pg_catalog.string_agg(spcname, ', ' order by spcname) from pg_catalog.pg_tablespace where spcname !~ '^pg_') as tablespaces`);
  const denied = (what: Stated, fix: string, cause?: unknown): OneRoofError =>
    new OneRoofError('CLONE_BACKUP_DENIED', {
      problem: `${where}: ${what.problem}`,
      facts: { ...what.facts, connection: where },
      fix,
      ...(cause === undefined ? {} : { cause }),
    });
  if (row?.may !== 'true')
    throw denied(
      stated`the role may not copy files over the replication protocol`,
      `as a superuser: alter role ${printable(role)} replication; (oneroof grants --for-basebackup prints all of it)`,
    );
  if (row.level === 'minimal')
    throw denied(
      stated`the server has wal_level = minimal`,
      'set wal_level = replica there and restart it, or use the provider "dump"',
    );
  for (const [name, free, need] of [
    ['max_wal_senders', row.senders, needed.senders],
    ['max_replication_slots', row.slots, needed.slots],
  ] as const)
    if (Number(free) < need)
      throw denied(
        stated`a copy needs ${{ needed: need }} more of ${{ setting: name }}, and ${{ free }} are free`,
        `raise ${name} there and restart the server, or end what uses them: see pg_stat_replication and pg_replication_slots`,
      );
  if (row.tablespaces)
    throw new OneRoofError('CLONE_TABLESPACES', {
      ...stated`${{ connection: where }} has tablespaces of its own (${{ tablespaces: printable(row.tablespaces) }}); the provider basebackup copies the data directory only`,
      fix: 'use the provider "dump"',
    });
  if (setup.proof === 'exact') await requireDumpRights(session);
  await requireReplication(session.connection, source).catch((error: unknown) => {
    const refused = error instanceof OneRoofError && ['CONNECT_PASSWORD', 'CONNECT_FAILED'].includes(error.code);
    throw refused
      ? denied(
          stated`the server refused a connection for replication: ${{ why: error.problems[0].problem }}`,
          `add a line to pg_hba.conf there, e.g.: hostssl replication ${printable(role)} ADDRESS scram-sha-256, then: select pg_reload_conf();`,
          error,
        )
      : error;
  });
  const space = existsSync(of.folder) ? await statfs(of.folder) : null;
  const free = space === null ? Number.POSITIVE_INFINITY : space.bavail * space.bsize;
  if (free < source.bytes)
    throw noSpace(of.folder, `production has at least ${source.bytes} bytes in its databases, ${free} are free`);
}

/** The server that answers for replication must be the one that answers for SQL: a pooler may lead elsewhere. */
async function requireReplication(connection: Connection, { identity }: BackupSource): Promise<void> {
  const { systemIdentifier } = await identifySystem(connection, { applicationName: 'oneroof golden' });
  if (systemIdentifier === identity.systemIdentifier) return;
  throw new OneRoofError('CLONE_BACKUP_DENIED', {
    ...stated`${{ connection: describe(connection) }}: the server that answers for replication is not the one that answers for SQL`,
    fix: 'name the server itself in "backup:", not a pooler',
  });
}
