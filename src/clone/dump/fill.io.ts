import { availableParallelism } from 'node:os';
import { formatSize, onAbort, OneRoofError, printable, stated } from '../../core/index.ts';
import { describe, fixed, id, openSession, type Server, type Session, sql, sqlStateOf } from '../../database/index.ts';
import { listSchema } from '../../fingerprint/index.ts';
import { type CloneSetup } from '../../setup/index.ts';
import { readActors } from '../actors.io.ts';
import { explainActors } from '../actors.ts';
import { type Golden, type GoldenOptions, type GoldenOrigin, isSampled } from '../clone.ts';
import { maskCopy } from '../mask/mask-copy.io.ts';
import { refusedRow, requireSample } from '../sample/require-sample.io.ts';
import { chooseRows } from '../sample/take-sample.io.ts';
import { copyPieces, type DumpSource } from './facts.ts';
import { guardDump } from './guard.io.ts';
import { dumpSchema } from './pg-dump.io.ts';
import { drawProofSeeds, proveCopy, readProductionRows } from './prove-copy.io.ts';
import { copyLargeObjects, prepareServer, restoreAfter, restoreBefore, setSequences } from './restore.io.ts';
import { copyRows, rateOf } from './copy-rows.io.ts';
import { readSourceGate, namesToLock, readLargeObjects, readSequencePositions, readCopiedTables } from './source.io.ts';

/** The dump provider's part of the setup. */
export type DumpSetup = Extract<CloneSetup, { provider: 'dump' }>;

/** How long production waits for a client that has vanished, and how often we say that we have not. Milliseconds. */
const idle = 60_000;
const heartbeat = 15_000;

/** What the copy has, once it is filled. */
export interface Filled {
  readonly origin: GoldenOrigin;
  readonly bytes: number;
  readonly proofLevel: Golden['proofLevel'];
  readonly changed: Pick<Golden, 'masks' | 'sample'>;
}

interface Filling {
  readonly setup: DumpSetup;
  readonly from: Session;
  readonly server: Server;
  readonly source: DumpSource;
  readonly database: string;
}

/** Fills the empty clone server. All that reads production happens here, between one snapshot's begin and its end. */
export async function fillCopy(of: Filling, options: GoldenOptions): Promise<Filled> {
  const { from, server, source, database, setup } = of;
  const ending = new AbortController();
  const abort = (): void => ending.abort();
  const stopListening = onAbort(options.signal, abort);
  const admin = await openSession(server.connection('template1'), { applicationName: 'oneroof golden' });
  const guard = await guardDump(from, { budget: { maxSnapshotAge: setup.maxSnapshotAge }, stop: abort });
  // a client that has vanished holds the snapshot for minutes at most, and one whose copy takes longer is not taken for such
  const alive = setInterval(() => void from.query(sql`select`).catch(() => undefined), heartbeat);
  const workers = Math.min(setup.jobs, Math.max(2, availableParallelism()));
  try {
    const lost = await prepareServer(admin, { source, from, database });
    const keep = await requireSample(from, setup.sample);
    const snapshot = await beginSnapshot(from);
    const objects = await listSchema(from);
    const tables = (await readCopiedTables(from)).filter(({ unlogged }) => !(unlogged && source.isStandby));
    const positions = await readSequencePositions(from);
    const seeds = drawProofSeeds();
    const choice = await chooseRows(from, { sample: setup.sample, keep, tables, seeds });
    const gate = await readSourceGate(from);
    const neutral = [...explainActors(await readActors(from), 'dump')];
    const copy = await openSession(server.connection(database), { applicationName: 'oneroof golden' });
    try {
      const dump = (section: 'pre-data' | 'post-data') =>
        dumpSchema(setup.dump, { section, snapshot, signal: ending.signal });
      const before = await restoreBefore(copy, { text: await dump('pre-data'), source });
      const post = await dump('post-data');
      await choice.check(copy);
      const total = tables.reduce((sum, table) => sum + table.bytes, 0);
      let done = 0;
      const ends = { from: setup.dump, to: server.connection(database), snapshot, rate: rateOf(setup.maxRate) };
      await copyRows({
        ends,
        pieces: copyPieces(tables, choice.chosen),
        jobs: setup.jobs,
        onDone: (piece) => options.onProgress?.({ done: (done += piece.bytes), total }),
        signal: ending.signal,
      }).catch((error: unknown) => {
        throw refusedRow(error, keep);
      });
      await choice.close(copy, { ends, signal: ending.signal });
      if (setup.sample !== undefined) await refuseGrown(admin, { database, room: options.room ?? null });
      const refused = await copyLargeObjects(from, copy, await readLargeObjects(from));
      const reading = { snapshot, seeds, only: choice.chosen, workers, signal: ending.signal };
      const rows = choice.withFetched(await readProductionRows(setup.dump, reading));
      // nothing more is asked of production: its snapshot is given back before indexes are built
      clearInterval(alive);
      await from.query(sql`rollback`);
      await guard.close();
      await setSequences(copy, positions);
      const after = await restoreAfter(server, { text: post, source, database, jobs: workers });
      if (gate !== null && options.gateSql !== undefined)
        await installCopiedGate(copy, options.gateSql({ serverVersion: copy.serverVersion, ...gate }));
      await copy.query(sql`analyze`);
      const { differs, ...proven } = await proveCopy({
        production: { rows, objects },
        copy: { connection: server.connection(database), objects: await listSchema(copy), workers },
        withoutLargeObjects: refused.length > 0,
        signal: ending.signal,
      });
      const skipped = source.isStandby ? ['rows of unlogged tables: a standby has none'] : [];
      const origin: GoldenOrigin = {
        server: describe(setup.dump),
        standby: source.isStandby,
        ...proven,
        neutral,
        leftOut: [
          ...differs,
          ...lost,
          ...before,
          ...after,
          ...refused,
          ...skipped,
          `subscriptions, passwords of roles, and ${gate === null ? 'the gate' : 'the contents of the gate: its functions are those of this program'}`,
        ],
      };
      await copy.close();
      // only now: what is masked was compared with production before
      const connection = server.connection(database);
      const masked = await maskCopy({ connection, mask: setup.mask, data: server.data, signal: options.signal });
      await seal(admin, database);
      const sampled = choice.record(rows);
      return {
        origin,
        changed: { ...masked, ...sampled },
        bytes: isSampled(sampled) ? await sizeOf(admin, database) : total,
        proofLevel: isSampled(sampled) ? 'sampled' : differs.length === 0 ? 'exact' : 'lineage',
      };
    } finally {
      await copy.close();
    }
  } catch (error) {
    throw guard.reason ?? refusedByServer(error);
  } finally {
    clearInterval(alive);
    stopListening();
    await guard.close();
    await admin.close();
  }
}

async function installCopiedGate(copy: Session, text: string): Promise<void> {
  await copy.script([sql`begin`, sql`${fixed(text)}`, sql`commit`]);
}

/** What either server said, as an error of ours. */
function refusedByServer(error: unknown): unknown {
  if (error instanceof OneRoofError || sqlStateOf(error) === '') return error;
  // a standby ends queries that hold up its replay
  if (sqlStateOf(error) === '40001')
    return new OneRoofError('CLONE_DUMP_FAILED', {
      ...stated`the standby ended the copy: ${{ said: printable(String((error as Error).message)) }}`,
      fix: 'as a superuser on the standby: alter system set max_standby_streaming_delay = -1; select pg_reload_conf(); or set hot_standby_feedback there, or read from the primary',
      cause: error,
    });
  return new OneRoofError('CLONE_DUMP_FAILED', {
    ...stated`the copy was ended: ${{ said: printable(String((error as Error).message)) }}`,
    fix: 'run the same command again',
    cause: error,
  });
}

/** A table that is altered meanwhile would be empty in the snapshot: all are locked, as pg_dump does it. Answers with the snapshot. */
async function beginSnapshot(from: Session): Promise<string> {
  await from.query(sql`set idle_in_transaction_session_timeout = ${fixed(`'${String(idle)}ms'`)}`);
  await from.query(sql`begin isolation level repeatable read read only`);
  await from.query(sql`set local lock_timeout = '5s'`);
  // SET and LOCK take no snapshot, so that what waits for a lock is seen as it is afterwards
  const tables = await namesToLock(from);
  for (let at = 0; at < tables.length; at += 200) {
    const part = tables.slice(at, at + 200).join(', ');
    await from.query(sql`lock table ${fixed(part)} in access share mode`);
  }
  const [row] = await from.query<{ snapshot: string }>(sql`select pg_catalog.pg_export_snapshot() as snapshot`);
  return row?.snapshot ?? '';
}

/** Errors  CLONE_CAP. */
async function refuseGrown(
  admin: Session,
  of: { readonly database: string; readonly room: number | null },
): Promise<void> {
  const bytes = await sizeOf(admin, of.database);
  if (of.room === null || bytes <= of.room) return;
  throw new OneRoofError('CLONE_CAP', {
    ...stated`no golden copy is made: with what is kept besides its share, the sample has ${{ size: formatSize(bytes) }}, and maxBytes leaves ${{ free: formatSize(of.room) }}`,
    fix: 'set a smaller clone.sample.share, or more maxBytes, in oneroof.yaml',
  });
}

async function sizeOf(admin: Session, database: string): Promise<number> {
  const [row] = await admin.query<{ bytes: string }>(
    sql`select pg_catalog.pg_database_size(${database}::name)::text as bytes`,
  );
  return Number(row?.bytes ?? 0);
}

/** From here on no one changes it. */
async function seal(admin: Session, database: string): Promise<void> {
  await admin.query(sql`alter database ${id(database)} with is_template true allow_connections false`);
  await admin.query(sql`checkpoint`);
}
