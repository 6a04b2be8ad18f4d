import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import type { WireAnswer, WorkerData, WorkerResult } from './protocol.ts';

// pg_dump is one synchronous program: it writes a message, and reads the answer at once. So it runs in a thread of its own, which sleeps until the
// main thread, which has the connection, has the whole answer.
const { args, port, signal } = workerData as WorkerData;
const answers = new Int32Array(signal);

function nextAnswer(from: MessagePort): WireAnswer {
  for (;;) {
    // read before the port, so that an answer that comes between is not slept over
    const seen = Atomics.load(answers, 0);
    const received = receiveMessageOnPort(from);
    if (received !== undefined) return received.message as WireAnswer;
    Atomics.wait(answers, 0, seen);
  }
}

/** What pg_dump is given in place of an embedded database: of its many methods, these three are called. */
const database = {
  execProtocolRawStream: (bytes: Uint8Array, { onRawData }: { onRawData: (data: Uint8Array) => void }): void => {
    // a copy: pg_dump writes over its buffer
    port.postMessage(bytes.slice());
    for (let answer = nextAnswer(port); ; answer = nextAnswer(port)) {
      if (answer.bytes.length > 0) onRawData(answer.bytes);
      if (answer.isLast) return;
    }
  },
  query: async () => ({ rows: [{ search_path: '' }] }),
  exec: async () => [],
};

async function dump(): Promise<WorkerResult> {
  try {
    const file = await pgDump({ pg: database as unknown as Parameters<typeof pgDump>[0]['pg'], args: [...args] });
    return { text: await file.text() };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

// a thread, not a window: there is no origin
// oxlint-disable-next-line require-post-message-target-origin
parentPort?.postMessage(await dump());
