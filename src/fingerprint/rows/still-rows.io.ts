import { type Session, sql } from '../../database/index.ts';
import type { DataFingerprint } from '../fingerprint.ts';
import { fingerprintOfRows, listRelations } from './hash-rows.io.ts';
import { divide } from './plan.ts';
import { beginReading, readQueue, readSequences } from './read.io.ts';
import { lanes } from './rows.sql.ts';
import { Tally } from './tally.ts';

/** Rows are read from the table and never from an index, which may differ from it. */
export const stillSettings = { enable_indexonlyscan: 'off', max_parallel_workers_per_gather: '0' } as const;

/**
 * Hashes all rows as captureRows does, by a session that is there, opened with `stillSettings`, of a private database to which no one writes
 * meanwhile: there is nothing to be locked, and one session reads everything.
 *
 * Shape   as captureRows.
 * Source  docs/FORMAT.md "Fingerprint".
 */
export async function captureStillRows(session: Session, seeds: readonly [string, string]): Promise<DataFingerprint> {
  await session.query(sql`begin isolation level repeatable read read only`);
  try {
    await beginReading(session);
    const found = await listRelations(session);
    const tally = new Tally(lanes.fast);
    for (const of of found) {
      if (of.reason !== null) tally.fail(of.name, of.reason);
      else if (of.kind !== 'S') tally.begin(of);
    }
    const known = found.filter(({ name }) => !tally.hasFailed(name));
    const readable = known.filter(({ kind, populated }) => kind !== 'S' && populated);
    const check = (): void => undefined;
    await readQueue(session, {
      queue: [...divide(readable, 1)],
      tally,
      locked: new Set(),
      hashing: { hash: 'fast', seeds, serverVersion: session.serverVersion },
      check,
      done: check,
    });
    const sequences = await readSequences(session, {
      sequences: known.filter(({ kind }) => kind === 'S'),
      tally,
      check,
    });
    return fingerprintOfRows({ hash: 'fast', seeds, tally, sequences });
  } finally {
    await session.query(sql`rollback`);
  }
}
