import { formatDuration, type Milliseconds, OneRoofError, printable } from '../core/index.ts';
import {
  openSession,
  openWire,
  readSome,
  runOn,
  type Session,
  setAll,
  sql,
  startTemporaryServer,
} from '../database/index.ts';
import { type CloneSetup } from '../setup/index.ts';
import { findOtherOrders, readCollations, refuseOtherOrders } from './collation.io.ts';
import { type BasebackupSetup } from './basebackup/index.ts';
import { copyTexts, type TableFacts } from './dump/facts.ts';
import { prepareServer } from './dump/restore.io.ts';
import { readCopiedTables, readDumpSource } from './dump/source.io.ts';
import { type DumpSetup } from './dump/fill.io.ts';
import { freeAt } from './look.io.ts';
import { type PhysicalSetup } from './providers/physical.io.ts';
import { noSpace } from './providers/copy.io.ts';
import { shareText } from './explain-origin.ts';
import { sizeText } from './recommend.ts';
import { sparedBytes } from './sample/take-sample.io.ts';
import { binariesOf, copiedFrom } from './take-copy.io.ts';

/** What a golden copy would cost now, and what may surprise later. */
export interface GoldenEstimate {
  readonly text: string;
  readonly risks: readonly { readonly text: string; readonly fix: string }[];
}

/** So much of the largest table is read at most, and for so long. Bytes; milliseconds. */
const portion = 16 * 1024 * 1024;
const patience = 1500;

/**
 * Says whether a golden copy could be taken now and what it would cost, without taking one: an empty private server is asked for extensions, locales
 * and collations, the disk for room, and production for a few megabytes. Null where the provider's server does all that.
 *
 * Errors  CLONE_EXTENSION, CLONE_LOCALE, CLONE_COLLATION, CLONE_NO_SPACE, SERVER_NO_BINARIES, SERVER_START, those of a session.
 */
export async function estimateGolden(setup: CloneSetup): Promise<GoldenEstimate | null> {
  if (setup.provider === 'exec' || setup.provider === 'template') return null;
  const from = await openSession(copiedFrom(setup), {
    applicationName: 'oneroof doctor',
    settings: { default_transaction_read_only: 'on', statement_timeout: '10s' },
  });
  try {
    const binaries = binariesOf(setup, Math.floor(from.serverVersion / 10_000));
    const server = await startTemporaryServer({ binaries, network: 'none' });
    try {
      const admin = await openSession(server.connection('template1'), { applicationName: 'oneroof doctor' });
      try {
        return setup.provider === 'dump' ? await ofDump(from, { admin, setup }) : await ofFiles(from, { admin, setup });
      } finally {
        await admin.close();
      }
    } finally {
      await server.stop();
    }
  } finally {
    await from.close();
  }
}

async function ofDump(
  from: Session,
  of: { readonly admin: Session; readonly setup: DumpSetup },
): Promise<GoldenEstimate> {
  const { admin, setup } = of;
  const source = await readDumpSource(from);
  const orders = await findOtherOrders(admin, await readCollations(from));
  await prepareServer(admin, { source, from, database: 'oneroof_doctor' });
  const [row] = await from.query<{ bytes: string }>(
    sql`select pg_catalog.pg_database_size(pg_catalog.current_database())::text as bytes`,
  );
  const spared = await sparedBytes(from, setup.sample);
  const bytes = Number(row?.bytes ?? 0) - spared;
  const free = await requireRoom(setup.folder, bytes);
  const tables = await readCopiedTables(from);
  const rows = tables.reduce((sum, table) => sum + table.bytes, 0);
  const rate = await probe(setup, tables);
  return {
    text: `a golden copy could be taken now: reads ${sizeText(rows)} of production, takes up to ${sizeText(bytes)} here (${free})${setup.sample === undefined ? '' : `, and what the foreign keys of a sample of ${shareText(setup.sample)} add`}; ${timeText({ rows, rate, maxRate: setup.maxRate })}`,
    risks: orders.map((text) => ({
      text: `text may sort differently in clones: ${text}`,
      fix: 'indexes are built anew in the copy, so they are right there; what ORDER BY and ranges of text answer may differ. A clone server with the same libraries (bin:) would not differ',
    })),
  };
}

async function ofFiles(
  from: Session,
  of: { readonly admin: Session; readonly setup: PhysicalSetup | BasebackupSetup },
): Promise<GoldenEstimate> {
  refuseOtherOrders(await findOtherOrders(of.admin, await readCollations(from)));
  const [row] = await from.query<{ bytes: string }>(sql`
    select sum(case when has_database_privilege(oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage') then pg_catalog.pg_database_size(oid) else 0 end)::text as bytes from pg_catalog.pg_database`);
  const bytes = Number(row?.bytes ?? 0);
  const free = await freeAt(of.setup.folder);
  return {
    text: `a golden copy would take ${sizeText(bytes)} and WAL here${of.setup.provider === 'physical' ? ', or nothing where the file system shares blocks' : ''} (${free === null ? 'the free room is not known' : `${sizeText(free)} are free`})`,
    risks: [],
  };
}

/** Errors  CLONE_NO_SPACE. */
async function requireRoom(folder: string, bytes: number): Promise<string> {
  const free = await freeAt(folder);
  if (free === null) return 'the free room is not known';
  if (free < bytes) throw noSpace(folder, `${sizeText(bytes)} are needed, ${sizeText(free)} are free`);
  return `${sizeText(free)} are free`;
}

/** Bytes a second of one connection, by some megabytes of the largest table; null: there was too little to tell. */
async function probe(setup: DumpSetup, tables: readonly TableFacts[]): Promise<number | null> {
  const [largest] = tables
    .filter(({ heap, columns }) => heap && columns.length > 0)
    .toSorted((a, b) => b.bytes - a.bytes);
  if (largest === undefined || largest.pages === 0) return null;
  const wire = await openWire(setup.dump, { applicationName: 'oneroof doctor' });
  try {
    await runOn(
      wire,
      setAll({ default_transaction_read_only: 'on', lock_timeout: '1s', statement_timeout: '5s' }).text,
    );
    const { out } = copyTexts({ table: largest, range: { from: 0, to: portion / 8192 }, bytes: portion, only: null });
    const { bytes, ms } = await readSome(wire, out, {
      bytes: Math.min(portion, setup.maxRate ?? portion),
      ms: patience,
    });
    return bytes < 8192 ? null : (1000 * bytes) / Math.max(ms, 1);
  } catch (error) {
    // it is an estimate: a table that is locked now is no reason to fail
    if (error instanceof Error && 'code' in error && !(error instanceof OneRoofError)) return null;
    throw error;
  } finally {
    wire.close();
  }
}

function timeText(of: {
  readonly rows: number;
  readonly rate: number | null;
  readonly maxRate: number | null;
}): string {
  const { rows, rate, maxRate } = of;
  if (rate === null) return 'how long is not known: there is too little to measure by';
  const best = maxRate === null ? rate : Math.min(rate, maxRate);
  const time = formatDuration(Math.max(1000, (1000 * rows) / best) as Milliseconds);
  return printable(
    `rows in about ${time} over one connection (${sizeText(rate)} a second measured${maxRate === null ? '' : `, ${sizeText(maxRate)} allowed`}), then indexes and the comparison`,
  );
}
