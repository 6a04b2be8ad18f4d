import { z } from 'zod';
import { OneRoofError, stated } from '../../core/index.ts';
import { type Registry, registryDocument } from '../../people/index.ts';
import { dropFrom, requireNext } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { type Base, basesOf, draftFile, type PeopleReading } from './bases.ts';
import { askFor, changeDraft, discardDraft, readDraft } from './drafts.io.ts';
import { readPeopleFiles, type Readings } from './readings.io.ts';
import { done, action } from './replies.ts';

const leaving = z.strictObject({
  follows: z.string().max(100),
  person: z.string().max(63),
  key: z.string().max(1400).optional(),
});
const draftNamed = z.strictObject({ follows: z.string().max(100) });

/** Registries as files: the draft, and what is in force. */
export function documentRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  const file = (name: string, registry: Registry): Reply => ({
    kind: 'text',
    type: 'application/json',
    text: registryDocument(registry),
    name,
  });
  return [
    {
      method: 'GET',
      path: '/people/draft/registry.json',
      handle: async ({ query }) => {
        const base = await baseOf(services, readings, query['follows'] ?? '');
        return file(draftFile(base), (await readDraft(services.state, base)) ?? base.start);
      },
    },
    {
      method: 'GET',
      path: '/people/targets/:target/registry.json',
      handle: async ({ params }) => {
        const isIt = (one: PeopleReading) => one.target === params['target'];
        const found = (await readings.all()).find(isIt);
        return found?.state === 'in force' ? file('registry.json', found.registry) : notFound('registry known of it');
      },
    },
  ];
}

/** Changes a draft: drops a person, discards it, proposes it to the quorum. */
export function draftRoutes(services: SiteServices, readings: Readings): readonly Route[] {
  const { state } = services;
  return [
    action('/people/draft/drop', leaving, async (given) => {
      const { follows, person, key = null } = given;
      const base = await baseOf(services, readings, follows);
      await changeDraft(state, base, async (draft) =>
        dropFrom(draft, { policy: base.policy, leaving: { person, key } }),
      );
      return done('no longer in the draft');
    }),
    action('/people/draft/discard', draftNamed, async (given) => {
      await discardDraft(state, given.follows);
      return done('discarded');
    }),
    action('/people/draft/ask', draftNamed, async (given) => {
      const base = await baseOf(services, readings, given.follows);
      const registry = (await readDraft(state, base)) ?? base.start;
      const next = { kind: 'registry', registry } as const;
      if (base.present !== null) requireNext(base.present, next);
      const digest = await askFor(state, next);
      return done('the quorum is asked', { to: `/people/changes/${digest}` });
    }),
  ];
}

/** What a draft follows, where that is still so: another version may have come into force while the page was open. */
async function baseOf(services: SiteServices, readings: Readings, follows: string): Promise<Base> {
  const found = basesOf(await readings.all(), readPeopleFiles(services.setup)).find((one) => one.follows === follows);
  if (found !== undefined) return found;
  throw new OneRoofError('CHANGE_NOT_NEXT', {
    ...stated`the version before this draft is no longer in force, or cannot be read now`,
    fix: 'reload the page',
  });
}
