import { randomBytes } from 'node:crypto';
import { type Digest, instant, type Instant, now, OneRoofError, printable } from '../core/index.ts';
import { sealedAtOf } from '../dossier/index.ts';
import { ofKind, type StatementDigest, statementDigest } from '../evidence/index.ts';
import { buildRatification, type Opens, type TargetDescriptor } from '../gate/index.ts';
import { type Evidence } from '../kinds/index.ts';
import { type Course, dossierStage, proposalStage } from '../pipeline.io.ts';
import { foreignSaid, type Judged, judgeProposal, type Proposal, unrecorded } from '../proposal/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
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
  | { readonly what: 'rollback' };

interface Rehearsed {
  readonly digest: Digest;
  readonly body: Rehearsal;
  readonly schema: Digest;
}

/** The newest rehearsal, which must have passed on a copy with a gate. */
export function findRehearsal(evidence: readonly Evidence[], { release }: SealedRelease): Rehearsed {
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

/**
 * The database that is meant, as it is named in what people sign. A rollout begins at the schema that was rehearsed; a rollback goes on from
 * the schema that is there, which another major version of the server may tell in other words than the rehearsal.
 */
export function descriptorOf(
  { facts }: Relay,
  { rehearsed, opens }: { readonly rehearsed: Rehearsed; readonly opens: Opens },
): TargetDescriptor {
  const schema = opens.what === 'rollback' ? (facts.schema as Digest) : rehearsed.schema;
  return { format: 1, ...facts.facts, schema };
}

/** So often it is begun again where somebody records evidence meanwhile. */
const mostTries = 3;

/**
 * Dossier and statement are recorded before anybody is asked, so that whoever is asked next is shown the same. What is about to be recorded
 * is judged as everything that was: where a rehearsal was recorded meanwhile it is written again.
 */
export async function propose(relay: Relay, of: Asking): Promise<Proposal> {
  for (let tries = 1; ; tries += 1) {
    const { body, descriptor } = await writeProposal(relay, of);
    const statement = statementDigest(body);
    const { judging } = await of.judge();
    const recordedAt = now();
    const index = unrecorded;
    const judged = judgeProposal(judging, { target: relay.target, body, descriptor, statement, index, recordedAt });
    if (judged.state === 'holds') {
      await proposalStage(of.course, { target: relay.target, body, descriptor });
      return judged.proposal;
    }
    if (tries === mostTries) throw foreignError(statement, [judged]);
  }
}

type Asking = RatifyPlan & { readonly judge: () => Promise<Judgement>; readonly opens: Opens };

async function writeProposal(
  relay: Relay,
  of: Asking,
): Promise<{ readonly body: string; readonly descriptor: TargetDescriptor }> {
  const { opens } = of;
  const course = await countedCourse(of.course, relay);
  const { policy, registry } = relay;
  const hours = of.hours ?? Math.min(policy.window.longest / hourMs, 8);
  const dossier = await dossierStage(course, { target: of.target, policy });
  const evidence = await course.store.of(course.sealed.seal);
  const log = await course.store.log();
  const rehearsed = findRehearsal(evidence, course.sealed);
  const descriptor = descriptorOf(relay, { rehearsed, opens });
  const sealedAt = sealedAtOf(evidence, rehearsed.body);
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
  return { body, descriptor };
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

function foreignError(statement: StatementDigest, same: readonly Judged[]): OneRoofError {
  const differs = same.flatMap((one) => (one.state === 'foreign' ? one.differs : []));
  return new OneRoofError('PROPOSAL_FOREIGN', {
    problem: `${foreignSaid}: ${printable(differs.join('; ') || `nothing of ${statement} was recorded for it`)}`,
    fix: 'sign nothing of it; find out who can write evidence (oneroof log shows who recorded it), and ask for a proposal of this host: oneroof ratify RELEASE',
  });
}
