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
  readonly status: 403 | 405 | 415;
  readonly problem: string;
}

/**
 * null: the request may be answered, to somebody who was let in.
 * Host: a name of somebody else that leads here (DNS rebinding) never reaches a page. Origin: no other page may post. Type: a form of
 * another page cannot send JSON without asking first, and we never say yes. Frames: what is around a page could cover what is signed.
 *
 * Source  Fetch Metadata Request Headers; OWASP, cross-site request forgery.
 */
export function turnAway(asked: Asked, origin: string): Turned | null {
  if (asked.header('host') !== new URL(origin).host) return { status: 403, problem: 'this site lives at another host' };
  if (!asked.target.startsWith('/')) return { status: 403, problem: 'this site is no proxy' };
  const into = asked.header('sec-fetch-dest');
  if (into === 'iframe' || into === 'frame' || into === 'embed' || into === 'object')
    return { status: 403, problem: 'no page of this site is shown inside another page' };
  if (asked.method === 'GET' || asked.method === 'HEAD') return null;
  if (asked.method !== 'POST') return { status: 405, problem: 'only GET and POST are answered' };
  if (asked.header('origin') !== origin) return { status: 403, problem: 'another page sent this' };
  const site = asked.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin') return { status: 403, problem: 'another page sent this' };
  if (asked.header('content-type') !== 'application/json')
    return { status: 415, problem: 'an action is sent as application/json' };
  return null;
}

/** The name of the cookie: with https, one that no other site of the domain can set. */
export function cookieName(origin: string): string {
  return origin.startsWith('https:') ? '__Host-oneroof' : 'oneroof';
}

/** The secret in a Cookie header, or in an Authorization header; null where there is none. */
export function secretOf(asked: Asked, origin: string): string | null {
  const bearer = /^Bearer ([A-Za-z0-9_-]{16,128})$/.exec(asked.header('authorization') ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const name = `${cookieName(origin)}=`;
  const found = (asked.header('cookie') ?? '').split('; ').find((one) => one.startsWith(name));
  return found === undefined ? null : found.slice(name.length);
}
