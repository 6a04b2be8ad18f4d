import { createHash, timingSafeEqual } from 'node:crypto';

/** Where the tools are served over HTTP. */
export const toolPath = '/mcp';

/** What a request says of itself. */
export interface CallClaims {
  readonly method: string;
  readonly path: string;
  /** A header, by its lower-case name; null where it is not sent. */
  readonly header: (name: string) => string | null;
}

/**
 * Why a request is not answered; null: it is. Host: a name of others that leads to this machine (DNS rebinding) reaches nothing. Origin: a page in
 * a browser of this machine may call nothing, whatever it knows. Token: another user of this machine may call nothing.
 */
export function turnCall(
  { method, path, header }: CallClaims,
  { hosts, token }: { readonly hosts: readonly string[]; readonly token: string },
): { readonly status: 401 | 403 | 404 | 405; readonly problem: string } | null {
  if (!hosts.includes(header('host') ?? '')) return { status: 403, problem: 'this server has another host' };
  if (header('origin') !== null || header('sec-fetch-site') !== null)
    return { status: 403, problem: 'no page of a browser may call this server' };
  if (!same(header('authorization') ?? '', `Bearer ${token}`))
    return { status: 401, problem: 'send the token of this server: Authorization: Bearer TOKEN' };
  if (path !== toolPath) return { status: 404, problem: `the tools are at ${toolPath}` };
  return method === 'POST' ? null : { status: 405, problem: 'only POST is allowed' };
}

/** Compares hashes, so that the time it takes says nothing of the token. */
function same(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
