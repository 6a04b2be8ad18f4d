import type { MessagePort } from 'node:worker_threads';

/** What the thread of pg_dump is started with. */
export interface WorkerData {
  readonly args: readonly string[];
  /** Messages of the frontend go out, answers come in. */
  readonly port: MessagePort;
  /** One 32-bit number that grows with each answer. */
  readonly signal: SharedArrayBuffer;
}

/** A part of the server's answers. */
export interface WireAnswer {
  readonly bytes: Uint8Array;
  /** pg_dump may go on: nothing more comes until it sends something. */
  readonly isLast: boolean;
}

/** What the thread ends with. */
export type WorkerResult = { readonly text: string } | { readonly failed: string };

/** Messages that the server answers with ReadyForQuery at the end: Query, Sync. Source: PostgreSQL manual, "Message Formats". */
const answered = ['Q', 'S'];

/** Cuts the bytes that a frontend sends into messages; the first of a connection has no type. */
export class FrontendMessages {
  #left: Buffer = Buffer.alloc(0);
  #hasBegun = false;

  /** The whole messages so far: `startup`, or by their type, whether the server answers. */
  add(bytes: Uint8Array): { readonly startup: boolean; readonly send: Buffer; readonly answers: number } {
    this.#left = Buffer.concat([this.#left, bytes]);
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#left = Buffer.alloc(0);
      return { startup: true, send: Buffer.alloc(0), answers: 0 };
    }
    let at = 0;
    let answers = 0;
    let end = 0;
    for (let length = lengthAt(this.#left, at); length !== null; length = lengthAt(this.#left, at)) {
      const type = String.fromCharCode(this.#left[at] ?? 0);
      if (answered.includes(type)) answers += 1;
      at += length;
      // the connection is ended by who opened it: a server that hangs up here is one that was lost
      if (type !== 'X') end = at;
    }
    const send = this.#left.subarray(0, end);
    this.#left = this.#left.subarray(at);
    return { startup: false, send, answers };
  }
}

/** Counts the ends of answers in what a server sends. */
export class BackendMessages {
  #left: Buffer = Buffer.alloc(0);

  /** The whole messages so far, and how many of them are ReadyForQuery. */
  add(bytes: Uint8Array): { readonly bytes: Buffer; readonly ready: number } {
    this.#left = this.#left.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#left, bytes]);
    let at = 0;
    let ready = 0;
    for (let length = lengthAt(this.#left, at); length !== null; length = lengthAt(this.#left, at)) {
      if (this.#left[at] === 0x5a) ready += 1;
      at += length;
    }
    const whole = this.#left.subarray(0, at);
    this.#left = this.#left.subarray(at);
    return { bytes: whole, ready };
  }
}

/** The length of the message that begins there, with its type; null where it is not whole. */
function lengthAt(bytes: Buffer, at: number): number | null {
  if (bytes.length < at + 5) return null;
  const length = 1 + bytes.readInt32BE(at + 1);
  return bytes.length < at + length ? null : length;
}

/** What a server answers to the first message of a client that it lets in: AuthenticationOk, its parameters, ReadyForQuery. */
export function greeting(parameters: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) => message('S', Buffer.from(`${name}\0${value}\0`))),
    message('K', Buffer.alloc(8)),
    message('Z', Buffer.from('I')),
  ]);
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
