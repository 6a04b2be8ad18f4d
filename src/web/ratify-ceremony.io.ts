import { randomBytes } from 'node:crypto';
import { type Digest, instant, type Instant, now, OneRoofError } from '../core/index.ts';
import { dossierHtml, type ShownDossier } from '../dossier/index.ts';
import { type Evidence, type StatementDigest, statementDigest } from '../evidence/index.ts';
import {
  authorsOf,
  buildRatification,
  explainRefusal,
  readCycles,
  submitRelease,
  submitSignature,
  submitTarget,
  type TargetDescriptor,
} from '../gate/index.ts';
import { type Course, dossierStage, proposalStage } from '../pipeline.io.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { loadParser, type SealedRelease } from '../release/index.ts';
import { type Target } from '../setup/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { type Standing } from './pages.ts';
import { findProposal, type Proposal } from './proposal.ts';
import { type Relay } from './relay.io.ts';

const hourMs = 3_600_000;

/** What is ratified, and how. */
export interface RatifyPlan {
  readonly course: Course;
  readonly target: Target;
  /** How long it is valid; null: as long as the policy allows, and at most eight. */
  readonly hours: number | null;
  /** The tier that a further ratification opens; null: the release from its first tier. */
  readonly holdPoint: string | null;
}

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
 * Errors  NOT_REHEARSED; those of buildRatification.
 */
export async function ratifyCeremony(relay: Relay, plan: RatifyPlan): Promise<RatifyCeremony> {
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
      holdPoint: plan.holdPoint,
      cycles: await readCycles(relay.session),
      now: now(),
    }) ?? (await propose(relay, { ...plan, evidence, rehearsed, descriptor }));
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
  const parser = await loadParser();
  await submitRelease(session, course.sealed);
  const standing = (): Promise<Standing> => standingOf(relay, statement);
  return {
    body,
    policy,
    registry,
    dossier,
    barred: authorsOf(release),
    title: `Ratify ${release.name} for ${target}`,
    facts: [
      ['Release', `${release.name}: ${release.title}`],
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

function findRehearsal(evidence: readonly Evidence[], { release }: SealedRelease): Rehearsed {
  const found = evidence.findLast(({ entry }) => entry.kind === 'rehearsal');
  const body = found?.readable === true ? (found.body as Rehearsal) : null;
  if (found !== undefined && body?.outcome === 'passed' && typeof body.gateSchema === 'string')
    return { digest: found.entry.digest, body, schema: body.gateSchema as Digest };
  throw new OneRoofError('NOT_REHEARSED', {
    problem:
      body === null
        ? `there is no rehearsal of ${release.name} with this seal`
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
  },
): Promise<Proposal> {
  const { course, evidence, rehearsed, descriptor, holdPoint } = of;
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
    holdPoint,
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
async function standingOf({ session, policy }: Relay, statement: StatementDigest): Promise<Standing> {
  const cycle = (await readCycles(session)).find((one) => one.statement === statement);
  if (cycle === undefined)
    return { complete: false, signed: [], missing: [`seats: 0 of ${policy.seats.length} seats are filled`] };
  const { closed, persons } = cycle;
  return {
    complete: closed.up === null,
    signed: persons,
    missing: closed.up === null ? [] : [explainRefusal(closed.up)],
  };
}
