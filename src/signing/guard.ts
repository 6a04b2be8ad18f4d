import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request says of itself. */
export interface RequestClaims {
  readonly method: string;
  readonly path: string;
  /** As it was sent: a path, or a whole address for a proxy. */
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
 * null: the request may be answered, to a visitor with a session.
 * Host: a name of someone else that leads here (DNS rebinding) never reaches a page. Origin: no other page may post. Type: a form of
 * another page cannot send JSON without asking first, and we never say yes. Frames: what is around a page could cover what is signed.
 *
 * Source  Fetch Metadata Request Headers; OWASP, cross-site request forgery.
 */
export function turnAway(asked: RequestClaims, origin: string): Turned | null {
  if (asked.header('host') !== new URL(origin).host) return { status: 403, problem: 'this page is at another host' };
  if (!asked.target.startsWith('/')) return { status: 403, problem: 'this is not a proxy' };
  const into = asked.header('sec-fetch-dest');
  if (into === 'iframe' || into === 'frame' || into === 'embed' || into === 'object')
    return { status: 403, problem: 'this page cannot be shown inside another page' };
  if (asked.method === 'GET' || asked.method === 'HEAD') return null;
  if (asked.method !== 'POST') return { status: 405, problem: 'only GET and POST are allowed' };
  if (asked.header('origin') !== origin) return { status: 403, problem: 'the request comes from another page' };
  const site = asked.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin')
    return { status: 403, problem: 'the request comes from another page' };
  if (asked.header('content-type') !== 'application/json')
    return { status: 415, problem: 'an action must be sent as application/json' };
  return null;
}

/** null: it is the page with the token that only the terminal showed, its script, or an action of that page. */
export function turnFromPage({ method, path }: RequestClaims, token: string): Turned | null {
  const [, word = '', action, ...more] = path.split('/');
  if (!same(word, token) || action === undefined || more.length > 0)
    return { status: 404, problem: 'there is no such page' };
  if (action === '' || action.endsWith('.js'))
    return method === 'GET' ? null : { status: 405, problem: 'this page must be read with GET' };
  return method === 'POST' ? null : { status: 405, problem: 'an action must be sent with POST' };
}

/** Where to listen: on this machine only. A page for https is behind a proxy that does TLS. */
export function listenAt({ origin }: { readonly origin: string }, behindProxy: number): { host: string; port: number } {
  const { protocol, port } = new URL(origin);
  return { host: '127.0.0.1', port: protocol === 'http:' ? Number(port || '80') : behindProxy };
}

/** Compares hashes, so that the time it takes says nothing of the token. */
function same(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
