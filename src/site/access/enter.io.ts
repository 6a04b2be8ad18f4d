import { z } from 'zod';
import { scriptText, scriptType } from '../../html/index.ts';
import { notFound, type Route } from '../room.ts';
import { type SessionGate } from './session-gate.io.ts';
import { enterPage } from './enter.ts';

const form = z.strictObject({ token: z.string().max(128) });

/** What is said while too many wrong tokens are tried. */
export const busy = { ok: false, code: 'busy', text: 'too many wrong tokens were tried; try again in a minute' };

/** Sign-in: the token of the terminal's address becomes a cookie. It is after the `#`, which no proxy and no log sees. */
export function enterRoutes(door: SessionGate, origin: string): readonly Route[] {
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
    {
      method: 'GET',
      path: '/scripts/:file',
      who: 'anybody',
      handle: async ({ params }) => {
        const text = scriptText(params['file'] ?? '');
        return text === null ? notFound('such script') : { kind: 'text', type: scriptType, text };
      },
    },
    { method: 'GET', path: '/healthz', who: 'anybody', handle: async () => ({ kind: 'json', value: { ok: true } }) },
  ];
}
