import { now, OneRoofError, printable, stated } from '../core/index.ts';
import {
  dossierHtml,
  type ProductionReading,
  readProduction,
  readingText,
  type ShownDossier,
} from '../dossier/index.ts';
import { ofKind, type StatementDigest, statementDigest } from '../evidence/index.ts';
import {
  type CycleRow,
  cyclesOf,
  explainRefusal,
  isInPlace,
  readCycles,
  readReceived,
  submitFootprint,
  submitRelease,
  submitSignature,
  submitTarget,
  whyClosed,
} from '../gate/index.ts';
import { readReviewsBeside } from '../evidence-kinds/index.ts';
import { reviewsBesideText } from '../reviews/index.ts';
import { authorsOf, explainOpens, type Opens, seatsFor } from '../people/index.ts';
import { type Course } from '../pipeline.io.ts';
import { html } from '../html/index.ts';
import { foreignSaid, type JudgedProposal, type Proposal, ratificationOf, signedSchema } from '../proposal/index.ts';
import { type Acceptance, explainDriftWhole, type Footprint } from '../fingerprint/index.ts';
import { type Rehearsal, rehearsedSchema } from '../rehearsal/index.ts';
import { type Direction, loadParser } from '../release/index.ts';
import { driftSinceRehearsal, requireAsRehearsed } from './as-rehearsed.io.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { declinesOf, explainDecline } from './declines.ts';
import { earlierHtml } from './earlier-seal.ts';
import { readEarlierSeal } from './earlier-seal.io.ts';
import { requireNotAbandoned } from './ending-ceremony.io.ts';
import { countedCourse, judgeCourse, type Judgement, wordOf } from './judgement.io.ts';
import { type SigningState } from './signing-html.ts';
import { findProposal, lastRollback } from './waiting-proposal.ts';
import { findPassedRehearsal, nameTarget, recordProposal, type RatifyPlan, type RatifyPurpose } from './propose.io.ts';
import { type Relay } from './relay.io.ts';
import { type ReviewTime, reviewTime } from './review.ts';
import { verdictNowOf } from './verdict-now.io.ts';
import { verdictNowHtml } from './verdict-now.ts';

/** A ceremony of ratification, with the dossier that its page shows. */
export interface RatifyCeremony extends ShownCeremony {
  readonly dossier: ShownDossier;
  /** Proposals for this release and target that were refused, one a line. */
  readonly refused: readonly string[];
}

/**
 * The ceremony in which people ratify a rehearsed release for the relay's target. A proposal that waits is taken up again, whoever made it,
 * on the command line or on the site: all sign the same bytes, and are shown the same dossier.
 *
 * Errors  ABANDONED; NOT_REHEARSED; SCHEMA_DRIFTED; CYCLE_MISSING; those of buildRatification.
 */
export async function ratifyCeremony(relay: Relay, plan: RatifyPlan): Promise<RatifyCeremony> {
  await requireNotAbandoned(relay, plan.course.sealed);
  const word = await wordOf(relay, plan.course.sealed.seal);
  const { cycles } = word.live;
  const opens = opensOf(cycles, { ...plan, target: relay.target });
  const judge = (): Promise<Judgement> => judgeCourse(plan.course, { name: relay.target, word });
  const { judged } = await judge();
  const evidence = await (await countedCourse(plan.course, relay)).store.of(plan.course.sealed.seal);
  const rehearsed = findPassedRehearsal(evidence, plan.course.sealed);
  const { footprint } = rehearsed.body;
  if (opens.what === 'rollout' && footprint != null)
    await requireAsRehearsed(relay, { sealed: plan.course.sealed, footprint, cycles });
  const { descriptor } = await nameTarget(relay, { rehearsed, opens, purpose: plan.purpose });
  const found = findProposal(judged, {
    target: relay.target,
    descriptor,
    policy: relay.policy,
    registry: relay.registry,
    rehearsal: rehearsed.digest,
    opens,
    cycles,
    rolledBack: lastRollback(evidence, relay.target),
    now: now(),
  });
  const proposal = found ?? (await recordProposal(relay, { ...plan, opens, judge }));
  // what was just written holds the reading that was just taken
  const fresh = found === null ? null : await freshReading(plan, rehearsed.body);
  const foreign = judged.filter((one) => one.state === 'foreign' && one.target === relay.target);
  const ceremony = await proposedCeremony(relay, { course: plan.course, proposal, fresh, foreign });
  const look = verdictNowOf(plan.course, plan.target);
  return { ...ceremony, now: async () => verdictNowHtml(await look(), directionOf(plan.purpose)) };
}

/** What the button does that a ratification is for. */
export function directionOf({ what }: Pick<RatifyPurpose, 'what'>): Direction {
  return what === 'rollback' ? 'down' : 'up';
}

/** Production as this host reads it now, beside the reading that was recorded. */
function freshReading({ course, target }: RatifyPlan, body: Rehearsal): Promise<ProductionReading> {
  const rehearsed = { of: rehearsedSchema(body), schema: body.schemaBefore ?? null };
  return readProduction({ release: course.sealed, target, at: now(), rehearsed });
}

/** The ceremony of a proposal that holds: made by `requireProposal`, or by this host just now. */
export async function proposedCeremony(
  relay: Relay,
  {
    course,
    proposal,
    fresh = null,
    foreign = [],
  }: {
    readonly course: Course;
    readonly proposal: Proposal;
    /** Production as read now; null: use the recorded reading, or no page is drawn. */
    readonly fresh?: ProductionReading | null;
    /** Proposals that were refused. */
    readonly foreign?: readonly JudgedProposal[];
  },
): Promise<RatifyCeremony> {
  const { session, policy, registry, target } = relay;
  const { release, seal } = course.sealed;
  const { body, dossier, descriptor } = proposal;
  const statement = statementDigest(body);
  const opens = ratificationOf(proposal)?.opens ?? { what: 'rollout' };
  const seats = seatsFor(policy, release, opens)?.length ?? 0;
  const parser = await loadParser();
  // as soon as people are asked, and the seal is in the log: the time for review counts from here
  await submitRelease(session, course.sealed);
  const schema = await schemaOfProposal({ course, proposal });
  // the database must store it before it accepts the descriptor that names its digest
  if (schema !== null) await submitFootprint(session, schema);
  const sealedAt = ratificationOf(proposal)?.sealedAt ?? now();
  const review = async (): Promise<ReviewTime> =>
    reviewTime({ received: await readReceived(session, seal), sealedAt, policy });
  const standing = (): Promise<SigningState> => standingOf(relay, { statement, seats, review });
  const { text: countsFrom } = await review();
  const { evidence } = await course.store.heard(seal, { target });
  const declines = declinesOf(evidence, { statement, registry });
  const since = ratificationOf(proposal)?.log.size ?? 0;
  const beside = await readReviewsBeside(course.store, { sealed: course.sealed, target, since, registry });
  const earlier = await readEarlierSeal(course.store, { sealed: course.sealed, cycles: await readCycles(session) });
  return {
    body,
    policy,
    registry,
    dossier,
    refused: foreign.map(refusedText),
    barred: authorsOf(release),
    title: `${titles[opens.what]} ${release.name} for ${target}`,
    facts: [
      ['Release', `${release.name}: ${release.title}`],
      ['Opens', explainOpens(opens)],
      ['Seal', seal],
      ['Review', countsFrom],
      ['Target', `${target}, database ${relay.facts.facts.database}`],
      ['Statement', body],
      ...acceptedFacts(proposal),
      ...declines.map((one) => ['Declined', explainDecline(one)] as const),
      ...reviewsBesideText(beside),
      ...(fresh === null ? [] : [['Production, read by this host now', readingText(fresh)] as const]),
      ...foreign.map((one) => ['ATTACK', refusedText(one)] as const),
    ],
    text: dossier.text,
    shown: html`${dossierHtml(
      { dossier: dossier.dossier, text: dossier.text, textDigest: dossier.digest, pieces: parser.pieces },
      { more: [...(earlier === null ? [] : [['earlier', 'What changed'] as const]), ['statement', 'Sign']] },
    )}${earlierHtml(earlier)}`,
    standing,
    held: async () => {
      const { state, text } = await review();
      if (state === 'runs') return { code: 'review', text };
      if (opens.what !== 'rollout' || schema === null || 'accepts' in schema) return null;
      const beginning = { sealed: course.sealed, footprint: schema, cycles: await readCycles(session) };
      const drift = await driftSinceRehearsal(relay, beginning);
      return drift === null ? null : { code: 'schema', text: `${drift}: rehearse again, or undo that change` };
    },
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      await submitTarget(session, { statement, descriptor, place: 0, proof: [] });
      return await standing();
    },
  };
}

function refusedText(one: JudgedProposal): string {
  return `${one.statement}, entry ${one.index}: ${foreignSaid}: ${one.state === 'foreign' ? one.differs.join('; ') : ''}`;
}

const titles = {
  rollout: 'Ratify',
  tier: 'Ratify the hold point of',
  rollback: 'Ratify the rollback of',
} as const;

/** Finds the cycle that is meant: a hold point belongs to the rollout that is open, a rollback to the one that is in place. */
function opensOf(
  all: readonly CycleRow[],
  { purpose, course, target }: Pick<RatifyPlan, 'purpose' | 'course'> & { readonly target: string },
): Opens {
  if (purpose.what === 'rollout') return purpose;
  const { release, seal } = course.sealed;
  const cycles = cyclesOf(all, seal);
  if (purpose.what === 'rollback') {
    const begun = cycles.find(isInPlace);
    if (begun !== undefined) return { what: 'rollback', cycle: begun.statement };
    throw new OneRoofError('CYCLE_MISSING', {
      ...stated`no part of ${{ release: release.name }} is rolled out on ${{ target }}, so there is no rollback to carry on`,
      fix: 'there is nothing to ratify: oneroof gate shows what is done',
    });
  }
  const open = cycles.filter(({ closed, next }) => closed.up === null && next.up !== null);
  const found = open.find(isInPlace) ?? open[0];
  if (found !== undefined) return { ...purpose, cycle: found.statement };
  const why = cycles[0]?.closed.up;
  throw new OneRoofError('CYCLE_MISSING', {
    ...stated`no rollout of ${{ release: release.name }} is open on ${{ target }}${why == null ? '' : `: ${printable(explainRefusal(why))}`}; an answer to a hold point is for one rollout`,
    fix: `ratify the release first: oneroof ratify ${release.name}; then the hold point`,
  });
}

/** How the database itself sees the statement now. */
async function standingOf(
  { session }: Relay,
  of: { readonly statement: StatementDigest; readonly seats: number; readonly review: () => Promise<ReviewTime> },
): Promise<SigningState> {
  const cycle = (await readCycles(session)).find(({ statement }) => statement === of.statement);
  if (cycle === undefined) {
    const { state, text } = await of.review();
    const missing = [`seats: 0 of ${of.seats} seats are filled`, ...(state === 'runs' ? [`review: ${text}`] : [])];
    return { complete: false, signed: [], missing };
  }
  const closed = whyClosed(cycle);
  return {
    complete: closed === null,
    signed: cycle.persons,
    missing: closed === null ? [] : [explainRefusal(closed)],
  };
}

/** What people sign of the schema. */
async function schemaOfProposal({
  course,
  proposal,
}: {
  readonly course: Course;
  readonly proposal: Proposal;
}): Promise<Footprint | Acceptance | null> {
  const named = ratificationOf(proposal)?.evidence.find(({ kind }) => kind === 'rehearsal')?.digest;
  const rehearsals = ofKind(await course.store.of(course.sealed.seal), 'rehearsal');
  const piece = rehearsals.find(({ entry }) => entry.digest === named);
  return signedSchema(proposal, piece?.readable === true ? piece.body : null);
}

/** The differences of the schema that a rollback accepts, one by one, and what is unknown about them. */
export function acceptedFacts({ accepts = [] }: Pick<Proposal, 'accepts'>): readonly (readonly [string, string])[] {
  if (accepts.length === 0) return [];
  return [
    ...accepts.map((one) => ['Accepts', explainDriftWhole(one).split('\n').map(printable).join('\n')] as const),
    ['Rehearsed', 'not with these differences: the rollback was rehearsed without them'],
  ];
}
