import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { OneRoofError } from '../../core/index.ts';
import { checkAgainst, type Registry, registryDocument } from '../../gate/index.ts';
import { dropFrom, requireNext } from '../../web/index.ts';
import { type House } from '../house.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { type Base, basesOf, type Reading } from './bases.ts';
import { askFor, changeDraft, discardDraft, readDraft } from './drafts.io.ts';
import { readFiles, type Readings } from './readings.io.ts';
import { done, malformed } from './replies.ts';

const leaving = z.strictObject({
  follows: z.string().max(100),
  person: z.string().max(63),
  key: z.string().max(1400).optional(),
});
const draftNamed = z.strictObject({ follows: z.string().max(100) });

/** Registries as files: the draft, and what is in force. */
export function documentRoutes(house: House, readings: Readings): readonly Route[] {
  const file = (name: string, registry: Registry): Reply => ({
    kind: 'text',
    type: 'application/json',
    text: registryDocument(registry),
    name,
  });
  const draft = (name: string): Route => ({
    method: 'GET',
    path: `/people/draft/${name}`,
    handle: async ({ query }) => {
      const base = await baseOf(house, readings, query['follows'] ?? '');
      return file(name, (await readDraft(house.state, base)) ?? base.start);
    },
  });
  return [
    draft('registry.json'),
    draft('registry.next.json'),
    {
      method: 'GET',
      path: '/people/targets/:target/registry.json',
      handle: async ({ params }) => {
        const isIt = (one: Reading) => one.target === params['target'];
        const found = (await readings.all()).find(isIt);
        return found?.state === 'in force' ? file('registry.json', found.registry) : notFound('registry known of it');
      },
    },
  ];
}

/** A draft loses somebody, is discarded, is put before the quorum, becomes the first registry. */
export function draftRoutes(house: House, readings: Readings): readonly Route[] {
  const { state } = house;
  return [
    {
      method: 'POST',
      path: '/people/draft/drop',
      handle: async ({ body }) => {
        const given = leaving.safeParse(body);
        if (!given.success) return malformed;
        const { follows, person, key = null } = given.data;
        const base = await baseOf(house, readings, follows);
        await changeDraft(state, base, async (draft) =>
          dropFrom(draft, { policy: base.policy, leaving: { person, key } }),
        );
        return done('not in the draft any more');
      },
    },
    {
      method: 'POST',
      path: '/people/draft/discard',
      handle: async ({ body }) => {
        const given = draftNamed.safeParse(body);
        if (!given.success) return malformed;
        await discardDraft(state, given.data.follows);
        return done('discarded');
      },
    },
    {
      method: 'POST',
      path: '/people/draft/ask',
      handle: async ({ body }) => {
        const given = draftNamed.safeParse(body);
        if (!given.success) return malformed;
        const base = await baseOf(house, readings, given.data.follows);
        const registry = (await readDraft(state, base)) ?? base.start;
        const next = { kind: 'registry', registry } as const;
        if (base.present !== null) requireNext(base.present, next);
        const digest = await askFor(state, next);
        return done('the quorum is asked', { to: `/people/changes/${digest}` });
      },
    },
    {
      method: 'POST',
      path: '/people/first',
      handle: async () => {
        const base = await baseOf(house, readings, 'first');
        const registry = (await readDraft(state, base)) ?? base.start;
        OneRoofError.throwIfAny(
          checkAgainst(base.policy, registry).map(({ code, problem, fix }) => ({ code, problem, fix })),
        );
        writeFirst(house.setup.registryFile, registry);
        return done(`written to ${house.setup.registryFile}; next: oneroof install`);
      },
    },
  ];
}

/** Whole, or not at all; a file that is there is never replaced. */
function writeFirst(file: string, registry: Registry): void {
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, registryDocument(registry), { mode: 0o644 });
  try {
    linkSync(part, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new OneRoofError('ALREADY_EXISTS', {
      problem: `${file} is there already`,
      fix: 'download the draft, compare, and put it in its place yourself',
      cause,
    });
  } finally {
    rmSync(part, { force: true });
  }
}

/** What a draft follows, where that is still so: another version may have come into force while the page was open. */
async function baseOf(house: House, readings: Readings, follows: string): Promise<Base> {
  const found = basesOf(await readings.all(), readFiles(house.setup)).find((one) => one.follows === follows);
  if (found !== undefined) return found;
  throw new OneRoofError('CHANGE_NOT_NEXT', {
    problem: 'what this draft follows is not in force any more, or cannot be asked now',
    fix: 'read the page anew',
  });
}
