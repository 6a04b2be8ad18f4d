import { printable } from '../core/index.ts';
import { type TransactionOutcome } from './rollout.ts';

/** The timeline of a server in recovery, which has none of its own. */
export const standby = 'standby';

/** What distinguishes one running server and database from another. */
export interface ServerIdentity {
  readonly systemIdentifier: string;
  readonly timeline: string;
  readonly databaseOid: string;
  /** When the server was started: an earlier backend no longer exists. */
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
 * Decides the outcome of a transaction whose answer was lost. What is not proven is unknown.
 *
 * Source  docs/GLOSSARY.md "marker"; a COMMIT that hangs on a standby becomes committed when its backend ends, so the marker counts only
 *         once the backend is gone.
 */
export function decideOutcome({ before, now, backend, mark, old }: Findings): TransactionOutcome {
  const unknown = (why: string, look: string): TransactionOutcome => ({ outcome: 'unknown', why, look });
  if (now === null)
    return unknown('the server could not be reached again', 'start the server, then run the same command again');
  if (now.systemIdentifier !== before.systemIdentifier || now.databaseOid !== before.databaseOid)
    return unknown(
      'another database answers at this address',
      'the address of the executor, and which database it leads to',
    );
  if (now.timeline === standby)
    return unknown(
      'a standby answers at this address, and its data may be old',
      'the address of the executor: it must lead to the primary; then run the same command again',
    );
  if (now.timeline !== before.timeline)
    return unknown(
      `the timeline changed from ${before.timeline} to ${now.timeline}: a standby was promoted`,
      'gate.markers on the new primary and on the old one: what had not arrived is lost',
    );
  const isRestarted = now.startedAt !== before.startedAt;
  if (!isRestarted && backend === 'waiting')
    return unknown(
      `its COMMIT is on the primary's disk, and the server process ${old.pid} waits for a synchronous standby`,
      `the standbys of synchronous_standby_names (${printable(now.standbys)}): fix them, or the setting; then run the same command again`,
    );
  if (!isRestarted && backend === 'alive')
    return unknown(
      `the server process ${old.pid} is still running it`,
      `select * from pg_stat_activity where pid = ${old.pid}; when it has ended, run the same command again`,
    );
  if (mark === 'absent') return { outcome: 'not-applied' };
  // the end of the process or the server may have ended its wait for a standby: there was no answer
  const mayLack = before.standbys !== '' || now.standbys !== '';
  return { outcome: 'applied', replication: mayLack ? 'uncertain' : 'as-configured' };
}
