import { printable } from '../core/index.ts';
import { type Outcome } from './rollout.ts';

/** The timeline of a server in recovery, which has none of its own. */
export const standby = 'standby';

/** What tells one running server and database from another. */
export interface ServerIdentity {
  readonly systemIdentifier: string;
  readonly timeline: string;
  readonly databaseOid: string;
  /** When the server was started: a backend of before that is gone. */
  readonly startedAt: string;
  /** `synchronous_standby_names`: where it is empty, COMMIT waits for no standby. */
  readonly standbys: string;
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
  /** `waiting`: its COMMIT is on disk, and waits for a synchronous standby. */
  readonly backend: 'gone' | 'alive' | 'waiting';
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
  if (now.timeline === standby)
    return unknown(
      'a standby answers at this address, and what it has may be old',
      'the address of the executor: it has to lead to the primary; then run the same command again',
    );
  if (now.timeline !== before.timeline)
    return unknown(
      `the timeline changed from ${before.timeline} to ${now.timeline}: a standby was promoted`,
      'gate.markers in the new primary and in the old one: what had not arrived is lost',
    );
  const isRestarted = now.startedAt !== before.startedAt;
  if (!isRestarted && backend === 'waiting')
    return unknown(
      `its COMMIT is on the primary's disk, and the server process ${old.pid} waits for a synchronous standby`,
      `the standbys that synchronous_standby_names wants (${printable(now.standbys)}): mend them, or the setting; then run the same command again`,
    );
  if (!isRestarted && backend === 'alive')
    return unknown(
      `the server process ${old.pid} still works on it`,
      `select * from pg_stat_activity where pid = ${old.pid}; when it is gone, run the same command again`,
    );
  if (mark === 'absent') return { outcome: 'not-applied' };
  // whoever ended the process, or the server, may have ended its wait for a standby: no answer told
  const mayLack = before.standbys !== '' || now.standbys !== '';
  return { outcome: 'applied', replication: mayLack ? 'uncertain' : 'as-configured' };
}
