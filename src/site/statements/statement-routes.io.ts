import { now } from '../../core/index.ts';
import { type StatementDigest } from '../../evidence/index.ts';
import { readReviewsBeside } from '../../evidence-kinds/index.ts';
import { type Policy } from '../../people/index.ts';
import { loadParser } from '../../release/index.ts';
import { explain, standingOf } from '../../report/index.ts';
import {
  foreignSaid,
  type JudgedProposal,
  judgeProposals,
  type Proposal,
  ratificationOf,
  recordedProposals,
  rootsOf,
  type ProposalTarget,
} from '../../proposal/index.ts';
import { readAfter } from '../after/after-routes.io.ts';
import { type SiteServices } from '../site-services.ts';
import { type ReleaseRecord } from '../records.ts';
import { notFound, type Reply, type Route } from '../room.ts';
import { whyUnsignable } from '../signing.ts';
import { type FoundStatement, closingActs, ratifyActs } from './acts.io.ts';
import { type AskedGate, openGates, type Gates } from './gates.io.ts';
import { foreignPage } from './foreign.ts';
import { acceptedFacts, declinesOf, lastRollback, readEarlierSeal, reviewTime } from '../../signing/index.ts';
import { propose } from './ask-people.io.ts';
import { readFresh } from './fresh.io.ts';
import { type AskedStatement, ratifiedText, statementIn, type StatementState, whyStale } from './states.ts';
import { statementPage } from './approver-page.ts';
import { targetPage } from './target-html.ts';

/** The routes for asking people, the page on which they judge, and their decisions. */
export function statementRoutes(services: SiteServices): readonly Route[] {
  const acts = {
    ratify: ratifyActs(services),
    decline: closingActs(services, 'decline'),
    revoke: closingActs(services, 'revoke'),
  };
  const gates = openGates(services);
  return [
    {
      method: 'GET',
      path: '/releases/:seal/targets/:target',
      handle: ({ params }) => showTarget(services, gates, params),
    },
    {
      method: 'POST',
      path: '/releases/:seal/targets/:target/propose',
      handle: ({ params, body }) => propose(services, params, body),
    },
    {
      method: 'GET',
      path: '/statements/:digest',
      handle: async ({ params }) => {
        const found = await find(services, gates, params['digest'] ?? '');
        return found === null ? notFound('such statement') : showStatement(services, gates, found);
      },
    },
    ...Object.entries(acts).flatMap(([act, does]) =>
      (['begin', 'finish'] as const).map(
        (step): Route => ({
          method: 'POST',
          path: `/statements/:digest/${act}/${step}`,
          handle: async ({ params, body }) => {
            const found = await find(services, gates, params['digest'] ?? '');
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

type Known = FoundStatement['record'];

/** The recorded proposals of a release, judged by what their targets say now. */
async function judgedOf(services: SiteServices, gates: Gates, record: Known): Promise<readonly JudgedProposal[]> {
  const evidence = await record.evidence();
  const targets = [...new Set(recordedProposals(evidence).map(({ target }) => target))];
  const words = new Map<string, ProposalTarget>();
  for (const target of targets) {
    // one that this host does not know, or that cannot be asked, says nothing
    const asked = await gates.ask(target);
    if (typeof asked !== 'string') words.set(target, asked.word);
  }
  const log = await services.records.store.log();
  return judgeProposals({
    sealed: record.sealed,
    evidence,
    rootAt: rootsOf(log),
    signerOf: (index) => log.lines[index]?.signer ?? null,
    own: [await services.records.store.ownKey()],
    wordOf: (target) => words.get(target) ?? null,
    now: now(),
  });
}

/** The proposal with a statement: one that holds before all others, so that a planted copy of it hides nothing. */
async function find(services: SiteServices, gates: Gates, digest: string): Promise<FoundStatement | null> {
  const found: FoundStatement[] = [];
  for (const record of await services.records.all()) {
    if (!hasRelease(record) || !record.entries.some(({ kind }) => kind === 'proposal')) continue;
    if (!recordedProposals(await record.evidence()).some(({ statement }) => statement === digest)) continue;
    const judged = await judgedOf(services, gates, record);
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

async function showStatement(
  services: SiteServices,
  gates: Gates,
  { record, judged, statement }: FoundStatement,
): Promise<Reply> {
  if (judged.state === 'foreign') return { kind: 'page', document: foreignPage(judged, record) };
  const { proposal, said: ratification } = judged;
  const asked = await gates.ask(proposal.target);
  const policy = typeof asked === 'string' ? null : asked.policy;
  const standing = (await standingsIn(record, { target: proposal.target, asked }))({
    ...ratification,
    statement,
    index: judged.index,
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
      earlier: await readEarlierSeal(services.records.store, {
        sealed: record.sealed,
        cycles: typeof asked === 'string' ? [] : asked.cycles,
        read: async (seal) => (await services.records.of(seal))?.sealed ?? null,
      }),
      ...(await readFresh(services, { sealed: record.sealed, target: proposal.target })),
      beside: await readReviewsBeside(services.records.store, {
        sealed: record.sealed,
        target: proposal.target,
        since: ratification.log.size,
        ...(typeof asked === 'string' ? {} : { registry: asked.registry }),
      }),
      accepts: acceptedFacts(proposal),
      policy,
      declines: declinesOf((await record.heard(proposal.target)).evidence, {
        statement,
        registry: typeof asked === 'string' ? null : asked.registry,
      }),
      unsignable: whyUnsignable(services.origin, { policy, command: 'oneroof ratify' }),
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

/** How each statement of a release stands in one target, by the target's own word. */
async function standingsIn(
  record: Known,
  { target, asked }: { readonly target: string; readonly asked: AskedGate | string },
): Promise<(one: AskedStatement & { readonly statement: StatementDigest }) => StatementState> {
  if (typeof asked === 'string') return () => ({ state: 'unknown', why: asked });
  const { policy, registry, cycles } = asked;
  const { evidence } = await record.heard(target);
  const place = { seal: record.seal, cycles, rolledBack: lastRollback(evidence, target), now: now() };
  const names = new Map(registry.persons.map(({ id, name }) => [id, name]));
  return ({ statement, ...said }) =>
    statementIn(cycles.find((one) => one.statement === statement) ?? null, {
      seats: policy.seats.length,
      names,
      abandoned: asked.abandoned.includes(record.seal),
      stale: whyStale(said, place),
    });
}

/** A state in a line; `ratified`: what a statement meets whose seats are all filled. */
function stateText(found: StatementState, ratified: string): string {
  if (found.state === 'unknown') return 'not known';
  if (found.state === 'open') return ratified;
  if (found.state === 'closed') return found.text;
  return `waits: ${found.persons.length === 0 ? 'nobody has signed' : found.text}`;
}

async function showTarget(
  services: SiteServices,
  gates: Gates,
  params: Readonly<Record<string, string>>,
): Promise<Reply> {
  const record = await services.records.of(params['seal'] ?? '');
  if (record === null || !hasRelease(record)) return notFound('such release');
  const occasion = await services.looks.occasion(record.sealed, params['target'] ?? '');
  const asked = await gates.ask(occasion.target);
  const standing = standingOf(occasion);
  const policy = typeof asked === 'string' ? null : asked.policy;
  const standingFor = await standingsIn(record, { target: occasion.target, asked });
  const proposals = (await judgedOf(services, gates, record))
    .filter(({ target }) => target === occasion.target)
    .toReversed()
    .flatMap((judged) => {
      const { statement, index } = judged;
      const said = ratificationOf(judged);
      if (said === null) return [];
      const { opens, expires } = said;
      const isForeign = judged.state === 'foreign';
      const found = standingFor({ opens, expires, index, statement });
      const ratified = ratifiedText(occasion, { statement, opens, standing });
      const state = isForeign ? `ATTACK: ${foreignSaid}` : stateText(found, ratified);
      const persons = found.state === 'unknown' ? [] : found.persons;
      return [{ statement, opens, expires, state, persons, waits: !isForeign && found.state === 'waits' }];
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
      declined: occasion.report.declined ?? [],
      after: await readAfter(services.state, occasion),
      abandoned: typeof asked !== 'string' && asked.abandoned.includes(record.seal),
      proposals,
      policy,
      unsignable:
        typeof asked === 'string' ? asked : whyUnsignable(services.origin, { policy, command: 'oneroof ratify' }),
    }),
  };
}
