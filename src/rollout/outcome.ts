import { type Outcome } from './rollout.ts';

/** What tells one running server and database from another. */
export interface ServerIdentity {
  readonly systemIdentifier: string;
  readonly timeline: string;
  readonly databaseOid: string;
  /** When the server was started: a backend of before that is gone. */
  readonly startedAt: string;
}

/** A server process: its pid alone is used again. */
export interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

/** What was found after a connection was lost. */
export interface Findings {
  readonly before: ServerIdentity;
  /** Null: the server could not be reached. */
  readonly now: ServerIdentity | null;
  readonly backend: 'gone' | 'alive';
  /** The row that the transaction would have written. */
  readonly mark: 'present' | 'absent';
  readonly old: Backend;
}

/**
 * Decides what became of a transaction whose answer was lost. What is not proven is unknown.
 *
 * Source  docs/GLOSSARY.md "marker"; a COMMIT that hangs on a standby becomes committed when its backend ends, so the marker counts only
 *         once the backend is gone.
 */
export function decideOutcome({ before, now, backend, mark, old }: Findings): Outcome {
  const unknown = (why: string, look: string): Outcome => ({ outcome: 'unknown', why, look });
  if (now === null)
    return unknown('the server could not be reached again', 'start the server, then run the same command again');
  if (now.systemIdentifier !== before.systemIdentifier || now.databaseOid !== before.databaseOid)
    return unknown(
      'another database answers at this address',
      'the address of the executor, and what stands behind it',
    );
  if (now.timeline !== before.timeline)
    return unknown(
      `the timeline changed from ${before.timeline} to ${now.timeline}: a standby was promoted`,
      'gate.markers in the new primary and in the old one: what had not arrived is lost',
    );
  const isRestarted = now.startedAt !== before.startedAt;
  if (!isRestarted && backend === 'alive')
    return unknown(
      `the server process ${old.pid} still works on it, or waits for a standby`,
      `select * from pg_stat_activity where pid = ${old.pid}; when it is gone, run the same command again`,
    );
  return { outcome: mark === 'present' ? 'applied' : 'not-applied' };
}
