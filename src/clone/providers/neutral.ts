/** What the copy must take over from the source, because a crash recovery or a statement would fail without it. */
export interface SourceSettings {
  readonly maxPreparedTransactions: string;
  readonly maxLocksPerTransaction: string;
  readonly maxConnections: string;
  /** Defaults that change what a statement means, name by name. */
  readonly meaning: Readonly<Record<string, string>>;
}

/** The folders of a data directory that are made again and empty in a copy. Source: PostgreSQL manual, "Making a Base Backup". */
export const emptied = [
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
] as const;

const leftOut = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'postgresql.conf',
  'postgresql.auto.conf',
  'postgresql.auto.conf.tmp',
  'pg_hba.conf',
  'pg_ident.conf',
  'backup_label',
  'backup_label.old',
  'tablespace_map',
  'tablespace_map.old',
  'backup_manifest',
  'standby.signal',
  'recovery.signal',
  'current_logfiles',
  'log',
  'pg_log',
]);

/** Says whether a file or folder of a data directory stays out of the copy, by its path below the data directory. */
export function isLeftOut(path: string): boolean {
  const name = path.split('/').at(-1) ?? '';
  if (name.startsWith('pgsql_tmp') || name.startsWith('pg_internal.init')) return true;
  return !path.includes('/') && leftOut.has(name);
}

/** The copy's own postgresql.conf: nothing of it can reach out. It replaces the source's before the first start. */
export function neutralConfiguration(plan: {
  readonly settings: SourceSettings;
  readonly major: number;
  readonly reflink: boolean;
}): string {
  const { settings, major } = plan;
  const values: Record<string, string> = {
    ...settings.meaning,
    listen_addresses: '',
    port: '5432',
    max_connections: settings.maxConnections,
    max_prepared_transactions: settings.maxPreparedTransactions,
    max_locks_per_transaction: settings.maxLocksPerTransaction,
    archive_mode: 'off',
    archive_command: '',
    restore_command: '',
    primary_conninfo: '',
    shared_preload_libraries: '',
    max_logical_replication_workers: '0',
    wal_level: 'replica',
    fsync: 'off',
    autovacuum: 'off',
    // counts the calls of functions, which a rehearsal asks for; it changes no result
    track_functions: 'all',
    ...(major >= 17 ? { summarize_wal: 'on' } : {}),
    ...(major >= 18 && plan.reflink ? { file_copy_method: 'clone' } : {}),
  };
  return Object.entries(values)
    .map(
      ([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', ' ')}'\n`,
    )
    .join('');
}

/** The WAL segments of a base backup, first to last, from the label's words and the stop position. */
export function walSegments(plan: {
  readonly label: string;
  readonly stop: string;
  readonly segmentBytes: number;
}): readonly string[] {
  const match = /START WAL LOCATION: ([0-9A-F]+\/[0-9A-F]+) \(file ([0-9A-F]{8})/.exec(plan.label);
  if (match === null) return [];
  const size = BigInt(plan.segmentBytes);
  const perFile = 0x1_0000_0000n / size;
  const names: string[] = [];
  for (let number = position(match[1] ?? '') / size; number <= (position(plan.stop) - 1n) / size; number += 1n)
    names.push(`${match[2]}${hex(number / perFile)}${hex(number % perFile)}`);
  return names;
}

function position(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

function hex(value: bigint): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
