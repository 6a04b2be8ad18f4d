import { type Reply } from '../room.ts';

/** What is answered to what no page of ours sends. */
export const malformed: Reply = {
  kind: 'json',
  status: 400,
  value: { ok: false, code: 'malformed', text: 'the page sent something that it never sends' },
};

/** What is answered to what was done; `to`: where the page goes, `link`: what it shows. */
export function done(text: string, more: { readonly to?: string; readonly link?: string } = {}): Reply {
  return { kind: 'json', value: { ok: true, text, ...more } };
}
