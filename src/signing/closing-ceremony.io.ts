import { randomBytes } from 'node:crypto';
import { OneRoofError, stated } from '../core/index.ts';
import { type StatementDigest, writeStatement } from '../evidence/index.ts';
import { type CycleRow, isWaiting, readCycles } from '../gate/index.ts';
import { foreignSaid, type JudgedProposal } from '../proposal/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { type Relay } from './relay.io.ts';
import { singleStatement } from './signature-ceremony.io.ts';

/** What one person does to a ratification. */
export interface ClosingPlan {
  readonly kind: 'decline' | 'revoke';
  readonly release: { readonly name: string; readonly seal: string };
  readonly reason: string;
  /** The statement that is meant; absent: the newest that there is something to close of. */
  readonly statement?: StatementDigest;
  /** 32 hexadecimal digits, where the same statement is to be built again; absent: drawn. */
  readonly nonce?: string;
  /** The judged proposals of the release: one that is not valid is shown as an attack. */
  readonly judged?: readonly JudgedProposal[];
}

/** The ceremony, the ratification that it is about, and how many others of the release stay open. */
export interface ClosingCeremony extends ShownCeremony {
  readonly ratification: StatementDigest;
  readonly othersOpen: number;
}

/**
 * The ceremony in which any one enrolled person declines a ratification that waits, or revokes one. The registry in force alone decides who
 * that is: neither the seats of the policy, nor the policy that the ratification was signed under, are asked.
 *
 * Errors  NOTHING_WAITS
 */
export async function closingCeremony(relay: Relay, plan: ClosingPlan): Promise<ClosingCeremony> {
  const { session, target } = relay;
  const cycles = (await readCycles(session)).filter(({ seal }) => seal === plan.release.seal);
  const { statement, persons } = choose(cycles, { ...plan, target });
  const body = bodyOf(plan, statement);
  return {
    ...singleStatement(relay, { body, missing: 'one enrolled person' }),
    ratification: statement,
    othersOpen: cycles.filter((one) => one.statement !== statement && one.closed.up === null).length,
    title: `${plan.kind === 'decline' ? 'Decline' : 'Revoke'} ${plan.release.name} on ${target}`,
    facts: [
      ['Ratification', statement],
      ['Signed by', persons.join(', ') || 'no one yet'],
      ['Reason', plan.reason],
      ...attackOn(plan.judged ?? [], statement),
    ],
  };
}

/** No one has to sign it, and anyone may decline or revoke it: that it is an attack is a good reason. */
function attackOn(
  judged: readonly JudgedProposal[],
  statement: StatementDigest,
): readonly (readonly [string, string])[] {
  const same = judged.filter((one) => one.statement === statement);
  const differs = same.flatMap((one) => (one.state === 'foreign' ? one.differs : []));
  return same.length === 0 || same.some(({ state }) => state === 'holds')
    ? []
    : [['ATTACK', `${foreignSaid}: ${differs.join('; ')}`]];
}

/** The newest that there is something to close of; an open one before all others. */
function choose(
  all: readonly CycleRow[],
  of: ClosingPlan & { readonly target: string },
): Pick<CycleRow, 'statement' | 'persons'> {
  const { kind, release, target } = of;
  const cycles =
    of.statement === undefined
      ? // a revocation closes no rollback
        all.filter(({ opens }) => kind === 'decline' || opens.what !== 'rollback')
      : all.filter(({ statement }) => statement === of.statement);
  // what was proposed and no one has signed yet can be declined too
  if (kind === 'decline' && of.statement !== undefined && cycles.length === 0)
    return { statement: of.statement, persons: [] };
  const found =
    kind === 'decline'
      ? (cycles.find(isWaiting) ?? unsigned(all, of))
      : (cycles.find(({ closed }) => closed.up === null) ?? cycles.find(({ closed }) => closed.up?.code !== 'revoked'));
  if (found !== undefined) return found;
  if (cycles.length === 0)
    throw new OneRoofError('NOTHING_WAITS', {
      ...stated`no one has signed a ratification of ${{ release: release.name }} on ${{ target }}`,
      fix: `there is nothing to ${kind}: the gate is closed until people ratify`,
    });
  throw new OneRoofError('NOTHING_WAITS', {
    ...(kind === 'decline'
      ? stated`no ratification of ${{ release: release.name }} waits for signatures on ${{ target }}`
      : stated`every ratification of ${{ release: release.name }} on ${{ target }} is revoked already`),
    fix:
      kind === 'decline'
        ? `if one has opened the gate, close it: oneroof revoke … --reason "why"`
        : 'there is nothing to revoke: its rollout is closed',
  });
}

/** The newest proposal that people were asked to sign and no one has signed yet. */
function unsigned(
  all: readonly CycleRow[],
  { judged = [], target }: Pick<ClosingPlan, 'judged'> & { readonly target: string },
): Pick<CycleRow, 'statement' | 'persons'> | undefined {
  const found = judged.findLast(
    (one) =>
      one.state === 'holds' && one.target === target && !all.some(({ statement }) => statement === one.statement),
  );
  return found === undefined ? undefined : { statement: found.statement, persons: [] };
}

function bodyOf({ kind, reason, release, nonce: given }: ClosingPlan, ratification: StatementDigest): string {
  const nonce = given ?? randomBytes(16).toString('hex');
  return kind === 'decline'
    ? writeStatement({
        kind: 'decline',
        subject: { name: release.name, digest: release.seal },
        predicate: { decision: 'decline', reason, statement: ratification, nonce },
      })
    : writeStatement({
        kind: 'revocation',
        subject: { name: release.name, digest: ratification },
        predicate: { reason, nonce },
      });
}
