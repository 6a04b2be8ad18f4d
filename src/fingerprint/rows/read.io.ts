import { type Session, type Sql, sql } from '../../database/index.ts';
import type { SequencePosition } from '../fingerprint.ts';
import { lockNotAvailable, lockReason, refusedState } from './lock.io.ts';
import { type Batch, chunks, type CatalogRelation, type RowRange } from './plan.ts';
import { type Tally } from './tally.ts';
import { type Hashing, type PieceAnswer, readPieces, readPositions } from './rows.sql.ts';

/** The work that readers share. */
export interface SharedWork {
  /** Taken from the front. */
  readonly queue: Batch[];
  readonly hashing: Hashing;
  readonly tally: Tally;
  /** Tables that the leader has locked. */
  readonly locked: ReadonlySet<string>;
  /** Called between queries; throws to stop. */
  readonly check: () => void;
  readonly done: (bytes: number) => void;
}

const sequencesPerQuery = 100;

/** A savepoint for each query: rolling back to it releases the locks on tables and all their indexes. */
export async function beginReading(session: Session): Promise<void> {
  await session.query(sql`savepoint reading`);
}

/**
 * Reads until the queue is empty.
 *
 * Shape   what this session could not lock although the leader has: someone waits for the table, so only the leader gets at it.
 */
export async function readQueue(session: Session, work: SharedWork): Promise<readonly RowRange[]> {
  const left: RowRange[] = [];
  for (let batch = work.queue.shift(); batch !== undefined; batch = work.queue.shift()) {
    work.check();
    left.push(...(await readBatch(session, { pieces: batch.pieces, work })));
    work.done(batch.bytes);
  }
  return left;
}

/** Reads the remaining relations with the session that has the locks. */
export async function readLeft(
  session: Session,
  of: { readonly left: readonly RowRange[]; readonly work: SharedWork },
): Promise<void> {
  for (const piece of of.left) {
    of.work.check();
    for (const { of: found } of await readBatch(session, { pieces: [piece], work: of.work }))
      of.work.tally.fail(found.name, 'could not be locked in time: another session holds one of its indexes');
  }
}

async function readBatch(
  session: Session,
  of: { readonly pieces: readonly RowRange[]; readonly work: SharedWork },
): Promise<readonly RowRange[]> {
  const { work } = of;
  const pieces = of.pieces.filter((piece) => !work.tally.hasFailed(piece.of.name));
  const [only] = pieces;
  if (only === undefined) return [];
  const { answers, error } = await ask<PieceAnswer>(session, readPieces(pieces, work.hashing));
  if (error === null) {
    for (const { at, ...answer } of answers) work.tally.add((pieces[Number(at)] as RowRange).of, answer);
    return [];
  }
  work.check();
  if (pieces.length > 1) {
    const left: RowRange[] = [];
    for (const piece of pieces) left.push(...(await readBatch(session, { pieces: [piece], work })));
    return left;
  }
  if (refusedState(error) === lockNotAvailable && work.locked.has(only.of.name)) return [only];
  work.tally.fail(only.of.name, lockReason(error));
  return [];
}

/** Runs one query, and gives back its locks and the error that it ended with. */
async function ask<Row extends object>(
  session: Session,
  statement: Sql,
): Promise<{ readonly answers: readonly Row[]; readonly error: unknown }> {
  try {
    const answers = await session.query<Row>(statement);
    return { answers, error: null };
  } catch (error) {
    refusedState(error);
    return { answers: [], error };
  } finally {
    await session.query(sql`rollback to savepoint reading`);
  }
}

/** Asks the files for their sizes where that cannot wait for a lock; elsewhere the catalogue's estimates stay. */
export async function measure(
  leader: Session,
  of: { readonly relations: readonly CatalogRelation[]; readonly locked: ReadonlySet<string> },
): Promise<readonly CatalogRelation[]> {
  const free = of.relations.filter(({ name, kind }) => of.locked.has(name) || kind === 'L');
  const { answers } = await ask<{ oid: string; pages: string; bytes: string }>(
    leader,
    sql`select f.oid::text as oid, (pg_relation_size(f.oid::oid) / current_setting('block_size')::bigint)::text as pages,
        (pg_relation_size(f.oid::oid) + coalesce(pg_relation_size(nullif(f.toast, '0')::oid), 0))::text as bytes
      from json_to_recordset(${JSON.stringify(free.map(({ oid, toast }) => ({ oid, toast })))}::json) f (oid text, toast text)`,
  );
  const sizes = new Map(answers.map(({ oid, pages, bytes }) => [oid, { pages: Number(pages), bytes: Number(bytes) }]));
  return of.relations.map((one) => ({ ...one, ...sizes.get(one.oid) }));
}

/** Reads where sequences stand; positions are not part of any snapshot. */
export async function readSequences(
  leader: Session,
  of: { readonly sequences: readonly CatalogRelation[]; readonly tally: Tally; readonly check: () => void },
): Promise<readonly SequencePosition[]> {
  const positions: SequencePosition[] = [];
  const read = async (some: readonly CatalogRelation[]): Promise<void> => {
    of.check();
    const { answers, error } = await ask<{ at: string; value: string; called: string; increment: string }>(
      leader,
      readPositions(some),
    );
    for (const { at, value, called, increment } of answers) {
      const { name } = some[Number(at)] as CatalogRelation;
      positions.push({ sequence: name, lastValue: value, isCalled: called === 'true', increment });
    }
    if (error === null) return;
    if (some.length > 1) for (const one of some) await read([one]);
    else for (const one of some) of.tally.fail(one.name, lockReason(error));
  };
  for (const chunk of chunks(of.sequences, sequencesPerQuery)) await read(chunk);
  return positions.sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
}
