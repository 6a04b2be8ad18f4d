import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request says of itself. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  /** As it was sent: a path, or a whole address where a proxy is meant. */
  readonly target: string;
  /** A header, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
}

/** Why a request is not answered. */
export interface Turned {
  readonly status: 403 | 404 | 405 | 413 | 415;
  readonly problem: string;
}

/**
 * null: the request may be answered, to somebody who is let in.
 * Host: a name of somebody else that leads here (DNS rebinding) never reaches a page. Origin: no other page may post. Type: a form of
 * another page cannot send JSON without asking first, and we never say yes. Frames: what is around a page could cover what is signed.
 *
 * Source  Fetch Metadata Request Headers; OWASP, cross-site request forgery.
 */
export function turnAway(asked: Asked, origin: string): Turned | null {
  if (asked.header('host') !== new URL(origin).host) return { status: 403, problem: 'this page lives at another host' };
  if (!asked.target.startsWith('/')) return { status: 403, problem: 'this is no proxy' };
  const into = asked.header('sec-fetch-dest');
  if (into === 'iframe' || into === 'frame' || into === 'embed' || into === 'object')
    return { status: 403, problem: 'this page is not shown inside another page' };
  if (asked.method === 'GET' || asked.method === 'HEAD') return null;
  if (asked.method !== 'POST') return { status: 405, problem: 'only GET and POST are answered' };
  if (asked.header('origin') !== origin) return { status: 403, problem: 'another page sent this' };
  const site = asked.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return { status: 403, problem: 'another page sent this' };
  if (asked.header('content-type') !== 'application/json')
    return { status: 415, problem: 'an action is sent as application/json' };
  return null;
}

/** null: it is the page behind a word that only the terminal showed, or an action of that page. */
export function turnFromPage({ method, path }: Asked, token: string): Turned | null {
  const [, word = '', action, ...more] = path.split('/');
  if (!same(word, token) || action === undefined || more.length > 0)
    return { status: 404, problem: 'there is no such page' };
  if (action === '') return method === 'GET' ? null : { status: 405, problem: 'this page is read with GET' };
  return method === 'POST' ? null : { status: 405, problem: 'an action is sent with POST' };
}

/** Where to listen: on this machine alone. A page for https stands behind a proxy that speaks TLS. */
export function listenAt({ origin }: { readonly origin: string }, behindProxy: number): { host: string; port: number } {
  const { protocol, port } = new URL(origin);
  return { host: '127.0.0.1', port: protocol === 'http:' ? Number(port || '80') : behindProxy };
}

/** Compares hashes, so that the time it takes says nothing of the token. */
function same(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
