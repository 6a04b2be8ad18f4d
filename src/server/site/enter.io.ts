import { z } from 'zod';
import { type Route } from '../room.ts';
import { type Door } from './door.io.ts';
import { enterPage } from './enter.ts';

const form = z.strictObject({ token: z.string().max(128) });

/** What is said while too many wrong tokens are tried. */
export const busy = { ok: false, code: 'busy', text: 'too many wrong tokens were tried; try again in a minute' };

/** The door: the token of the terminal's address becomes a cookie. It stands behind the `#`, which no proxy and no log sees. */
export function enterRoutes(door: Door, origin: string): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/enter',
      who: 'anybody',
      handle: async () => ({ kind: 'page', document: enterPage(origin) }),
    },
    {
      method: 'POST',
      path: '/enter',
      who: 'anybody',
      handle: async ({ body }) => {
        const given = form.safeParse(body);
        const said = given.success ? await door.enter(given.data.token) : 'out';
        if (said === 'busy') return { kind: 'json', status: 429, value: busy };
        return said === 'out'
          ? { kind: 'json', status: 403, value: { ok: false, code: 'token', text: 'this token opens nothing here' } }
          : { kind: 'json', value: { ok: true }, cookie: said.cookie };
      },
    },
    { method: 'GET', path: '/healthz', who: 'anybody', handle: async () => ({ kind: 'json', value: { ok: true } }) },
  ];
}
