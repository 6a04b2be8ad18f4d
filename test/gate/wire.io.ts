import pg from 'pg';
import { type Connection } from '../../src/database/index.ts';

/** What a client may send that no driver of ours does, message by message. */
export interface Wire {
  /** Sends messages of which the last ends with ReadyForQuery, and fails with the first error that the server answers. */
  send(...messages: readonly Buffer[]): Promise<void>;
}

const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const message = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};

/** One text of the simple protocol: it may hold several statements. */
export const simple = (sql: string): Buffer => message('Q', text(sql));
/** One statement of the extended protocol, without the Sync that would end its transaction. */
export const extended = (sql: string): Buffer =>
  Buffer.concat([
    message('P', text(''), text(sql), int16(0)),
    message('B', text(''), text(''), int16(0), int16(0), int16(0)),
    message('E', text(''), int32(0)),
  ]);
/** The end of a pipeline. */
export const sync = message('S');
/** The call of a function without arguments by its number: no text at all. */
export const fastpath = (oid: number): Buffer => message('F', int32(oid), int16(0), int16(0), int16(0));

/** Opens a connection and speaks the protocol by hand. */
export async function onWire<T>(connection: Connection, use: (wire: Wire) => Promise<T>): Promise<T> {
  const { host, port, user, database } = connection;
  const client = new pg.Client({ host, port, user, database, password: () => connection.password?.reveal() ?? '' });
  await client.connect();
  // it hears nothing of what is sent here, and takes the end for a loss
  client.on('error', () => undefined);
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadWriteStream & { destroy(): void } } })
    .connection;
  stream.removeAllListeners('data');
  let rest = Buffer.alloc(0);
  let failed: string | null = null;
  let ready: () => void = () => undefined;
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const size = rest.readInt32BE(1);
      const type = String.fromCharCode(rest[0] ?? 0);
      const body = rest.subarray(5, size + 1).toString();
      rest = rest.subarray(size + 1);
      if (type === 'E') failed ??= /\0M([^\0]*)/.exec(`\0${body}`)?.[1] ?? body;
      if (type === 'Z') ready();
    }
  });
  try {
    return await use({
      send: async (...messages) => {
        failed = null;
        const answered = new Promise<void>((resolve) => {
          ready = resolve;
        });
        stream.write(Buffer.concat([...messages]));
        await answered;
        const error = failed as string | null;
        if (error !== null) throw new Error(error);
      },
    });
  } finally {
    stream.destroy();
  }
}
