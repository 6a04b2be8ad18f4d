import { z } from 'zod';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { path } from '../../html/index.ts';
import { targetOf } from '../../setup/index.ts';
import {
  abandonCeremony,
  adoptCeremony,
  compareTarget,
  type EndingCeremony,
  type PolicyAndRegistry,
  readInForce,
  readyToAdopt,
  recorded,
  type Relay,
  requireNotAbandoned,
  withRelay,
} from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { nonceOf } from '../people/drafts.io.ts';
import { type QuorumDesk, quorumRoutes } from '../people/quorum-routes.io.ts';
import { readPeopleFiles, type Readings } from '../people/readings.io.ts';
import { action, done, malformedPeople } from '../people/replies.ts';
import { notFound, type Reply, type Route, type Visit } from '../room.ts';
import pLimit from 'p-limit';
import { askForEnding, type AskedEnding, forgetEnding, readAskedEnding } from './asked.io.ts';
import { endingPage } from './endings.ts';

const reason = z.string().trim().min(1).max(1000);
const abandoning = z.strictObject({ reason });
const adopting = z.strictObject({ target: z.string().max(200), reason });

/** The most at once: each costs the target a connection, and an adoption reads the whole log. */
const inTurn = pLimit(2);

/** The pages on which a quorum abandons a release, or adopts a restored or moved database. */
export function endingRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  const { setup } = services;
  const release = '/releases/:seal/targets/:target/abandon';
  const abandoned = async ({ params }: Visit): Promise<AskedEnding | null> => {
    const record = await services.records.of(params['seal'] ?? '');
    return record?.sealed == null ? null : { target: targetOf(setup, params['target']).name, sealed: record.sealed };
  };
  const adopted = async ({ params }: Visit): Promise<AskedEnding> => ({
    target: targetOf(setup, params['target'] ?? '').name,
    sealed: null,
  });
  return [
    {
      method: 'POST',
      path: release,
      handle: async (visit) => {
        const given = abandoning.safeParse(visit.body);
        if (!given.success) return malformedPeople;
        const what = await abandoned(visit);
        return what === null ? notFound('such release') : await ask(services, what, given.data.reason);
      },
    },
    action('/people/adoptions', adopting, (given) =>
      ask(services, { target: targetOf(setup, given.target).name, sealed: null }, given.reason),
    ),
    ...quorumRoutes(services, {
      at: release,
      command: 'oneroof abandon',
      open: openEnding(services, readings, abandoned),
      settledAt: ({ params }) => path('releases', params['seal'] ?? '', 'targets', params['target'] ?? ''),
    }),
    ...quorumRoutes(services, {
      at: '/people/adoptions/:target',
      command: 'oneroof adopt',
      open: openEnding(services, readings, adopted),
      settledAt: () => '/people',
    }),
  ];
}

async function ask(services: SiteServices, what: AskedEnding, why: string): Promise<Reply> {
  const { target, sealed } = what;
  const again: string[] = [];
  const say = (line: string): void => void again.push(line);
  await inTurn(() =>
    withRelay(targetOf(services.setup, target), 'serve', async (relay) => {
      if (sealed !== null) await requireNotAbandoned(relay, sealed);
      else await readyToAdopt(relay, { store: services.records.store, pins: pinsOf(services), say });
    }),
  );
  await askForEnding(services.state, what, { reason: why, again });
  const at =
    sealed === null ? ['people', 'adoptions', target] : ['releases', sealed.seal, 'targets', target, 'abandon'];
  return done('asked', { to: path(...at, 'sign') });
}

/** Statement and page come from what the database says now; only the reason comes from this host. */
function openEnding(
  services: SiteServices,
  readings: Readings,
  known: (visit: Visit) => Promise<AskedEnding | null>,
): QuorumDesk['open'] {
  return async (visit, use) => {
    const what = await known(visit);
    if (what === null) return notFound('such release');
    const asking = await readAskedEnding(services.state, what);
    if (asking === null) return null;
    const target = targetOf(services.setup, what.target);
    return await inTurn(() =>
      withRelay(target, 'serve', async (relay) => {
        try {
          const ceremony = await ceremonyOf(services, what, { relay, reason: asking.reason });
          return await use({
            ceremony,
            draw: (state) => endingPage({ ceremony, what, again: asking.again, ...state }),
            acted: async (complete) => {
              if (complete) await forgetEnding(services.state, what);
              services.looks.forget();
              readings.forget();
            },
          });
        } catch (error) {
          if (!(error instanceof OneRoofError) || error.code !== 'ABANDONED') throw error;
          await forgetEnding(services.state, what);
          return null;
        }
      }),
    );
  };
}

async function ceremonyOf(
  services: SiteServices,
  { sealed }: AskedEnding,
  { relay, reason: why }: { readonly relay: Relay; readonly reason: string },
): Promise<EndingCeremony> {
  const { store } = services.records;
  const { onProblem } = services;
  const nonceFor = (name: Parameters<typeof nonceOf>[1]) => nonceOf(services.state, name);
  if (sealed !== null) {
    const ceremony = await abandonCeremony(relay, { sealed, reason: why, nonceFor });
    return recorded(ceremony, { course: { sealed, store }, relay, onProblem });
  }
  const { account, again, lost } = await compareTarget(relay, { store, pins: pinsOf(services) });
  if (again.documents.length > 0)
    throw new OneRoofError('ADOPT_LOST', {
      ...stated`${{ target: relay.target }} lacks a registry or policy that the log knows: ${{ documents: again.documents.map(({ kind, digest }) => printable(`${kind} ${digest}`)) }}`,
      fix: 'ask for the adoption again, on the page People: that hands in again what was lost',
    });
  const ready = { relay: { ...relay, ...(await readInForce(relay.session)) }, account, lost };
  return await adoptCeremony(ready, { store, reason: why, nonceFor, onProblem });
}

/** What this host is configured to trust. */
function pinsOf({ setup }: SiteServices): PolicyAndRegistry {
  const { policy, registry } = readPeopleFiles(setup);
  if (policy !== null && registry !== null) return { policy, registry };
  throw new OneRoofError('CONFIG_NOT_FOUND', {
    ...stated`there is no policy or no registry beside oneroof.yaml, so the database cannot be compared with them`,
    fix: `put both there, as they were when they were in force: ${setup.policyFile}, ${setup.registryFile}`,
  });
}
