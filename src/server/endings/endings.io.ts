import { z } from 'zod';
import { OneRoofError, printable } from '../../core/index.ts';
import { statementDigest } from '../../evidence/index.ts';
import { path } from '../../page/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { targetOf } from '../../setup/index.ts';
import {
  abandonCeremony,
  adoptCeremony,
  compareTarget,
  type EndingCeremony,
  type InForce,
  readInForce,
  readyToAdopt,
  recorded,
  type Relay,
  requireNotAbandoned,
  signingActions,
  withRelay,
} from '../../web/index.ts';
import { type House } from '../house.ts';
import { nonceOf } from '../people/drafts.io.ts';
import { unsignableAt } from '../people/quorum.ts';
import { readFiles, type Readings } from '../people/readings.io.ts';
import { done, malformed } from '../people/replies.ts';
import { notFound, type Reply, type Route, type Visit } from '../room.ts';
import { openTurns } from '../statements/turns.ts';
import { type AskedEnding, type Asking, type SignedEnding } from './asked.ts';
import { askForEnding, forgetEnding, readAskedEnding } from './asked.io.ts';
import { endingPage } from './endings.ts';

const reason = z.string().trim().min(1).max(1000);
const abandoning = z.strictObject({ reason });
const adopting = z.strictObject({ target: z.string().max(200), reason });

/** Each costs the target a connection, and an adoption reads the whole log: so many at once. */
const inTurn = openTurns(2);

/** What is ended, and the release that it is about, where it is about one. */
type Known = SignedEnding & { readonly sealed: SealedRelease | null };

/** The pages on which a quorum ends what is stuck: a release that stays as it is, a database that was restored or moved. */
export function endingRoutes(house: House, readings: Readings): readonly Route[] {
  const release = '/releases/:seal/targets/:target/abandon';
  const target = '/people/adoptions/:target';
  const known = {
    abandonment: async ({ params }: Visit): Promise<Known | null> => {
      const record = await house.records.of(params['seal'] ?? '');
      if (record?.sealed == null) return null;
      const { name } = targetOf(house.setup, params['target']);
      return { kind: 'abandonment', target: name, seal: record.seal, name: record.name, sealed: record.sealed };
    },
    adoption: async ({ params }: Visit): Promise<Known | null> => {
      const { name } = targetOf(house.setup, params['target'] ?? '');
      return { kind: 'adoption', target: name, sealed: null };
    },
  } as const;
  const signed = (kind: AskedEnding['kind'], at: string): readonly Route[] => [
    { method: 'GET', path: `${at}/sign`, handle: async (visit) => show(house, await known[kind](visit)) },
    ...(['begin', 'finish'] as const).map(
      (step): Route => ({
        method: 'POST',
        path: `${at}/${step}`,
        handle: async (visit) => {
          const reply = await act(house, await known[kind](visit), { step, body: visit.body });
          readings.forget();
          return reply;
        },
      }),
    ),
  ];
  return [
    {
      method: 'POST',
      path: release,
      handle: async (visit) => {
        const given = abandoning.safeParse(visit.body);
        if (!given.success) return malformed;
        const what = await known.abandonment(visit);
        if (what?.sealed == null) return notFound('such release');
        const { sealed } = what;
        return await ask(house, what, async (relay) => {
          await requireNotAbandoned(relay, sealed);
          return { reason: given.data.reason, again: [] };
        });
      },
    },
    {
      method: 'POST',
      path: '/people/adoptions',
      handle: async (visit) => {
        const given = adopting.safeParse(visit.body);
        if (!given.success) return malformed;
        const what = await known.adoption({ ...visit, params: { target: given.data.target } });
        if (what === null) return notFound('such target');
        return await ask(house, what, async (relay) => {
          const again: string[] = [];
          const say = (line: string): void => void again.push(line);
          await readyToAdopt(relay, { store: house.records.store, pins: pinsOf(house), say });
          return { reason: given.data.reason, again };
        });
      },
    },
    ...signed('abandonment', release),
    ...signed('adoption', target),
  ];
}

async function ask(house: House, what: Known, make: (relay: Relay) => Promise<Asking>): Promise<Reply> {
  const asking = await inTurn(() => withRelay(targetOf(house.setup, what.target), 'serve', make));
  await askForEnding(house.state, what, asking);
  return done('asked', { to: `${addressOf(what)}/sign` });
}

function addressOf(what: AskedEnding): string {
  return what.kind === 'abandonment'
    ? path('releases', what.seal, 'targets', what.target, 'abandon')
    : path('people', 'adoptions', what.target);
}

/** Where one goes when nothing is left to sign. */
function settledAt(what: AskedEnding): string {
  return what.kind === 'abandonment' ? path('releases', what.seal, 'targets', what.target) : '/people';
}

async function show(house: House, what: Known | null): Promise<Reply> {
  if (what === null) return notFound('such release');
  return await inCeremony(house, what, {
    settled: { kind: 'go', to: settledAt(what) },
    use: async (ceremony, { again }) => ({
      kind: 'page',
      document: endingPage({
        ceremony,
        statement: statementDigest(ceremony.body),
        standing: await ceremony.standing(),
        what,
        again,
        unsignable: unsignableIn(house, ceremony, what),
      }),
    }),
  });
}

async function act(
  house: House,
  what: Known | null,
  of: { readonly step: 'begin' | 'finish'; readonly body: unknown },
): Promise<Reply> {
  if (what === null) return notFound('such release');
  const refused = (code: string, text: string): Reply => ({ kind: 'json', value: { ok: false, code, text } });
  return await inCeremony(house, what, {
    settled: refused('settled', 'nothing is left to sign: it counts, or nobody asked for it'),
    use: async (ceremony) => {
      const unsignable = unsignableIn(house, ceremony, what);
      if (unsignable !== null) return refused('origin', unsignable);
      const answer = await signingActions(ceremony, house.state)[of.step](of.body);
      if (answer.ok && answer['complete'] === true) await forgetEnding(house.state, what);
      house.looks.forget();
      return { kind: 'json', value: answer };
    },
  });
}

/** The statement is written, and the page drawn, from what the database says now; of this host there is the reason alone. */
async function inCeremony(
  house: House,
  what: Known,
  of: { readonly settled: Reply; readonly use: (ceremony: EndingCeremony, asking: Asking) => Promise<Reply> },
): Promise<Reply> {
  const asking = await readAskedEnding(house.state, what);
  if (asking === null) return of.settled;
  const target = targetOf(house.setup, what.target);
  return await inTurn(() =>
    withRelay(target, 'serve', async (relay) => {
      try {
        return await of.use(await ceremonyOf(house, what, { relay, reason: asking.reason }), asking);
      } catch (error) {
        if (!(error instanceof OneRoofError) || error.code !== 'ABANDONED') throw error;
        await forgetEnding(house.state, what);
        return of.settled;
      }
    }),
  );
}

async function ceremonyOf(
  house: House,
  what: Known,
  { relay, reason: why }: { readonly relay: Relay; readonly reason: string },
): Promise<EndingCeremony> {
  const { store } = house.records;
  const nonceFor = (name: Parameters<typeof nonceOf>[1]) => nonceOf(house.state, name);
  if (what.sealed !== null) {
    const course = { sealed: what.sealed, store };
    const ceremony = await abandonCeremony(relay, { sealed: what.sealed, reason: why, nonceFor });
    return recorded(ceremony, { course, relay, onProblem: house.onProblem });
  }
  const found = await compareTarget(relay, { store, pins: pinsOf(house) });
  if (found.again.documents.length > 0)
    throw new OneRoofError('ADOPT_LOST', {
      problem: `${relay.target} lacks a registry or policy that the log knows: ${found.again.documents.map(({ kind, digest }) => printable(`${kind} ${digest}`)).join(', ')}`,
      fix: 'ask for the adoption again, on the page People: what was lost is handed in again then',
    });
  const ready = {
    relay: { ...relay, ...(await readInForce(relay.session)) },
    account: found.account,
    lost: found.lost,
  };
  return await adoptCeremony(ready, { store, reason: why, nonceFor, onProblem: house.onProblem });
}

/** What this host was told to trust. */
function pinsOf({ setup }: House): InForce {
  const { policy, registry } = readFiles(setup);
  if (policy !== null && registry !== null) return { policy, registry };
  throw new OneRoofError('CONFIG_NOT_FOUND', {
    problem: 'there is no policy or no registry beside oneroof.yaml to compare the database with',
    fix: `put both there, as they were in force: ${setup.policyFile}, ${setup.registryFile}`,
  });
}

function unsignableIn({ origin }: House, { policy }: EndingCeremony, { kind }: Known): string | null {
  return unsignableAt(origin, policy, kind === 'abandonment' ? 'oneroof abandon' : 'oneroof adopt');
}
