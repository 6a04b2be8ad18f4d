import { now, OneRoofError } from '../../core/index.ts';
import { schemaAgainst, stateOf } from '../../dossier/index.ts';
import { type Cycle, explainReason, explainRefusal, lacksSeats, type Policy, whyClosed } from '../../gate/index.ts';
import { loadParser } from '../../release/index.ts';
import { explain, standingOf } from '../../report/index.ts';
import {
  foreignSaid,
  type Judged,
  judgeProposals,
  type Proposal,
  ratificationOf,
  recordedProposals,
  rootsOf,
  type TargetWord,
} from '../../proposal/index.ts';
import { type House } from '../house.ts';
import { type ReleaseRecord } from '../records.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { outward } from '../site/index.ts';
import { type Found, closingActs, ratifyActs, unsignableOf } from './acts.io.ts';
import { openGates, type Gates } from './gates.io.ts';
import { foreignPage } from './foreign.ts';
import { declinesOf } from './find.ts';
import { reviewTime } from '../../web/index.ts';
import { propose } from './propose.io.ts';
import { type FreshReading, type Standing, statementPage } from './statement.ts';
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
        const found = await find(house, gates, params['digest'] ?? '');
        return found === null ? notFound('such statement') : showStatement(house, gates, found);
      },
    },
    ...Object.entries(acts).flatMap(([act, does]) =>
      (['begin', 'finish'] as const).map(
        (step): Route => ({
          method: 'POST',
          path: `/statements/:digest/${act}/${step}`,
          handle: async ({ params, body }) => {
            const found = await find(house, gates, params['digest'] ?? '');
            if (found === null) return notFound('such statement');
            const value = await does[step](found, body);
            if (step === 'finish') gates.forget(found.judged.target);
            return { kind: 'json', value };
          },
        }),
      ),
    ),
  ];
}

/** What a proposal for a release says that a quorum ended in its target. */
const abandonedSaid = 'abandoned: people ended this release in this database; it stays as it is';

type Known = Found['record'];

/** The recorded proposals of a release, judged by what their targets say now. */
async function judgedOf(house: House, gates: Gates, record: Known): Promise<readonly Judged[]> {
  const evidence = await record.evidence();
  const targets = [...new Set(recordedProposals(evidence).map(({ target }) => target))];
  const words = new Map<string, TargetWord>();
  for (const target of targets) {
    // one that this host does not know, or that cannot be asked, says nothing
    const asked = await gates.ask(target);
    if (typeof asked !== 'string') words.set(target, asked.word);
  }
  const log = await house.records.store.log();
  return judgeProposals({
    sealed: record.sealed,
    evidence,
    rootAt: rootsOf(log),
    signerOf: (index) => log.lines[index]?.signer ?? null,
    own: [await house.records.store.ownKey()],
    wordOf: (target) => words.get(target) ?? null,
    now: now(),
  });
}

/** The proposal with a statement: one that holds before all others, so that a planted copy of it hides nothing. */
async function find(house: House, gates: Gates, digest: string): Promise<Found | null> {
  const found: Found[] = [];
  for (const record of await house.records.all()) {
    if (!hasRelease(record) || !record.entries.some(({ kind }) => kind === 'proposal')) continue;
    if (!recordedProposals(await record.evidence()).some(({ statement }) => statement === digest)) continue;
    const judged = await judgedOf(house, gates, record);
    for (const one of judged) {
      if (one.statement !== digest) continue;
      if (one.state === 'holds') return { record, judged: one, statement: one.statement };
      found.push({ record, judged: one, statement: one.statement });
    }
  }
  return found[0] ?? null;
}

function hasRelease(record: ReleaseRecord): record is Known {
  return record.sealed !== null;
}

async function showStatement(house: House, gates: Gates, { record, judged, statement }: Found): Promise<Reply> {
  if (judged.state === 'foreign') return { kind: 'page', document: foreignPage(judged, record) };
  const { proposal, said: ratification } = judged;
  const asked = await gates.ask(proposal.target);
  const policy = typeof asked === 'string' ? null : asked.policy;
  const standing: Standing =
    typeof asked === 'string'
      ? { state: 'unknown', why: asked }
      : standingIn(asked.cycles.find((one) => one.statement === statement) ?? null, {
          abandoned: asked.abandoned.includes(record.seal),
          policy: asked.policy,
          names: new Map(asked.registry.persons.map(({ id, name }) => [id, name])),
        });
  const parser = await loadParser();
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
      review:
        policy === null || standing.state !== 'waits' || standing.persons.length > 0
          ? null
          : await reviewOf(gates, { record, proposal, policy }),
      fresh: await freshOf(house, { record, proposal }),
      policy,
      declines: declinesOf((await record.heard(proposal.target)).evidence, {
        statement,
        registry: typeof asked === 'string' ? null : asked.registry,
      }),
      unsignable: unsignableOf(house, policy),
    }),
  };
}

/** Until when people can only read; null where a signature counts, or the target cannot be asked. */
async function reviewOf(
  gates: Gates,
  of: { readonly record: Known; readonly proposal: Proposal; readonly policy: Policy },
): Promise<string | null> {
  const { record, proposal, policy } = of;
  const received = await gates.received(proposal.target, record.seal);
  const sealedAt = ratificationOf(proposal)?.sealedAt ?? now();
  const review = received === null ? null : reviewTime({ received, sealedAt, policy });
  return review?.state === 'runs' ? review.text : null;
}

/** Production as this host reads it itself, shared by all visitors for some seconds; or why it could not. */
async function freshOf(
  { looks }: House,
  { record, proposal }: { readonly record: Known; readonly proposal: Proposal },
): Promise<FreshReading | string> {
  try {
    const { reading } = await looks.occasion(record.sealed, proposal.target);
    const { exit, rows } = reading;
    if (exit === null)
      return reading.verdict.decision === 'OPEN' ? '' : reading.verdict.reasons.map(explainReason).join('; ');
    const rehearsed = { gateSchema: proposal.descriptor.schema, schema: null };
    const live = { gateSchema: rows.state === 'read' ? rows.schema : null, schema: exit.schemaDigest };
    const { metrics } = stateOf(record.sealed.release, exit.metrics);
    return { at: exit.takenAt, schema: schemaAgainst(rehearsed, live), metrics };
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    return outward(error.problems[0].problem);
  }
}

function standingIn(
  cycle: Cycle | null,
  of: { readonly policy: Policy; readonly names: ReadonlyMap<string, string>; readonly abandoned: boolean },
): Standing {
  const { policy, names } = of;
  if (cycle === null && of.abandoned) return { state: 'closed', text: abandonedSaid, persons: [], done: [] };
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
  const abandoned = typeof asked !== 'string' && asked.abandoned.includes(record.seal);
  if (!hasRelease(record)) return notFound('such release');
  const proposals = (await judgedOf(house, gates, record))
    .filter(({ target }) => target === occasion.target)
    .toReversed()
    .flatMap((judged) => {
      const { statement } = judged;
      const cycle = cycles.find((one) => one.statement === statement);
      const said = ratificationOf(judged);
      const closed = cycle?.closed.up ?? null;
      const isForeign = judged.state === 'foreign';
      const state = isForeign
        ? `ATTACK: ${foreignSaid}`
        : typeof asked === 'string'
          ? 'not known'
          : cycle === undefined
            ? abandoned
              ? abandonedSaid
              : 'waits: nobody has signed'
            : closed === null
              ? 'ratified: the target lets it through'
              : explainRefusal(closed);
      const waits =
        !isForeign && !abandoned && typeof asked !== 'string' && (cycle === undefined || closed?.code === 'seats');
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
      abandoned,
      proposals,
      policy,
      unsignable: typeof asked === 'string' ? asked : unsignableOf(house, policy),
    }),
  };
}
