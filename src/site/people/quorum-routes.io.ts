import { statementDigest } from '../../evidence/index.ts';
import { type Document } from '../../html/index.ts';
import { type ShownCeremony, signingActions } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { type Reply, type Route, type Visit } from '../room.ts';
import { whyUnsignable } from '../signing.ts';
import { type QuorumState } from './quorum-html.ts';

/** Something that a quorum signs on a page of its own. */
export interface QuorumDesk {
  /** As a route has it; the page is at `/sign` below. */
  readonly at: string;
  /** The command that does the same. */
  readonly command: string;
  /** Works with the ceremony as its target has it now; null: nothing is left to sign. */
  readonly open: (
    visit: Visit,
    use: (of: {
      readonly ceremony: ShownCeremony;
      readonly draw: (state: QuorumState) => Document;
      /** Called after each act; `complete`: the quorum has signed. */
      readonly acted: (complete: boolean) => Promise<void>;
    }) => Promise<Reply>,
  ) => Promise<Reply | null>;
  /** The page to go to when there is nothing to sign. */
  readonly settledAt: (visit: Visit) => string;
}

/** The page on which a quorum signs, and its two posts. */
export function quorumRoutes(services: SiteServices, desk: QuorumDesk): readonly Route[] {
  const { at, command, open, settledAt } = desk;
  const act =
    (step: 'begin' | 'finish'): Route['handle'] =>
    async (visit) => {
      const reply = await open(visit, async ({ ceremony, acted }) => {
        const unsignable = whyUnsignable(services.origin, { policy: ceremony.policy, command });
        if (unsignable !== null) return refused('origin', unsignable);
        const answer = await signingActions(ceremony, services.state)[step](visit.body);
        await acted(answer.ok && answer['complete'] === true);
        return { kind: 'json', value: answer };
      });
      return reply ?? refused('settled', 'nothing is left to sign: it counts, or nobody asks for it any more');
    };
  return [
    {
      method: 'GET',
      path: `${at}/sign`,
      handle: async (visit) => {
        const reply = await open(visit, async ({ ceremony, draw }) => ({
          kind: 'page',
          document: draw({
            statement: statementDigest(ceremony.body),
            standing: await ceremony.standing(),
            unsignable: whyUnsignable(services.origin, { policy: ceremony.policy, command }),
          }),
        }));
        return reply ?? { kind: 'go', to: settledAt(visit) };
      },
    },
    { method: 'POST', path: `${at}/begin`, handle: act('begin') },
    { method: 'POST', path: `${at}/finish`, handle: act('finish') },
  ];
}

const refused = (code: string, text: string): Reply => ({ kind: 'json', value: { ok: false, code, text } });
