import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { OneRoofError, stated } from '../core/index.ts';

/** The limits of one connection, from any client. */
const limits = {
  /** From the first byte of a request to the end of its headers. Milliseconds. */
  headersTimeout: 10_000,
  /** From the first byte of a request to its last; an answer may take as long as it likes. Milliseconds. */
  requestTimeout: 20_000,
  /** How often both are checked. Milliseconds. */
  connectionsCheckingInterval: 1000,
  /** Between two requests of one connection. Milliseconds. */
  keepAliveTimeout: 10_000,
  /** Headers of one request. Bytes. */
  maxHeaderSize: 16_384,
} as const;
/** All connections at once: those that listen to events, and as many again and more for pages. */
const mostConnections = 4000;
/** A TLS handshake that takes longer is given up. Milliseconds. */
const handshakeTimeout = 10_000;

/** Where one listens: a port, or a socket that is a file. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

/** Where and how to listen. */
export interface ListenPlan {
  readonly listen: ListenPlace;
  /** PEM; null: plain http. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
}

/**
 * Listens, and says how to stop: connections that are open then are ended.
 *
 * Errors  PAGE_UNSERVED where the address is taken, or certificate and key are none.
 * Source  Node.js documentation, `http.createServer`: what bounds a client that sends slowly (Slowloris) is off or long by default.
 */
export async function startListening(
  { listen, tls }: ListenPlan,
  fetch: (request: Request, env: object) => Response | Promise<Response>,
): Promise<() => Promise<void>> {
  const answer = getRequestListener(fetch, { autoCleanupIncoming: true });
  try {
    const server =
      tls === null
        ? createHttpServer(limits, answer)
        : createHttpsServer({ ...limits, handshakeTimeout, cert: tls.certificate, key: tls.key }, answer);
    server.maxConnections = mostConnections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(listen, resolve);
    });
    return () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
  } catch (cause) {
    const at = 'path' in listen ? listen.path : `${listen.host}:${listen.port}`;
    throw new OneRoofError('PAGE_UNSERVED', {
      ...stated`the page cannot be served at ${{ address: at }}: ${{ said: cause instanceof Error ? cause.message : String(cause) }}`,
      fix: fixFor(cause),
      cause,
    });
  }
}

function fixFor(cause: unknown): string {
  const { code = '' } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return 'end the program that listens there (perhaps `oneroof serve`)';
  if (code.startsWith('ERR_'))
    return '`certificate` and `key` of `serve:` in oneroof.yaml must both be PEM and belong together';
  return 'choose a host and a port at which this user may listen: `origin` in policy.yaml, `pagePort` and `serve.host` in oneroof.yaml';
}
