import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { onAbort, OneRoofError, printable, stated } from '../../core/index.ts';
import { type Connection, describe, openWire } from '../../database/index.ts';
import {
  BackendMessages,
  FrontendMessages,
  greeting,
  type WireAnswer,
  type WorkerData,
  type WorkerResult,
} from './protocol.ts';

/** What pg_dump writes of a database. */
export interface SchemaDump {
  /** `pre-data`: what must exist before rows. `post-data`: indexes, constraints, triggers and all that follows the rows. */
  readonly section: 'pre-data' | 'post-data';
  /** Exported by a transaction that is open. */
  readonly snapshot: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs pg_dump over a session of ours: the program comes with this package as WebAssembly, so the machine needs none, and address, password and
 * TLS are those of every session.
 *
 * Shape   SQL as pg_dump writes it; without the schema of the gate, and without subscriptions, which only a superuser may read.
 * Errors  CLONE_DUMP_FAILED with pg_dump's own words; INTERRUPTED is the caller's.
 * Source  docs/decisions/0058-dump.md.
 */
export async function dumpSchema(connection: Connection, of: SchemaDump): Promise<string> {
  const wire = await openWire(connection, { applicationName: 'oneroof golden' });
  const { port1, port2 } = new MessageChannel();
  const signal = new SharedArrayBuffer(4);
  const answers = new Int32Array(signal);
  const answer = (part: WireAnswer): void => {
    port1.postMessage(part);
    Atomics.add(answers, 0, 1);
    Atomics.notify(answers, 0);
  };
  const frontend = new FrontendMessages();
  const backend = new BackendMessages();
  let awaited = 0;
  port1.on('message', (bytes: Uint8Array) => {
    const { startup, send, answers: expected } = frontend.add(bytes);
    if (startup) return answer({ bytes: greeting(wire.parameters), isLast: true });
    if (send.length > 0) wire.stream.write(send);
    awaited += expected;
    if (awaited === 0) answer({ bytes: new Uint8Array(), isLast: true });
  });
  wire.stream.on('data', (chunk: Uint8Array) => {
    const { bytes, ready } = backend.add(chunk);
    awaited -= ready;
    if (bytes.length > 0) answer({ bytes, isLast: awaited === 0 });
  });
  const args = [`--section=${of.section}`, `--snapshot=${of.snapshot}`, '--exclude-schema=gate', '--no-subscriptions'];
  const data: WorkerData = { args, port: port2, signal };
  const worker = new Worker(workerFile(), { workerData: data, transferList: [port2] });
  let stopListening = (): void => undefined;
  try {
    const result = await new Promise<WorkerResult>((resolve, reject) => {
      worker.on('message', resolve);
      worker.on('error', reject);
      worker.on('exit', () => resolve({ failed: 'it ended without a result' }));
      const onLost = (): void => resolve({ failed: 'the connection to the server was lost' });
      if (wire.stream.destroyed) onLost();
      else wire.stream.on('close', onLost);
      stopListening = onAbort(of.signal, () => resolve({ failed: 'it was interrupted' }));
    });
    if ('text' in result) return result.text;
    throw new OneRoofError('CLONE_DUMP_FAILED', {
      ...stated`pg_dump of ${{ connection: describe(connection) }} failed: ${{ said: printable(result.failed) }}`,
      fix: 'oneroof doctor names rights that the role of clone.dump lacks; then run the same command again',
    });
  } finally {
    stopListening();
    port1.close();
    await worker.terminate();
    wire.close();
  }
}

/** Built for itself: the package of pg_dump is a module, and reads its program from beside itself. */
function workerFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'dist', 'pg-dump', 'worker.mjs');
    if (existsSync(file)) return file;
  }
  throw new OneRoofError('INTERNAL', {
    ...stated`dist/pg-dump/worker.mjs, which is part of this package, is missing`,
    fix: 'install the package again; in a checkout: npm run build',
  });
}
