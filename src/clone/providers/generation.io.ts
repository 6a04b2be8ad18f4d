import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries, type Session, sql } from '../../database/index.ts';
import { type Golden, type KeptReadings } from '../clone.ts';
import { giveToServer } from './copy.io.ts';
import { type SourceSettings } from './neutral.ts';

/** The golden record of one generation on disk, with the role to administer the copy as. */
export interface GenerationRecord {
  readonly golden: Golden;
  readonly superuser: string;
  readonly once?: KeptReadings;
}

/** Writes the record of a generation beside its data, whole or not at all. */
export async function writeRecord(folder: string, record: GenerationRecord): Promise<void> {
  const path = join(folder, 'golden.json');
  await writeFile(`${path}.draft`, JSON.stringify(record));
  await rename(`${path}.draft`, path);
}

/** Writes a file that the server reads. */
export async function giveFile(
  path: string,
  file: { readonly text: string; readonly runAs: Binaries['runAs'] },
): Promise<void> {
  await writeFile(path, file.text, { mode: 0o600 });
  await giveToServer(path, file.runAs);
}

/** Gives a data directory the configuration of a copy, and allows connections only by its socket. */
export async function giveConfiguration(
  data: string,
  { configuration, runAs }: { readonly configuration: string; readonly runAs: Binaries['runAs'] },
): Promise<void> {
  const files = {
    'postgresql.conf': configuration,
    'postgresql.auto.conf': '',
    'pg_hba.conf': 'local all all trust\n',
    'pg_ident.conf': '',
  };
  for (const [name, text] of Object.entries(files)) await giveFile(join(data, name), { text, runAs });
}

/** Reads what a copy takes over of its source's settings. */
export async function readCopiedSettings(session: Session): Promise<SourceSettings> {
  const [row] = await session.query<Record<'prepared' | 'locks' | 'connections' | 'meaning', string | null>>(sql`
    select pg_catalog.current_setting('max_prepared_transactions') as prepared,
           pg_catalog.current_setting('max_locks_per_transaction') as locks,
           pg_catalog.current_setting('max_connections') as connections,
           (select pg_catalog.json_object_agg(name, reset_val)::text from pg_catalog.pg_settings
            where source <> 'default' and name in ('default_text_search_config', 'lc_time', 'bytea_output')) as meaning`);
  return {
    maxPreparedTransactions: row?.prepared ?? '0',
    maxLocksPerTransaction: row?.locks ?? '64',
    maxConnections: row?.connections ?? '100',
    meaning: JSON.parse(row?.meaning ?? '{}') as Record<string, string>,
  };
}
