import { type z } from 'zod';
import { malformedAnswer } from '../../signing/index.ts';
import { type Reply, type Route } from '../room.ts';

/** The answer to a request that none of our pages sends. */
export const malformedPeople: Reply = {
  kind: 'json',
  status: 400,
  value: malformedAnswer,
};

/** The answer to an action; `to`: the page to go to, `link`: the link to show. */
export function done(text: string, more: { readonly to?: string; readonly link?: string } = {}): Reply {
  return { kind: 'json', value: { ok: true, text, ...more } };
}

/** An action of the pages of people; it checks the posted data first. */
export function action<T>(path: string, form: z.ZodType<T>, act: (given: T) => Promise<Reply>): Route {
  return {
    method: 'POST',
    path,
    handle: async ({ body }) => {
      const given = form.safeParse(body);
      return given.success ? act(given.data) : malformedPeople;
    },
  };
}
