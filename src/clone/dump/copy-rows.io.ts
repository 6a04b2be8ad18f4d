import { onAbort } from '../../core/index.ts';
import {
  type Connection,
  copyBetween,
  noTimeouts,
  openWire,
  pinnedSettings,
  runOn,
  setAll,
  type Wire,
} from '../../database/index.ts';
import { type CopyPiece, copyTexts } from './facts.ts';

/** Between which servers rows are copied, and how fast. */
export interface RowsEnds {
  readonly from: Connection;
  readonly to: Connection;
  readonly snapshot: string;
  /** Bytes that were sent since the last call; answers how long to wait. Milliseconds. */
  readonly rate: (bytes: number) => number;
}

/** What bounds and watches the copying of rows. */
export interface RowsCopy {
  readonly ends: RowsEnds;
  readonly pieces: readonly CopyPiece[];
  /** Copies that run at the same time. */
  readonly jobs: number;
  /** When one piece is done. */
  readonly onDone: (piece: CopyPiece) => void;
  readonly signal: AbortSignal;
}

/** Settings that give values the same text on both sides, and that end the transaction of a client that has disappeared. */
const reading = {
  ...pinnedSettings,
  ...noTimeouts,
  lock_timeout: '5s',
  idle_in_transaction_session_timeout: '60s',
  max_parallel_workers_per_gather: '0',
};
const writing = { ...pinnedSettings, ...noTimeouts, session_replication_role: 'replica', client_min_messages: 'error' };

/** Two connections, over which rows go from production's snapshot to the clone server. */
export interface RowsWay {
  /** One COPY, without a file between. What it locks in production is unlocked again. */
  copy(texts: { readonly out: string; readonly into: string }): Promise<void>;
  onCopy(text: string): Promise<void>;
  close(): void;
}

/** Opens the two connections. */
export async function openRowsWay({ from, to, snapshot, rate }: RowsEnds): Promise<RowsWay> {
  const open: Wire[] = [];
  const close = (): void => {
    for (const wire of open) wire.close();
  };
  const connect = async (connection: Connection, settings: Readonly<Record<string, string>>): Promise<Wire> => {
    const wire = await openWire(connection, { applicationName: 'oneroof golden' });
    open.push(wire);
    await runOn(wire, setAll(settings).text);
    return wire;
  };
  try {
    const source = await connect(from, reading);
    const target = await connect(to, writing);
    await runOn(
      source,
      `begin isolation level repeatable read read only; set transaction snapshot '${snapshot}'; savepoint one;`,
    );
    return {
      copy: async ({ out, into }) => {
        await copyBetween({ from: source, out, to: target, into }, { onBytes: rate });
        await runOn(source, 'rollback to savepoint one;');
      },
      onCopy: (text) => runOn(target, text),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Copies rows from production to the clone server, under one snapshot, without a file between.
 *
 * Errors  as the servers send them; the first one ends all copies.
 */
export async function copyRows(plan: RowsCopy): Promise<void> {
  const open: RowsWay[] = [];
  const failed: unknown[] = [];
  const end = (): void => {
    for (const way of open) way.close();
  };
  const queue = [...plan.pieces];
  const work = async (): Promise<void> => {
    if (queue.length === 0) return;
    const way = await openRowsWay(plan.ends);
    open.push(way);
    for (let piece = queue.shift(); piece !== undefined && !plan.signal.aborted; piece = queue.shift()) {
      const isWhole = piece.range === null;
      if (isWhole) await way.onCopy(`begin; truncate only ${piece.table.name};`);
      await way.copy(copyTexts(piece));
      if (isWhole) await way.onCopy('commit;');
      plan.onDone(piece);
    }
  };
  const stopListening = onAbort(plan.signal, end);
  try {
    const workers = Array.from({ length: Math.max(1, Math.min(plan.jobs, queue.length)) }, () =>
      work().catch((error: unknown) => {
        queue.length = 0;
        // the others fail because their connections are closed: only the first error says why
        failed.push(error);
        end();
      }),
    );
    await Promise.all(workers);
    if (failed.length > 0) throw failed[0];
    plan.signal.throwIfAborted();
  } finally {
    stopListening();
    end();
  }
}

/** How long to wait after so many bytes, so that all that share it together are no faster than a rate. */
export function rateOf(bytesPerSecond: number | null): (bytes: number) => number {
  const began = performance.now();
  let sent = 0;
  return (bytes) => {
    sent += bytes;
    return bytesPerSecond === null ? 0 : Math.max(0, (sent / bytesPerSecond) * 1000 - (performance.now() - began));
  };
}
