import { z } from 'zod';
import { type Route } from '../room.ts';
import { type State } from '../state/index.ts';
import { enterPage } from './enter.ts';

const form = z.strictObject({ token: z.string().max(128) });

/** The door: the token of the terminal's address becomes a cookie. It stands behind the `#`, which no proxy and no log sees. */
export function enterRoutes(state: State, origin: string): readonly Route[] {
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
        const cookie = given.success ? await state.enter(given.data.token) : null;
        return cookie === null
          ? { kind: 'json', status: 403, value: { ok: false, code: 'token', text: 'this token opens nothing here' } }
          : { kind: 'json', value: { ok: true }, cookie };
      },
    },
    { method: 'GET', path: '/healthz', who: 'anybody', handle: async () => ({ kind: 'json', value: { ok: true } }) },
  ];
}
