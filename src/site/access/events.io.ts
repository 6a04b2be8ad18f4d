import { type ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Reply, type Send } from '../room.ts';

/** The most that is buffered for a visitor who does not read, beyond the kernel's buffers; then the visitor is disconnected. Bytes. */
const longestQueue = 64 * 1024;
/** Proxies end connections on which nothing is said for a minute. Milliseconds. */
const heartbeat = 15_000;

/** The answer of Node's own server to this request; null where another one asks. */
export function outgoingOf(env: unknown): ServerResponse | null {
  return typeof env === 'object' && env !== null && 'outgoing' in env ? (env.outgoing as ServerResponse) : null;
}

/**
 * Sends server-sent events on the socket itself: a connection costs a socket and a timer, and nothing is queued without a bound.
 *
 * Source  HTML living standard, "Server-sent events".
 */
export function sendEvents(
  outgoing: ServerResponse,
  run: Extract<Reply, { kind: 'events' }>['run'],
  of: { readonly headers: Readonly<Record<string, string>>; readonly onDefect: (error: unknown) => void },
): Response {
  const gone = new AbortController();
  const write = (text: string): boolean => {
    if (gone.signal.aborted || outgoing.destroyed) return false;
    if (outgoing.writableLength > longestQueue) {
      outgoing.destroy();
      return false;
    }
    outgoing.write(text);
    return true;
  };
  const send: Send = async ({ event, data, id }) =>
    write(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
  outgoing.writeHead(200, {
    ...of.headers,
    'content-type': 'text/event-stream; charset=utf-8',
    // a proxy that gathers an answer before it passes it on would hold events back
    'x-accel-buffering': 'no',
  });
  outgoing.write('retry: 2000\n\n');
  const beat = setInterval(() => write(':\n\n'), heartbeat).unref();
  outgoing.once('close', () => {
    clearInterval(beat);
    gone.abort();
  });
  void run(send, gone.signal)
    .catch(of.onDefect)
    .finally(() => outgoing.end());
  return RESPONSE_ALREADY_SENT;
}
