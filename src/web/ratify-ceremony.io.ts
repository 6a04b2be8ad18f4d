import { randomBytes } from 'node:crypto';
import { digest, type Digest, instant, type Instant, now, OneRoofError } from '../core/index.ts';
import { type Evidence, type StatementDigest, statementDigest } from '../evidence/index.ts';
import {
  authorsOf,
  buildRatification,
  isWaiting,
  readCycles,
  readStatementBody,
  submitRelease,
  submitSignature,
  submitTarget,
  type TargetDescriptor,
} from '../gate/index.ts';
import { type Rehearsal } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { writeDossier } from './dossier.ts';
import { type Standing } from './pages.ts';
import { type Relay } from './relay.io.ts';

const hourMs = 3_600_000;

/** What is ratified, and how. */
export interface RatifyPlan {
  readonly sealed: SealedRelease;
  /** What was recorded of the release. */
  readonly evidence: readonly Evidence[];
  readonly log: { readonly lines: readonly unknown[]; readonly checkpoint: string | null };
  /** How long it is valid; null: as long as the policy allows, and at most eight. */
  readonly hours: number | null;
  /** The tier that a further ratification opens; null: the release from its first tier. */
  readonly holdPoint: string | null;
}

interface Rehearsed {
  readonly digest: Digest;
  readonly body: Rehearsal;
  readonly schema: Digest;
}

interface Proposed extends RatifyPlan {
  readonly rehearsed: Rehearsed;
  readonly dossier: string;
}

/**
 * The ceremony in which people ratify a rehearsed release for the relay's target. A statement that somebody has signed and others have not
 * yet is taken up again: all of them sign the same bytes.
 *
 * Errors  NOT_REHEARSED; those of buildRatification.
 */
export async function ratifyCeremony(relay: Relay, plan: RatifyPlan): Promise<ShownCeremony> {
  const { session, policy, registry, target } = relay;
  const { release, seal } = plan.sealed;
  const rehearsed = findRehearsal(plan.evidence, plan.sealed);
  const dossier = writeDossier({
    sealed: plan.sealed,
    rehearsal: rehearsed.body,
    target,
    production: policy.production,
  });
  const proposed = { ...plan, rehearsed, dossier };
  await submitRelease(session, plan.sealed);
  const begun = await waiting(relay, proposed);
  const body = begun ?? propose(relay, proposed);
  const statement = statementDigest(body);
  const handInTarget = (): Promise<void> =>
    submitTarget(session, { statement, descriptor: descriptorOf(relay, rehearsed), place: 0, proof: [] });
  // the last one may have signed before the program ended: nobody would be left to hand it in with
  if (begun !== null) await handInTarget();
  const standing = (): Promise<Standing> => standingOf(relay, statement);
  return {
    body,
    policy,
    registry,
    barred: authorsOf(release),
    title: `Ratify ${release.name} for ${target}`,
    facts: [
      ['Release', `${release.name}: ${release.title}`],
      ['Seal', seal],
      ['Target', `${target}, database ${relay.facts.facts.database}`],
      ['Statement', body],
    ],
    text: dossier,
    standing,
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      await handInTarget();
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

/** A statement that others have signed already, if it says what we would. */
async function waiting({ session }: Relay, of: Proposed): Promise<string | null> {
  for (const cycle of await readCycles(session)) {
    if (cycle.seal !== of.sealed.seal || cycle.holdPoint !== of.holdPoint || cycle.done.length > 0) continue;
    if (!isWaiting(cycle)) continue;
    const body = await readStatementBody(session, cycle.statement);
    const said = JSON.parse(body ?? '{}') as { predicate?: { dossier?: string; expires?: string } };
    if (said.predicate?.dossier === digest('dossier', [of.dossier]) && (said.predicate.expires ?? '') > now())
      return body;
  }
  return null;
}

function propose(relay: Relay, of: Proposed): string {
  const { sealed, evidence, rehearsed, dossier, log, holdPoint } = of;
  const { policy, registry } = relay;
  const at = now();
  const hours = of.hours ?? Math.min(policy.window.longest / hourMs, 8);
  const sealedAt = evidence.find(({ entry }) => entry.kind === 'seal')?.entry.recordedAt ?? rehearsed.body.startedAt;
  const root = log.checkpoint?.split('\n')[2] ?? '';
  return buildRatification({
    sealed,
    sealedAt,
    policy,
    registry,
    targets: [descriptorOf(relay, rehearsed)],
    evidence: [{ kind: 'rehearsal', digest: rehearsed.digest }],
    rehearsedAt: rehearsed.body.endedAt,
    window: { notBefore: at, expires: later(at, hours) },
    log: { size: log.lines.length, root: Buffer.from(root, 'base64').toString('hex').padEnd(64, '0') },
    dossier: digest('dossier', [dossier]),
    holdPoint,
    now: at,
    nonce: randomBytes(16).toString('hex'),
  });
}

function later(from: Instant, hours: number): Instant {
  return instant(new Date(Date.parse(from) + hours * hourMs));
}

/** How the database itself sees the statement now. */
async function standingOf({ session, policy }: Relay, statement: StatementDigest): Promise<Standing> {
  const cycle = (await readCycles(session)).find((one) => one.statement === statement);
  const closed = cycle === undefined ? `seats: 0 of ${policy.seats.length} seats are filled` : cycle.closed.up;
  return { complete: closed === null, signed: cycle?.persons ?? [], missing: closed === null ? [] : [closed] };
}
