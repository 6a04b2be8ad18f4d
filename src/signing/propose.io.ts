import { randomBytes } from 'node:crypto';
import { type Digest, instant, type Instant, now, OneRoofError, printable, stated } from '../core/index.ts';
import { sealedAtOf } from '../dossier/index.ts';
import { ofKind, type StatementDigest, statementDigest } from '../evidence/index.ts';
import { readDrift, readReceived } from '../gate/index.ts';
import { buildRatification, type Opens, type TargetDescriptor } from '../people/index.ts';
import { type DriftDifference, explainDrift, footprintDigest } from '../fingerprint/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type Course, dossierStage, proposalStage } from '../pipeline.io.ts';
import {
  foreignFix,
  foreignSaid,
  type JudgedProposal,
  judgeProposal,
  type Proposal,
  unrecorded,
} from '../proposal/index.ts';
import { type Rehearsal, sampledProblem } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Target } from '../setup/index.ts';
import { countedCourse, judgeCourse, type Judgement, wordOf } from './judgement.io.ts';
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
  | { readonly what: 'rollback'; readonly acceptDrift: boolean };

interface Rehearsed {
  readonly digest: Digest;
  readonly body: Rehearsal;
  readonly schema: Digest;
}

/** The newest rehearsal, which must have passed on a copy with a gate. */
export function findPassedRehearsal(evidence: readonly KnownEvidence[], { release }: SealedRelease): Rehearsed {
  const found = ofKind(evidence, 'rehearsal').at(-1);
  const body = found?.readable === true ? found.body : null;
  if (found !== undefined && body?.outcome === 'passed' && body.footprint != null)
    return { digest: found.entry.digest, body, schema: footprintDigest(body.footprint) };
  throw new OneRoofError('NOT_REHEARSED', {
    ...(body === null
      ? found?.readable === false
        ? stated`the last rehearsal of this seal cannot be read: ${{ why: found.reason }}`
        : stated`there is no rehearsal of ${{ release: release.name }} with this seal`
      : body.outcome === 'passed'
        ? stated`the golden copy was taken before the gate was installed, so the rehearsal says nothing about the state that people would ratify`
        : stated`the last rehearsal of this seal failed`),
    fix: 'oneroof rehearse --golden, and fix what it finds',
  });
}

/** What people sign about a database: its identity, and its schema. */
export interface Named {
  readonly descriptor: TargetDescriptor;
  /** The differences that a rollback accepts; absent for all else. */
  readonly accepts?: readonly DriftDifference[];
}

/**
 * The database that is meant, as it is named in what people sign. A rollout begins at the schema that was rehearsed; a rollback goes on from
 * the schema that is there, with the differences that the database tells now.
 */
export async function nameTarget(
  { facts, session }: Relay,
  {
    rehearsed,
    opens,
    purpose,
  }: { readonly rehearsed: Rehearsed; readonly opens: Opens; readonly purpose: RatifyPurpose },
): Promise<Named> {
  if (opens.what !== 'rollback') return { descriptor: { format: 1, ...facts.facts, schema: rehearsed.schema } };
  const accepts = await readDrift(session, { statement: opens.cycle, direction: 'down' });
  const [first] = accepts;
  if (first !== undefined && !(purpose.what === 'rollback' && purpose.acceptDrift))
    throw new OneRoofError('DRIFT_NOT_ACCEPTED', {
      ...stated`the schema is not as the last tier left it: ${{ difference: printable(explainDrift(first)) }}${accepts.length > 1 ? `, and ${accepts.length - 1} more` : ''}`,
      fix: 'undo what others changed there; or ask people to accept exactly these differences: oneroof ratify RELEASE --rollback --accept-drift',
    });
  return { descriptor: { format: 1, ...facts.facts, schema: footprintDigest({ format: 1, accepts }) }, accepts };
}

/** So often it is begun again where someone records evidence meanwhile. */
const mostTries = 3;

/**
 * Dossier and statement are recorded before anyone is asked, so that the next person is shown the same. What is about to be recorded
 * is judged as everything that was: where a rehearsal was recorded meanwhile it is written again.
 */
export async function recordProposal(relay: Relay, of: Asking): Promise<Proposal> {
  for (let tries = 1; ; tries += 1) {
    const { body, ...named } = await writeProposal(relay, of);
    const statement = statementDigest(body);
    const { judging } = await of.judge();
    const recordedAt = now();
    const index = unrecorded;
    const judged = judgeProposal(judging, { target: relay.target, body, ...named, statement, index, recordedAt });
    if (judged.state === 'holds') {
      await proposalStage(of.course, { target: relay.target, body, ...named });
      return judged.proposal;
    }
    if (tries === mostTries) throw foreignError(statement, [judged]);
  }
}

type Asking = RatifyPlan & { readonly judge: () => Promise<Judgement>; readonly opens: Opens };

async function writeProposal(relay: Relay, of: Asking): Promise<{ readonly body: string } & Named> {
  const { opens } = of;
  const course = await countedCourse(of.course, relay);
  const { policy, registry } = relay;
  const hours = of.hours ?? Math.min(policy.window.longest / hourMs, 8);
  const dossier = await dossierStage(course, { target: of.target, policy });
  const evidence = await course.store.of(course.sealed.seal);
  const log = await course.store.log();
  const rehearsed = findPassedRehearsal(evidence, course.sealed);
  // never in the way of a rollback
  const sampled = sampledProblem(rehearsed.body, policy.rehearsal.sampled ?? 'not allowed');
  if (sampled !== null && opens.what !== 'rollback') throw OneRoofError.of([sampled]);
  const named = await nameTarget(relay, { rehearsed, opens, purpose: of.purpose });
  const sealedAt = sealedAtOf(evidence, rehearsed.body);
  // by the earlier of the two clocks: neither the database nor a host must find that it has not begun yet
  const [here, { now: there }] = [now(), await readReceived(relay.session, course.sealed.seal)];
  const at = here < there ? here : there;
  const root = log.checkpoint?.split('\n')[2] ?? '';
  const body = buildRatification({
    sealed: course.sealed,
    sealedAt,
    policy,
    registry,
    targets: [named.descriptor],
    evidence: [{ kind: 'rehearsal', digest: rehearsed.digest }],
    rehearsedAt: rehearsed.body.endedAt,
    window: { notBefore: at, expires: later(at, hours) },
    log: { size: log.lines.length, root: Buffer.from(root, 'base64').toString('hex').padEnd(64, '0') },
    dossier: dossier.digest,
    opens,
    now: at,
    nonce: randomBytes(16).toString('hex'),
  });
  return { body, ...named };
}

function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * hourMs));
}

/**
 * Judges the proposals of a release with a statement, now, and answers the one that holds.
 *
 * Errors  PROPOSAL_FOREIGN with what differs; nothing of it is handed to the target.
 */
export async function requireProposal(relay: Relay, course: Course, statement: StatementDigest): Promise<Proposal> {
  const word = await wordOf(relay, course.sealed.seal);
  const { judged } = await judgeCourse(course, { name: relay.target, word });
  const same = judged.filter((one) => one.statement === statement && one.target === relay.target);
  const holds = same.find((one) => one.state === 'holds');
  if (holds !== undefined) return holds.proposal;
  throw foreignError(statement, same);
}

function foreignError(statement: StatementDigest, same: readonly JudgedProposal[]): OneRoofError {
  const differs = same.flatMap((one) => (one.state === 'foreign' ? one.differs : []));
  return new OneRoofError('PROPOSAL_FOREIGN', {
    ...stated`${{ why: foreignSaid }}: ${printable(differs.join('; ') || `nothing of ${statement} was recorded for it`)}`,
    fix: foreignFix,
  });
}
