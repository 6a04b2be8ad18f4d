import { randomBytes } from 'node:crypto';
import { type Digest, instant, type Instant, now, OneRoofError, printable } from '../core/index.ts';
import { dossierHtml, type ShownDossier } from '../dossier/index.ts';
import { ofKind, type StatementDigest, statementDigest } from '../evidence/index.ts';
import { type Evidence } from '../kinds/index.ts';
import {
  authorsOf,
  buildRatification,
  type Cycle,
  cyclesOf,
  explainOpens,
  explainRefusal,
  isInPlace,
  type Opens,
  readCycles,
  seatsFor,
  submitRelease,
  submitSignature,
  submitTarget,
  type TargetDescriptor,
  whyClosed,
} from '../gate/index.ts';
import { type Course, dossierStage, proposalStage } from '../pipeline.io.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { loadParser, type SealedRelease } from '../release/index.ts';
import { type Target } from '../setup/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { type Standing } from './pages.ts';
import { findProposal, type Proposal, ratificationOf } from './proposal.ts';
import { type Relay } from './relay.io.ts';

const hourMs = 3_600_000;

/** What is ratified, and how. */
export interface RatifyPlan {
  readonly course: Course;
  readonly target: Target;
  /** How long it is valid; null: as long as the policy allows, and at most eight. */
  readonly hours: number | null;
  /** What it is for; the cycle that a hold point or a rollback belongs to is found in the database. */
  readonly purpose: RatifyPurpose;
}

/** What people are asked to ratify. */
export type RatifyPurpose =
  | { readonly what: 'rollout' }
  | { readonly what: 'tier'; readonly tier: string }
  | { readonly what: 'rollback' };

/** A ceremony of ratification, with the dossier that its page shows. */
export interface RatifyCeremony extends ShownCeremony {
  readonly dossier: ShownDossier;
}

interface Rehearsed {
  readonly digest: Digest;
  readonly body: Rehearsal;
  readonly schema: Digest;
}

/**
 * The ceremony in which people ratify a rehearsed release for the relay's target. A proposal that waits is taken up again, whoever made it,
 * on the command line or on the site: all sign the same bytes, and are shown the same dossier.
 *
 * Errors  NOT_REHEARSED; CYCLE_MISSING; those of buildRatification.
 */
export async function ratifyCeremony(relay: Relay, plan: RatifyPlan): Promise<RatifyCeremony> {
  const cycles = await readCycles(relay.session);
  const opens = opensOf(cycles, { ...plan, target: relay.target });
  const evidence = await plan.course.store.of(plan.course.sealed.seal);
  const rehearsed = findRehearsal(evidence, plan.course.sealed);
  const descriptor = descriptorOf(relay, rehearsed);
  const proposal =
    findProposal(evidence, {
      target: relay.target,
      descriptor,
      policy: relay.policy,
      registry: relay.registry,
      rehearsal: rehearsed.digest,
      opens,
      cycles,
      now: now(),
    }) ?? (await propose(relay, { ...plan, evidence, rehearsed, descriptor, opens }));
  return await proposedCeremony(relay, { course: plan.course, proposal });
}

/** The ceremony of a proposal that was recorded. */
export async function proposedCeremony(
  relay: Relay,
  { course, proposal }: { readonly course: Course; readonly proposal: Proposal },
): Promise<RatifyCeremony> {
  const { session, policy, registry, target } = relay;
  const { release, seal } = course.sealed;
  const { body, dossier, descriptor } = proposal;
  const statement = statementDigest(body);
  const opens = ratificationOf(proposal)?.opens ?? { what: 'rollout' };
  const seats = seatsFor(policy, release, opens)?.length ?? 0;
  const parser = await loadParser();
  await submitRelease(session, course.sealed);
  const standing = (): Promise<Standing> => standingOf(relay, { statement, seats });
  return {
    body,
    policy,
    registry,
    dossier,
    barred: authorsOf(release),
    title: `${titles[opens.what]} ${release.name} for ${target}`,
    facts: [
      ['Release', `${release.name}: ${release.title}`],
      ['Opens', explainOpens(opens)],
      ['Seal', seal],
      ['Target', `${target}, database ${relay.facts.facts.database}`],
      ['Statement', body],
    ],
    text: dossier.text,
    shown: dossierHtml(
      { dossier: dossier.dossier, text: dossier.text, textDigest: dossier.digest, pieces: parser.pieces },
      { more: [['statement', 'Sign']] },
    ),
    standing,
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      await submitTarget(session, { statement, descriptor, place: 0, proof: [] });
      return await standing();
    },
  };
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

function findRehearsal(evidence: readonly Evidence[], { release }: SealedRelease): Rehearsed {
  const found = ofKind(evidence, 'rehearsal').at(-1);
  const body = found?.readable === true ? found.body : null;
  if (found !== undefined && body?.outcome === 'passed' && body.gateSchema !== null)
    return { digest: found.entry.digest, body, schema: body.gateSchema as Digest };
  throw new OneRoofError('NOT_REHEARSED', {
    problem:
      body === null
        ? found?.readable === false
          ? `the last rehearsal of this seal cannot be read: ${found.reason}`
          : `there is no rehearsal of ${release.name} with this seal`
        : body.outcome === 'passed'
          ? 'the golden copy was taken before the gate was installed, so the rehearsal says nothing of the state that people would ratify'
          : 'the last rehearsal of this seal failed',
    fix: 'oneroof rehearse --golden, and mend what it finds',
  });
}

function descriptorOf({ facts }: Relay, { schema }: Rehearsed): TargetDescriptor {
  return { format: 1, ...facts.facts, schema };
}

/** Dossier and statement are recorded before anybody is asked, so that whoever is asked next is shown the same. */
async function propose(
  relay: Relay,
  of: RatifyPlan & {
    readonly evidence: readonly Evidence[];
    readonly rehearsed: Rehearsed;
    readonly descriptor: TargetDescriptor;
    readonly opens: Opens;
  },
): Promise<Proposal> {
  const { course, evidence, rehearsed, descriptor, opens } = of;
  const { policy, registry, target } = relay;
  const hours = of.hours ?? Math.min(policy.window.longest / hourMs, 8);
  const sealedAt = evidence.find(({ entry }) => entry.kind === 'seal')?.entry.recordedAt ?? rehearsed.body.startedAt;
  const dossier = await dossierStage(course, { target: of.target, policy });
  const log = await course.store.log();
  const at = now();
  const root = log.checkpoint?.split('\n')[2] ?? '';
  const body = buildRatification({
    sealed: course.sealed,
    sealedAt,
    policy,
    registry,
    targets: [descriptor],
    evidence: [{ kind: 'rehearsal', digest: rehearsed.digest }],
    rehearsedAt: rehearsed.body.endedAt,
    window: { notBefore: at, expires: later(at, hours) },
    log: { size: log.lines.length, root: Buffer.from(root, 'base64').toString('hex').padEnd(64, '0') },
    dossier: dossier.digest,
    opens,
    now: at,
    nonce: randomBytes(16).toString('hex'),
  });
  await proposalStage(course, { target, body, descriptor });
  return { target, body, descriptor, dossier };
}

function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * hourMs));
}

/** How the database itself sees the statement now. */
async function standingOf(
  { session }: Relay,
  { statement, seats }: { readonly statement: StatementDigest; readonly seats: number },
): Promise<Standing> {
  const cycle = (await readCycles(session)).find((one) => one.statement === statement);
  if (cycle === undefined) return { complete: false, signed: [], missing: [`seats: 0 of ${seats} seats are filled`] };
  const closed = whyClosed(cycle);
  return {
    complete: closed === null,
    signed: cycle.persons,
    missing: closed === null ? [] : [explainRefusal(closed)],
  };
}
