import { randomBytes } from 'node:crypto';
import { type Instant, instant, now } from '../core/index.ts';
import { type StatementDigest, statementDigest } from '../evidence/index.ts';
import { type Change, type Ending, explainRefusal, readStatementBody, submitSignature } from '../gate/index.ts';
import { type Adoption } from '../people/index.ts';
import { type Ceremony, type ShownCeremony } from './ceremony.io.ts';
import { type SigningState } from './signing-html.ts';
import { type Relay } from './relay.io.ts';

/** Which statement a nonce is for: the same one to everybody who is asked for the same. */
export interface NonceName {
  readonly target: string;
  /** Digests; for an ending its kind, and what is ended. */
  readonly previous: string;
  readonly next: string;
  /** From 0; a statement that was signed without effect, or has expired, is signed again. */
  readonly turn: number;
}

/** What makes a statement one of its own: a nonce of 32 hexadecimal digits, and when its time begins. */
export interface Drawn {
  readonly nonce: string;
  readonly at: Instant;
}

/** Draws a nonce; the same one for the same name where several processes or visits show the statement. */
export type NonceFor = (name: NonceName) => Promise<Drawn>;
/** Another one each time: the statement is shown by one process alone. */
const freshToken: NonceFor = async () => ({ nonce: randomBytes(16).toString('hex'), at: now() });

/** Long enough for people on several continents and a weekend, short enough that what was kept back is worth nothing soon; the policy bounds it further. Milliseconds. */
const longest = 72 * 3_600_000;

/** What the quorum of a policy is asked to sign, and how it comes to count. */
export interface QuorumPlan {
  readonly name: Pick<NonceName, 'previous' | 'next'>;
  /** The statement of one nonce and one time. */
  readonly write: (drawn: Pick<Adoption, 'notBefore' | 'expires' | 'nonce'>) => string;
  /** What the database has of it, by whoever asked. */
  readonly find: () => Promise<readonly (Change | Ending)[]>;
  /** Makes it count, once the quorum is there. */
  readonly accept: (statement: StatementDigest) => Promise<void>;
  /** Whether it counts already: another desk may have handed the last signature in. */
  readonly isDone: () => Promise<boolean>;
  /** Absent: drawn. */
  readonly nonceFor?: NonceFor;
}

/** What a ceremony is without what its page shows. */
export type SignableStatement = Ceremony & Pick<ShownCeremony, 'standing'>;

/**
 * A statement that the quorum signs. With the last signature the relay makes it count; where the signatures were there already (the
 * program ended between), that is done before anybody is asked.
 */
export async function quorumStatement(relay: Relay, plan: QuorumPlan): Promise<SignableStatement> {
  const { session, policy, registry } = relay;
  // the others sign the bytes that someone has signed already; not where a signature was withdrawn, because no one signs one statement twice
  const waiting = (await plan.find()).find(({ withdrawn }) => withdrawn.length === 0);
  const body =
    (waiting === undefined ? null : await readStatementBody(session, waiting.statement)) ??
    (await freshBody(relay, plan));
  const statement = statementDigest(body);
  let accepted: SigningState | null = null;
  const standing = async (): Promise<SigningState> => {
    if (accepted !== null) return accepted;
    const found = (await plan.find()).find((one) => one.statement === statement);
    if (found !== undefined)
      return {
        complete: found.missing === null,
        signed: found.persons,
        missing: found.missing === null ? [] : [explainRefusal(found.missing)],
      };
    if (await plan.isDone()) return { complete: true, signed: [], missing: [] };
    return { complete: false, signed: [], missing: [`seats: 0 of ${policy.quorum.length} seats are filled`] };
  };
  const settle = async (): Promise<SigningState> => {
    const reached = await standing();
    if (!reached.complete || accepted !== null) return reached;
    if (!(await plan.isDone()))
      await plan.accept(statement).catch(async (error: unknown) => {
        if (!(await plan.isDone())) throw error;
      });
    accepted = reached;
    return reached;
  };
  await settle();
  return {
    body,
    policy,
    registry,
    barred: [],
    standing,
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      return await settle();
    },
  };
}

/** A statement that the database holds already lets nothing in any more, or was withdrawn, and nobody can sign it twice: the next one is asked for. */
async function freshBody({ session, policy, target }: Relay, plan: QuorumPlan): Promise<string> {
  const { name, write, nonceFor = freshToken } = plan;
  for (let turn = 0; ; turn += 1) {
    const { nonce, at } = await nonceFor({ target, ...name, turn });
    const expires = instant(new Date(Date.parse(at) + Math.min(longest, policy.window.longest)));
    if (expires <= now()) continue;
    const body = write({ notBefore: at, expires, nonce });
    if ((await readStatementBody(session, statementDigest(body))) === null) return body;
  }
}

/** A statement for which one signature is all that it needs; `missing`: whose. */
export function singleStatement(
  { session, policy, registry }: Relay,
  { body, missing }: { readonly body: string; readonly missing: string },
): SignableStatement & Pick<ShownCeremony, 'text'> {
  let standing: SigningState = { complete: false, signed: [], missing: [missing] };
  return {
    body,
    policy,
    registry,
    barred: [],
    text: body,
    standing: async () => standing,
    submit: async ({ person, signature }) => {
      await submitSignature(session, body, signature);
      standing = { complete: true, signed: [person.id], missing: [] };
      return standing;
    },
  };
}
