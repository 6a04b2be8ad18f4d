import { z } from 'zod';
import { statementDigest } from '../../evidence/index.ts';
import { type Cycle, type Policy, readCycles } from '../../gate/index.ts';
import { loadParser } from '../../release/index.ts';
import { standingOf } from '../../report/index.ts';
import { targetOf } from '../../setup/index.ts';
import { proposalsOf, ratificationOf, ratifyCeremony, type Relay, withRelay } from '../../web/index.ts';
import { type House } from '../house.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { type Found, malformed, closingActs, ratifyActs, unsignableOf } from './acts.io.ts';
import { declinesOf, proposalOf } from './find.ts';
import { type Standing, statementPage } from './statement.ts';
import { targetPage } from './target.ts';

const asking = z.strictObject({
  hours: z.string().regex(/^\d{0,4}$/),
  holdPoint: z.string().max(100).optional(),
});

/** Asking people, the page on which they judge, and what they decide there. */
export function statementRoutes(house: House): readonly Route[] {
  const acts = {
    ratify: ratifyActs(house),
    decline: closingActs(house, 'decline'),
    revoke: closingActs(house, 'revoke'),
  };
  return [
    { method: 'GET', path: '/releases/:seal/targets/:target', handle: ({ params }) => showTarget(house, params) },
    {
      method: 'POST',
      path: '/releases/:seal/targets/:target/propose',
      handle: ({ params, body }) => propose(house, params, body),
    },
    {
      method: 'GET',
      path: '/statements/:digest',
      handle: async ({ params }) => {
        const found = await find(house, params['digest'] ?? '');
        return found === null ? notFound('such statement') : showStatement(house, found);
      },
    },
    ...Object.entries(acts).flatMap(([act, does]) =>
      (['begin', 'finish'] as const).map(
        (step): Route => ({
          method: 'POST',
          path: `/statements/:digest/${act}/${step}`,
          handle: async ({ params, body }) => {
            const found = await find(house, params['digest'] ?? '');
            return found === null ? notFound('such statement') : { kind: 'json', value: await does[step](found, body) };
          },
        }),
      ),
    ),
  ];
}

async function find({ records }: House, statement: string): Promise<Found | null> {
  for (const record of await records.all()) {
    const { sealed } = record;
    if (sealed === null || !record.entries.some(({ kind }) => kind === 'proposal')) continue;
    const proposal = proposalOf(await record.evidence(), statement);
    if (proposal !== null)
      return { record: { ...record, sealed }, proposal, statement: statementDigest(proposal.body) };
  }
  return null;
}

/** Where the target cannot be asked, the page says why, and nobody can sign. */
async function ask<T>(house: House, target: string, work: (relay: Relay) => Promise<T>): Promise<T | string> {
  try {
    return await withRelay(targetOf(house.setup, target), 'serve', work);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function showStatement(house: House, { record, proposal, statement }: Found): Promise<Reply> {
  const asked = await ask(house, proposal.target, async (relay) => ({
    policy: relay.policy,
    registry: relay.registry,
    cycle: (await readCycles(relay.session)).find((one) => one.statement === statement) ?? null,
  }));
  const policy = typeof asked === 'string' ? null : asked.policy;
  const standing: Standing =
    typeof asked === 'string'
      ? { state: 'unknown', why: asked }
      : standingIn(asked.cycle, {
          policy: asked.policy,
          names: new Map(asked.registry.persons.map(({ id, name }) => [id, name])),
        });
  const parser = await loadParser();
  const ratification = ratificationOf(proposal);
  if (ratification === null) return notFound('such statement');
  return {
    kind: 'page',
    document: statementPage({
      dossier: proposal.dossier.dossier,
      text: proposal.dossier.text,
      textDigest: proposal.dossier.digest,
      pieces: parser.pieces,
      statement,
      body: proposal.body,
      ratification,
      name: record.name,
      seal: record.seal,
      target: proposal.target,
      last: record.entries.at(-1)?.index ?? -1,
      standing,
      policy,
      declines: declinesOf(await record.evidence(), {
        statement,
        registry: typeof asked === 'string' ? null : asked.registry,
      }),
      unsignable: unsignableOf(house, policy),
    }),
  };
}

function standingIn(
  cycle: Cycle | null,
  { policy, names }: { readonly policy: Policy; readonly names: ReadonlyMap<string, string> },
): Standing {
  if (cycle === null)
    return { state: 'waits', text: `0 of ${policy.seats.length} seats are filled`, persons: [], done: [] };
  const why = cycle.closed.up;
  const state = why === null ? 'open' : why.startsWith('seats') && cycle.done.length === 0 ? 'waits' : 'closed';
  const text = state === 'waits' ? (why ?? '').replace(/^seats: /, '') : (why ?? '');
  return { state, text, persons: cycle.persons.map((id) => names.get(id) ?? id), done: cycle.done };
}

async function showTarget(house: House, params: Readonly<Record<string, string>>): Promise<Reply> {
  const record = await house.records.of(params['seal'] ?? '');
  if (record?.sealed == null) return notFound('such release');
  const occasion = await house.looks.occasion(record.sealed, params['target'] ?? '');
  const asked = await ask(house, occasion.target, async ({ policy, session }) => ({
    policy,
    cycles: await readCycles(session),
  }));
  const standing = standingOf(occasion);
  const policy = typeof asked === 'string' ? null : asked.policy;
  const cycles = typeof asked === 'string' ? [] : asked.cycles;
  const proposals = proposalsOf(await record.evidence())
    .filter(({ target }) => target === occasion.target)
    .toReversed()
    .flatMap((proposal) => {
      const statement = statementDigest(proposal.body);
      const cycle = cycles.find((one) => one.statement === statement);
      const said = ratificationOf(proposal);
      const state =
        typeof asked === 'string'
          ? 'not known'
          : cycle === undefined
            ? 'waits: nobody has signed'
            : (cycle.closed.up ?? 'ratified: the target lets it through');
      return said === null
        ? []
        : [{ statement, holdPoint: said.holdPoint, expires: said.expires, state, persons: cycle?.persons ?? [] }];
    });
  return {
    kind: 'page',
    document: targetPage({
      name: record.name,
      seal: record.seal,
      target: occasion.target,
      last: record.entries.at(-1)?.index ?? -1,
      gate: standing.gate,
      reasons: standing.gate === 'open' ? [] : standing.reasons,
      next: standing.gate === 'open' ? standing.next : null,
      done: standing.cycle?.done ?? [],
      proposals,
      policy,
      unsignable: typeof asked === 'string' ? asked : unsignableOf(house, policy),
    }),
  };
}

async function propose(house: House, params: Readonly<Record<string, string>>, body: unknown): Promise<Reply> {
  const asked = asking.safeParse(body);
  if (!asked.success) return { kind: 'json', value: malformed };
  const record = await house.records.of(params['seal'] ?? '');
  if (record?.sealed == null) return notFound('such release');
  const { sealed } = record;
  const target = targetOf(house.setup, params['target']);
  const { hours, holdPoint } = asked.data;
  const ceremony = await withRelay(target, 'serve', (relay) =>
    ratifyCeremony(relay, {
      course: { sealed, store: house.records.store },
      target,
      hours: hours === '' ? null : Number(hours),
      holdPoint: holdPoint === undefined || holdPoint === '' ? null : holdPoint,
    }),
  );
  await house.records.refresh();
  const to = `/statements/${encodeURIComponent(statementDigest(ceremony.body))}`;
  return { kind: 'json', value: { ok: true, text: 'recorded', to } };
}
