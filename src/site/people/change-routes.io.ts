import { z } from 'zod';
import { parsePolicy, parsePolicyDocument, parseRegistry } from '../../people/index.ts';
import { path } from '../../html/index.ts';
import { rulesStage } from '../../evidence-kinds/index.ts';
import { targetOf } from '../../setup/index.ts';
import { changeCeremony, documentOf, type Next, parsed, tryRecording, withRelay } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { notFound, type Route } from '../room.ts';
import { isInForce, standingIn } from './bases.ts';
import { changePage, signChangePage } from './change-html.ts';
import pLimit from 'p-limit';
import { askFor, nonceOf, readAsked, withdrawChange } from './drafts.io.ts';
import { peopleMark } from './mark.io.ts';
import { type QuorumDesk, quorumRoutes } from './quorum-routes.io.ts';
import { type Readings } from './readings.io.ts';
import { done, action } from './replies.ts';
import { type ChangeView } from './people-view.ts';

const upload = z.strictObject({ kind: z.enum(['registry', 'policy']), text: z.string().max(60_000) });
const named = z.strictObject({ digest: z.string().max(100) });

/** The most at once: each reading and each signature costs the target a connection, and all open pages read again when someone has signed. */
const inTurn = pLimit(4);

/** Changes on their way: read, signed by the quorum, in force. */
export function changeRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  const open: QuorumDesk['open'] = async ({ params }, use) => {
    const found = (await readAsked(services.state)).find(({ digest }) => digest === params['digest']);
    if (found === undefined) return null;
    const { next } = found;
    const target = targetOf(services.setup, params['target'] ?? '');
    return await inTurn(() =>
      withRelay(target, 'serve', async (relay) => {
        if (isInForce(relay, next)) return null;
        const ceremony = await changeCeremony(relay, next, (name) => nonceOf(services.state, name));
        return await use({
          ceremony,
          draw: (state) => signChangePage({ ...ceremony, ...state }),
          acted: async (complete) => {
            readings.forget();
            if (!complete) return;
            // the log tells of the change at once: from there on the keys that it names count
            await tryRecording(() => rulesStage(services.records.store, relay), services.onProblem);
            await forgetSettled(services, readings);
          },
        });
      }),
    );
  };
  return [
    action('/people/changes', upload, async (given) => {
      const digest = await askFor(services.state, nextOf(given));
      return done('read', { to: `/people/changes/${digest}` });
    }),
    action('/people/changes/withdraw', named, async (given) => {
      await withdrawChange(services.state, given.digest);
      return done('withdrawn');
    }),
    {
      method: 'GET',
      path: '/people/changes/:digest',
      handle: async ({ params }) => {
        // read before the page is drawn, so that a change in between is reported
        const mark = await peopleMark(services, readings);
        const found = (await readChangeViews(services, readings)).find(({ digest }) => digest === params['digest']);
        if (found === undefined) return notFound('such change');
        const [only, ...more] = found.standings;
        return only?.state === 'waits' && more.length === 0
          ? { kind: 'go', to: path('people', 'changes', found.digest, only.target, 'sign') }
          : { kind: 'page', document: changePage(found, mark) };
      },
    },
    ...quorumRoutes(services, {
      at: '/people/changes/:digest/:target',
      command: 'oneroof ratify',
      open,
      settledAt: () => '/people',
    }),
  ];
}

/** All proposed changes, with their state in each target. */
export async function readChangeViews(
  { state }: Pick<SiteServices, 'state'>,
  readings: Readings,
): Promise<readonly ChangeView[]> {
  const there = await readings.all();
  return (await readAsked(state)).map((asked) => ({
    ...asked,
    standings: there.map((reading) => standingIn(reading, asked.next)),
  }));
}

/** What is in force in every target is no change any more, also where it should go and come again. */
async function forgetSettled(services: SiteServices, readings: Readings): Promise<void> {
  for (const { digest, standings } of await readChangeViews(services, readings))
    if (standings.every(({ state }) => state === 'in force')) await withdrawChange(services.state, digest);
}

/** A document that someone sends: the canonical one, or as people write it. */
function nextOf({ kind, text }: z.output<typeof upload>): Next {
  if (kind === 'registry') return { kind, registry: parsed(parseRegistry({ text, file: 'the registry' })) };
  const canonical = parsePolicyDocument({ text, file: 'the policy' });
  return { kind, policy: canonical.ok ? canonical.value : parsed(parsePolicy({ text, file: 'the policy' })) };
}

/** Whether a change was asked for already; its digest, or null. */
export function askedAs(changes: readonly ChangeView[], next: Next): string | null {
  const { digest } = documentOf(next);
  return changes.some((one) => one.digest === digest) ? digest : null;
}
