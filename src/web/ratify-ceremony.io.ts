import { now, OneRoofError, printable } from '../core/index.ts';
import { dossierHtml, type Production, readProduction, readingText, type ShownDossier } from '../dossier/index.ts';
import { type StatementDigest, statementDigest } from '../evidence/index.ts';
import {
  authorsOf,
  type Cycle,
  cyclesOf,
  explainOpens,
  explainRefusal,
  isInPlace,
  type Opens,
  readCycles,
  readReceived,
  seatsFor,
  submitRelease,
  submitSignature,
  submitTarget,
  whyClosed,
} from '../gate/index.ts';
import { type Course } from '../pipeline.io.ts';
import { foreignSaid, type Judged, type Proposal, ratificationOf } from '../proposal/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { loadParser } from '../release/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { requireNotAbandoned } from './ending-ceremony.io.ts';
import { countedCourse, judgeCourse, type Judgement, wordOf } from './judgement.io.ts';
import { type Standing } from './pages.ts';
import { findProposal } from './proposal.ts';
import { descriptorOf, findRehearsal, propose, type RatifyPlan } from './propose.io.ts';
import { type Relay } from './relay.io.ts';
import { type ReviewTime, reviewTime } from './review.ts';

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
 * Errors  ABANDONED; NOT_REHEARSED; CYCLE_MISSING; those of buildRatification.
 */
export async function ratifyCeremony(relay: Relay, plan: RatifyPlan): Promise<RatifyCeremony> {
  await requireNotAbandoned(relay, plan.course.sealed);
  const word = await wordOf(relay, plan.course.sealed.seal);
  const { cycles } = word.live;
  const opens = opensOf(cycles, { ...plan, target: relay.target });
  const judge = (): Promise<Judgement> => judgeCourse(plan.course, { name: relay.target, word });
  const { judged } = await judge();
  const evidence = await (await countedCourse(plan.course, relay)).store.of(plan.course.sealed.seal);
  const rehearsed = findRehearsal(evidence, plan.course.sealed);
  const descriptor = descriptorOf(relay, { rehearsed, opens });
  const found = findProposal(judged, {
    target: relay.target,
    descriptor,
    policy: relay.policy,
    registry: relay.registry,
    rehearsal: rehearsed.digest,
    opens,
    cycles,
    now: now(),
  });
  const proposal = found ?? (await propose(relay, { ...plan, opens, judge }));
  // what was just written holds the reading that was just taken
  const fresh = found === null ? null : await freshReading(plan, rehearsed.body);
  const foreign = judged.filter((one) => one.state === 'foreign' && one.target === relay.target);
  return await proposedCeremony(relay, { course: plan.course, proposal, fresh, foreign });
}

/** Production as this host reads it now, beside the reading that was recorded. */
function freshReading({ course, target }: RatifyPlan, body: Rehearsal): Promise<Production> {
  const rehearsed = { gateSchema: body.gateSchema, schema: body.schemaBefore ?? null };
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
    /** Production as it is read now; null: it is the recorded reading, or no page is drawn. */
    readonly fresh?: Production | null;
    /** Proposals that were refused. */
    readonly foreign?: readonly Judged[];
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
  const sealedAt = ratificationOf(proposal)?.sealedAt ?? now();
  const review = async (): Promise<ReviewTime> =>
    reviewTime({ received: await readReceived(session, seal), sealedAt, policy });
  const standing = (): Promise<Standing> => standingOf(relay, { statement, seats, review });
  const { text: countsFrom } = await review();
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
      ...(fresh === null ? [] : [['Production, read by this host now', readingText(fresh)] as const]),
      ...foreign.map((one) => ['ATTACK', refusedText(one)] as const),
    ],
    text: dossier.text,
    shown: dossierHtml(
      { dossier: dossier.dossier, text: dossier.text, textDigest: dossier.digest, pieces: parser.pieces },
      { more: [['statement', 'Sign']] },
    ),
    standing,
    early: async () => {
      const { state, text } = await review();
      return state === 'runs' ? text : null;
    },
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      await submitTarget(session, { statement, descriptor, place: 0, proof: [] });
      return await standing();
    },
  };
}

function refusedText(one: Judged): string {
  return `${one.statement}, entry ${one.index}: ${foreignSaid}: ${one.state === 'foreign' ? one.differs.join('; ') : ''}`;
}

const titles = {
  rollout: 'Ratify',
  tier: 'Ratify the hold point of',
  rollback: 'Ratify the rollback of',
} as const;

/** Finds the cycle that is meant: a hold point belongs to the rollout that is open, a rollback to the one that is in place. */
function opensOf(
  all: readonly Cycle[],
  { purpose, course, target }: Pick<RatifyPlan, 'purpose' | 'course'> & { readonly target: string },
): Opens {
  if (purpose.what === 'rollout') return purpose;
  const { release, seal } = course.sealed;
  const cycles = cyclesOf(all, seal);
  if (purpose.what === 'rollback') {
    const begun = cycles.find(isInPlace);
    if (begun !== undefined) return { what: 'rollback', cycle: begun.statement };
    throw new OneRoofError('CYCLE_MISSING', {
      problem: `nothing of ${release.name} is rolled out on ${target}, so there is no rollback to carry on`,
      fix: 'there is nothing to ratify: oneroof gate shows what is done',
    });
  }
  const open = cycles.filter(({ closed, next }) => closed.up === null && next.up !== null);
  const found = open.find(isInPlace) ?? open[0];
  if (found !== undefined) return { ...purpose, cycle: found.statement };
  const why = cycles[0]?.closed.up;
  throw new OneRoofError('CYCLE_MISSING', {
    problem: `no rollout of ${release.name} is open on ${target}${why == null ? '' : `: ${printable(explainRefusal(why))}`}; a hold point is answered for one rollout`,
    fix: `ratify the release first: oneroof ratify ${release.name}; then the hold point`,
  });
}

/** How the database itself sees the statement now. */
async function standingOf(
  { session }: Relay,
  of: { readonly statement: StatementDigest; readonly seats: number; readonly review: () => Promise<ReviewTime> },
): Promise<Standing> {
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
