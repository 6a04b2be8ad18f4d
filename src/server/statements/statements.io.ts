import { statementDigest } from '../../evidence/index.ts';
import { type Cycle, explainRefusal, lacksSeats, type Policy, whyClosed } from '../../gate/index.ts';
import { loadParser } from '../../release/index.ts';
import { explain, standingOf } from '../../report/index.ts';
import { proposalsOf, ratificationOf } from '../../web/index.ts';
import { type House } from '../house.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { type Found, closingActs, ratifyActs, unsignableOf } from './acts.io.ts';
import { openGates, type Gates } from './gates.io.ts';
import { declinesOf, proposalOf } from './find.ts';
import { propose } from './propose.io.ts';
import { type Standing, statementPage } from './statement.ts';
import { targetPage } from './target.ts';

/** Asking people, the page on which they judge, and what they decide there. */
export function statementRoutes(house: House): readonly Route[] {
  const acts = {
    ratify: ratifyActs(house),
    decline: closingActs(house, 'decline'),
    revoke: closingActs(house, 'revoke'),
  };
  const gates = openGates(house);
  return [
    {
      method: 'GET',
      path: '/releases/:seal/targets/:target',
      handle: ({ params }) => showTarget(house, gates, params),
    },
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
        return found === null ? notFound('such statement') : showStatement(house, gates, found);
      },
    },
    ...Object.entries(acts).flatMap(([act, does]) =>
      (['begin', 'finish'] as const).map(
        (step): Route => ({
          method: 'POST',
          path: `/statements/:digest/${act}/${step}`,
          handle: async ({ params, body }) => {
            const found = await find(house, params['digest'] ?? '');
            if (found === null) return notFound('such statement');
            const value = await does[step](found, body);
            if (step === 'finish') gates.forget(found.proposal.target);
            return { kind: 'json', value };
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

async function showStatement(house: House, gates: Gates, { record, proposal, statement }: Found): Promise<Reply> {
  const asked = await gates.ask(proposal.target);
  const policy = typeof asked === 'string' ? null : asked.policy;
  const standing: Standing =
    typeof asked === 'string'
      ? { state: 'unknown', why: asked }
      : standingIn(asked.cycles.find((one) => one.statement === statement) ?? null, {
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
      last: record.entries.at(-1)?.index ?? -1,
      target: proposal.target,
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
  const why = whyClosed(cycle);
  const state = why === null ? 'open' : lacksSeats(cycle) ? 'waits' : 'closed';
  const text = why === null ? '' : state === 'waits' ? why.facts.said : explainRefusal(why);
  return { state, text, persons: cycle.persons.map((id) => names.get(id) ?? id), done: cycle.done };
}

async function showTarget(house: House, gates: Gates, params: Readonly<Record<string, string>>): Promise<Reply> {
  const record = await house.records.of(params['seal'] ?? '');
  if (record?.sealed == null) return notFound('such release');
  const occasion = await house.looks.occasion(record.sealed, params['target'] ?? '');
  const asked = await gates.ask(occasion.target);
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
      const closed = cycle?.closed.up ?? null;
      const state =
        typeof asked === 'string'
          ? 'not known'
          : cycle === undefined
            ? 'waits: nobody has signed'
            : closed === null
              ? 'ratified: the target lets it through'
              : explainRefusal(closed);
      const waits = typeof asked !== 'string' && (cycle === undefined || closed?.code === 'seats');
      return said === null
        ? []
        : [
            {
              statement,
              opens: said.opens,
              expires: said.expires,
              waits,
              state,
              persons: cycle?.persons ?? [],
            },
          ];
    });
  return {
    kind: 'page',
    document: targetPage({
      name: record.name,
      seal: record.seal,
      last: record.entries.at(-1)?.index ?? -1,
      target: occasion.target,
      gate: standing.gate,
      reasons: standing.gate === 'closed' ? standing.reasons.map(explain) : [],
      next: standing.gate === 'open' ? standing.next : null,
      done: standing.cycle?.done ?? [],
      proposals,
      policy,
      unsignable: typeof asked === 'string' ? asked : unsignableOf(house, policy),
    }),
  };
}
