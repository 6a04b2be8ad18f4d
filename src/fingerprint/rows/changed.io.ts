import { setTimeout as sleep } from 'node:timers/promises';
import { type Session, sql } from '../../database/index.ts';
import { type Range } from './changed.ts';
import { changedBlocks, summarized } from './changed.sql.ts';
import { type ChangeMark } from '../fingerprint.ts';

/** A mark, or why this server cannot say which blocks changed. */
export type Marked = ChangeMark | { readonly unavailable: string };

/** The changed blocks of one database by file. */
export type ChangedFiles = ReadonlyMap<string, readonly Range[]>;

/**
 * Reads the present position of the WAL.
 *
 * Source  PostgreSQL manual, "WAL Summarization"; docs/FORMAT.md "Changed blocks".
 */
export async function markChanges(session: Session): Promise<Marked> {
  try {
    if (session.serverVersion < 170_000) return { unavailable: 'the clone server is older than PostgreSQL 17' };
    const [setting] = await session.query<{ on: string }>(sql`select current_setting('summarize_wal') as on`);
    if (setting?.on !== 'on') return { unavailable: 'summarize_wal is off on the clone server' };
    // summaries end at checkpoints: with one here, what made the clone is not among what changed it
    await session.query(sql`checkpoint`);
    const [at] = await session.query<{ lsn: string; timeline: string }>(
      sql`select redo_lsn::text as lsn, timeline_id::text as timeline from pg_control_checkpoint()`,
    );
    return { lsn: at?.lsn ?? '', timeline: Number(at?.timeline) };
  } catch (error) {
    return { unavailable: denied(error) };
  }
}

/** How long the summaries are waited for. Measured: 1 to 12 ms after a checkpoint; the rest is for a busy machine. */
const patience = 20_000;

/** The changed blocks since a mark, to be compared more than once while no one writes; or why there are none to be had. */
export async function changedSince(
  session: Session,
  mark: Marked,
): Promise<{ readonly files: ChangedFiles } | { readonly unavailable: string }> {
  if ('unavailable' in mark) return mark;
  const files = await readRowChanges(session, mark);
  return 'unavailable' in files ? files : { files };
}

/** The blocks of the session's database that changed since a mark, or why this is unknown. */
export async function readRowChanges(
  session: Session,
  mark: ChangeMark,
): Promise<ChangedFiles | { readonly unavailable: string }> {
  try {
    const [end] = await session.query<{ lsn: string; timeline: string }>(sql`
      select pg_current_wal_insert_lsn()::text as lsn, (select timeline_id::text from pg_control_checkpoint()) as timeline`);
    if (Number(end?.timeline) !== mark.timeline) return { unavailable: 'the timeline of the clone server changed' };
    await session.query(sql`checkpoint`);
    const until = performance.now() + patience;
    for (;;) {
      const [row] = await session.query<{ state: string }>(summarized(mark, end?.lsn ?? ''));
      if (row?.state === 'there') break;
      if (row?.state === 'gap') return { unavailable: 'the WAL summaries have a gap' };
      if (performance.now() > until)
        return { unavailable: `the WAL summaries did not appear within ${patience / 1000} s` };
      await sleep(2);
    }
    const rows = await session.query<{ file: string; ranges: string }>(changedBlocks(mark));
    const files = new Map(rows.map(({ file, ranges }) => [file, JSON.parse(ranges) as Range[]]));
    return files.has('0') ? { unavailable: 'the clone was made after its mark' } : files;
  } catch (error) {
    return { unavailable: denied(error) };
  }
}

function denied(error: unknown): string {
  if ((error as { code?: string }).code !== '42501') throw error;
  return 'this role may not read WAL summaries (pg_read_server_files, pg_monitor, pg_checkpoint)';
}
