/** The name of the cookie: with https, one that no other site of the domain can set. */
export function cookieName(origin: string): string {
  return origin.startsWith('https:') ? '__Host-oneroof' : 'oneroof';
}

/** The secret in a Cookie header, or in an Authorization header; null where there is none. */
export function secretOf(header: (name: string) => string | undefined, origin: string): string | null {
  const bearer = /^Bearer ([A-Za-z0-9_-]{16,128})$/.exec(header('authorization') ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const name = `${cookieName(origin)}=`;
  const found = (header('cookie') ?? '').split('; ').find((one) => one.startsWith(name));
  return found === undefined ? null : found.slice(name.length);
}
