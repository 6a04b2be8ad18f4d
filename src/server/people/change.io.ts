import { z } from 'zod';
import { statementDigest } from '../../evidence/index.ts';
import { parsePolicy, parsePolicyDocument, parseRegistry } from '../../gate/index.ts';
import { path } from '../../page/index.ts';
import { rulesStage } from '../../kinds/index.ts';
import { targetOf } from '../../setup/index.ts';
import {
  type ChangeCeremony,
  changeCeremony,
  documentOf,
  type Next,
  parsed,
  signingActions,
  withRelay,
} from '../../web/index.ts';
import { type House } from '../house.ts';
import { notFound, type Reply, type Route, type Visit } from '../room.ts';
import { isInForce, standingIn } from './bases.ts';
import { changePage, signChangePage } from './change.ts';
import { openTurns } from '../statements/turns.ts';
import { askFor, nonceOf, readAsked, withdrawChange } from './drafts.io.ts';
import { peopleMark } from './mark.io.ts';
import { unsignableAt } from './quorum.ts';
import { type Readings } from './readings.io.ts';
import { done, malformed } from './replies.ts';
import { type ChangeView } from './view.ts';

const upload = z.strictObject({ kind: z.enum(['registry', 'policy']), text: z.string().max(60_000) });
const named = z.strictObject({ digest: z.string().max(100) });

/** Each reading and each signature costs the target a connection, and all who look read anew when somebody has signed: so many at once. */
const inTurn = openTurns(4);

/** Changes on their way: read, signed by the quorum, in force. */
export function changeRoutes(house: House, readings: Readings): readonly Route[] {
  const inCeremony = async (
    { params }: Visit,
    of: {
      /** What is answered where nothing is left to sign: it is in force, or was forgotten since, or withdrawn. */
      readonly settled: Reply;
      readonly use: (ceremony: ChangeCeremony) => Promise<Reply>;
    },
  ): Promise<Reply> => {
    const found = (await readAsked(house.state)).find(({ digest }) => digest === params['digest']);
    if (found === undefined) return of.settled;
    const { next } = found;
    const target = targetOf(house.setup, params['target'] ?? '');
    return await inTurn(() =>
      withRelay(target, 'serve', async (relay) =>
        isInForce(relay, next)
          ? of.settled
          : await of.use(await changeCeremony(relay, next, (change) => nonceOf(house.state, change))),
      ),
    );
  };
  const act =
    (step: 'begin' | 'finish'): Route['handle'] =>
    (visit) =>
      inCeremony(visit, {
        settled: refused('settled', 'nothing is left to sign: the change is in force, or was withdrawn'),
        use: async (ceremony) => {
          const { params } = visit;
          const unsignable = unsignableAt(house.origin, ceremony.policy, 'oneroof ratify');
          if (unsignable !== null) return refused('origin', unsignable);
          const answer = await signingActions(ceremony, house.state)[step](visit.body);
          readings.forget();
          if (answer.ok && answer['complete'] === true) {
            await recordPlace(house, params['target'] ?? '');
            await forgetSettled(house, readings);
          }
          return { kind: 'json', value: answer };
        },
      });
  const here = '/people/changes/:digest/:target';
  return [
    {
      method: 'POST',
      path: '/people/changes',
      handle: async ({ body }) => {
        const given = upload.safeParse(body);
        if (!given.success) return malformed;
        const digest = await askFor(house.state, nextOf(given.data));
        return done('read', { to: `/people/changes/${digest}` });
      },
    },
    {
      method: 'POST',
      path: '/people/changes/withdraw',
      handle: async ({ body }) => {
        const given = named.safeParse(body);
        if (!given.success) return malformed;
        await withdrawChange(house.state, given.data.digest);
        return done('withdrawn');
      },
    },
    {
      method: 'GET',
      path: '/people/changes/:digest',
      handle: async ({ params }) => {
        // before the page: what comes between the two is told
        const mark = await peopleMark(house, readings);
        const found = (await readChangeViews(house, readings)).find(({ digest }) => digest === params['digest']);
        if (found === undefined) return notFound('such change');
        const [only, ...more] = found.standings;
        return only?.state === 'waits' && more.length === 0
          ? { kind: 'go', to: path('people', 'changes', found.digest, only.target, 'sign') }
          : { kind: 'page', document: changePage(found, mark) };
      },
    },
    {
      method: 'GET',
      path: `${here}/sign`,
      handle: (visit) =>
        inCeremony(visit, {
          settled: { kind: 'go', to: '/people' },
          use: async (ceremony) => ({
            kind: 'page',
            document: signChangePage({
              ...ceremony,
              statement: statementDigest(ceremony.body),
              standing: await ceremony.standing(),
              unsignable: unsignableAt(house.origin, ceremony.policy, 'oneroof ratify'),
            }),
          }),
        }),
    },
    { method: 'POST', path: `${here}/begin`, handle: act('begin') },
    { method: 'POST', path: `${here}/finish`, handle: act('finish') },
  ];
}

/** All changes that were asked for, with how they stand in each target. */
export async function readChangeViews(
  { state }: Pick<House, 'state'>,
  readings: Readings,
): Promise<readonly ChangeView[]> {
  const there = await readings.all();
  return (await readAsked(state)).map((asked) => ({
    ...asked,
    standings: there.map((reading) => standingIn(reading, asked.next)),
  }));
}

/** The log tells of the change at once: from there on the keys that it names count. Where that fails, the next time records it. */
async function recordPlace({ setup, records, onProblem }: House, name: string): Promise<void> {
  const target = targetOf(setup, name);
  try {
    await withRelay(target, 'serve', ({ session }) => rulesStage(records.store, { target: target.name, session }));
  } catch (error) {
    onProblem(
      `the change in ${target.name} was not recorded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const refused = (code: string, text: string): Reply => ({ kind: 'json', value: { ok: false, code, text } });

/** What is in force in every target is no change any more, also where it should go and come again. */
async function forgetSettled(house: House, readings: Readings): Promise<void> {
  for (const { digest, standings } of await readChangeViews(house, readings))
    if (standings.every(({ state }) => state === 'in force')) await withdrawChange(house.state, digest);
}

/** A document that somebody sends: the canonical one, or as people write it. */
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
