import type { Duplex } from 'node:stream';
import { type Wire } from './wire.io.ts';

/** An error that a server sent: its message and SQLSTATE, as the driver has them. */
class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: string;

  constructor(fields: ReadonlyMap<string, string>) {
    super(fields.get('M') ?? 'the server sent an error without a message');
    this.code = fields.get('C') ?? '';
  }
}

/** How far a copy is, and what slows it down. */
export interface CopyWatch {
  /** Bytes that were sent since the last call; answers how long to wait before more are sent. Milliseconds. */
  readonly onBytes: (bytes: number) => number;
}

/** Runs one text of ours by the simple protocol. Errors  as the server sends them; CONNECTION_LOST is the caller's. */
export async function runOn(wire: Wire, text: string): Promise<void> {
  await exchange(wire, text, () => 'go on');
}

/**
 * Copies rows from one server to another: what `COPY … TO STDOUT` sends is what `COPY … FROM STDIN` takes, message by message, so the bytes are
 * handed on as they are. Memory stays flat: what the receiver does not take yet is not read.
 *
 * Errors  those of either server, with message and SQLSTATE. Both connections are of no more use then.
 * Source  PostgreSQL manual, "COPY Operations", "Message Formats".
 */
export async function copyBetween(
  of: { readonly from: Wire; readonly out: string; readonly to: Wire; readonly into: string },
  watch: CopyWatch,
): Promise<void> {
  const { from, to } = of;
  let refused: Error | null = null;
  let begun: () => void = () => undefined;
  const receives = new Promise<void>((resolve) => (begun = resolve));
  const received = exchange(to, of.into, (type) => {
    if (type === 'G') begun();
    return 'go on';
  }).catch((error: unknown) => {
    refused = error as Error;
    begun();
  });
  await receives;
  if (refused !== null) throw refused;
  const sent = exchange(from, of.out, (type, bytes) => {
    if (refused !== null) throw refused;
    if (type !== 'd') return 'go on';
    const isFull = !to.stream.write(bytes);
    const pause = watch.onBytes(bytes.length);
    if (!isFull && pause <= 0) return 'go on';
    return Promise.all([isFull ? drained(to.stream) : null, new Promise((resolve) => setTimeout(resolve, pause))]);
  });
  try {
    await sent;
    to.stream.write(message('c'));
  } catch (error) {
    to.stream.write(message('f', 'the sender failed\0'));
    await received;
    throw error;
  }
  await received;
  if (refused !== null) throw refused;
}

/**
 * Reads what `COPY … TO STDOUT` sends, up to so many bytes or for so long, and throws it away: a measure of the way. The connection is of no more
 * use then.
 *
 * Errors  as the server sends them, with message and SQLSTATE.
 */
export async function readSome(
  wire: Wire,
  out: string,
  most: { readonly bytes: number; readonly ms: number },
): Promise<{ readonly bytes: number; readonly ms: number }> {
  const began = performance.now();
  let bytes = 0;
  let isEnough = false;
  const enough = (): void => {
    isEnough = true;
    wire.close();
  };
  const timer = setTimeout(enough, most.ms);
  try {
    await exchange(wire, out, (type, part) => {
      if (type === 'd') bytes += part.length;
      if (bytes >= most.bytes) enough();
      return 'go on';
    });
  } catch (error) {
    if (!isEnough) throw error;
  } finally {
    clearTimeout(timer);
  }
  return { bytes, ms: performance.now() - began };
}

/** What the caller does with a message, or with a run of messages of rows: `go on`, or wait. */
type Heard = (type: string, bytes: Buffer) => 'go on' | Promise<unknown>;

/** Sends a query and reads until the server is ready again; runs of CopyData are handed over whole, with their headers. */
function exchange(wire: Wire, text: string, heard: Heard): Promise<void> {
  const { stream } = wire;
  return new Promise((resolve, reject) => {
    let failed: Error | null = null;
    let left: Buffer = Buffer.alloc(0);
    /** Bytes of a CopyData message that are still to come. */
    let rest = 0;
    const end = (error: Error | null): void => {
      stream.off('data', read);
      stream.off('close', lost);
      stream.off('error', lost);
      if (error === null) resolve();
      else reject(error);
    };
    const lost = (): void =>
      end(
        failed ??
          new WireError(
            new Map([
              ['M', 'the connection was lost'],
              ['C', '08006'],
            ]),
          ),
      );
    const tell = (type: string, bytes: Buffer): void => {
      const answer = heard(type, bytes);
      if (answer === 'go on') return;
      stream.pause();
      void answer.then(() => stream.resume());
    };
    const read = (chunk: Buffer): void => {
      try {
        const bytes = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
        left = Buffer.alloc(0);
        let at = Math.min(rest, bytes.length);
        rest -= at;
        let from = 0;
        const flush = (): void => {
          if (at > from) tell('d', bytes.subarray(from, at));
          from = at;
        };
        while (rest === 0 && at + 5 <= bytes.length) {
          const type = bytes[at];
          const length = 1 + bytes.readInt32BE(at + 1);
          if (type === 0x64) {
            rest = Math.max(0, at + length - bytes.length);
            at = Math.min(bytes.length, at + length);
            continue;
          }
          flush();
          if (at + length > bytes.length) break;
          const body = bytes.subarray(at + 5, at + length);
          at += length;
          from = at;
          if (type === 0x45) failed ??= new WireError(fieldsOf(body));
          else if (type === 0x5a) return end(failed);
          else tell(String.fromCharCode(type ?? 0), body);
        }
        flush();
        left = Buffer.from(bytes.subarray(at));
      } catch (error) {
        end(error as Error);
      }
    };
    // what closed before is not told again
    if (stream.destroyed) return lost();
    stream.on('data', read);
    stream.on('close', lost);
    stream.on('error', lost);
    stream.write(message('Q', `${text}\0`));
  });
}

/** Waits until a stream takes more, or is closed. */
function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) return resolve();
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

function fieldsOf(body: Buffer): ReadonlyMap<string, string> {
  const parts = body.toString('utf8').split('\0');
  return new Map(parts.filter((part) => part !== '').map((part) => [part.slice(0, 1), part.slice(1)]));
}

function message(type: string, body = ''): Buffer {
  const bytes = Buffer.from(body, 'utf8');
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}
