import { randomBytes } from 'node:crypto';
import { type Instant, instant, now, OneRoofError } from '../core/index.ts';
import { type StatementDigest, statementDigest, writeStatement } from '../evidence/index.ts';
import {
  acceptDocument,
  closedByChange,
  describeGate,
  explainRefusal,
  parseStatement,
  type PolicyChange,
  policyDigest,
  readChanges,
  readCycles,
  readStatementBody,
  type RegistryChange,
  registryDigest,
  submitSignature,
} from '../gate/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { describeChange, type Difference, differenceText, documentOf, type Next, requireNext } from './change.ts';
import { type Standing } from './pages.ts';
import { type Relay } from './relay.io.ts';

/** The ceremony of a change, and what it does: a line for each difference, and for each ratification that it closes. */
export interface ChangeCeremony extends ShownCeremony {
  readonly changes: readonly Difference[];
}

/** Which statement a nonce is for: the same one to everybody who is asked for the same change. */
export interface ChangeName {
  readonly target: string;
  /** Digests. */
  readonly previous: string;
  readonly next: string;
  /** From 0; what was signed in vain, or has expired, is signed anew. */
  readonly turn: number;
}

/** What makes a statement one of its own: a nonce of 32 hexadecimal digits, and when its time begins. */
export interface Drawn {
  readonly nonce: string;
  readonly at: Instant;
}

/** Draws a nonce; the same one for the same name where several processes or visits show the statement. */
export type NonceFor = (change: ChangeName) => Promise<Drawn>;
/** Another one each time: the statement is shown by one process alone. */
export const drawn: NonceFor = async () => ({ nonce: randomBytes(16).toString('hex'), at: now() });

/** Long enough for people on several continents and a weekend, short enough that what was kept back is worth nothing soon; the policy bounds it further. Milliseconds. */
const longest = 72 * 3_600_000;

/**
 * The ceremony in which the quorum lets the next registry or policy in. With the last signature the relay puts it in force; where the
 * signatures were there already (the program ended between), that is done before anybody is asked.
 *
 * Errors  those of requireNext, before anybody is asked.
 */
export async function changeCeremony(relay: Relay, next: Next, nonceFor: NonceFor = drawn): Promise<ChangeCeremony> {
  const { session, policy, registry, target } = relay;
  requireNext(relay, next);
  const { document, digest } = documentOf(next);
  const body = (await waiting(relay, next)) ?? (await freshBody(relay, next, nonceFor));
  const statement = statementDigest(body);
  const { kind } = next;
  let accepted: Standing | null = null;
  const standing = async (): Promise<Standing> => accepted ?? (await standingOf(relay, { next, statement }));
  /** Puts the document in force once the quorum is there; another desk may have done that already. */
  const settle = async (): Promise<Standing> => {
    const now = await standing();
    if (!now.complete || accepted !== null) return now;
    if (!(await isInForce(relay, next)))
      await acceptDocument(session, { kind, document }).catch(async (error: unknown) => {
        if (!(await isInForce(relay, next))) throw error;
      });
    accepted = now;
    return now;
  };
  await settle();
  const what = next.kind === 'registry' ? `registry, version ${next.registry.version}` : `policy ${next.policy.name}`;
  const changes = [...describeChange(relay, next), ...(await closes(relay))];
  return {
    body,
    policy,
    registry,
    barred: [],
    title: `Next ${what} for ${target}`,
    facts: [
      ['Target', `${target}, database ${relay.facts.facts.database}`],
      ['In force', next.kind === 'registry' ? registryDigest(registry) : policyDigest(policy)],
      ['Next', digest],
      ['Valid', validityOf(body)],
      ['Statement', body],
    ],
    text: [
      'CHANGES',
      ...changes.map(differenceText),
      '',
      `THE NEXT ${next.kind.toUpperCase()}`,
      JSON.stringify(JSON.parse(document), null, 2),
    ].join('\n'),
    changes,
    standing,
    submit: async ({ signature }) => {
      await submitSignature(session, body, signature);
      return await settle();
    },
  };
}

/**
 * The ceremony in which a person takes their own signature under a change back. It takes away no other signature: a person whom a change
 * removes could else keep it away.
 *
 * Errors  NOTHING_WAITS: nobody has signed such a change, or it is in force.
 */
export async function withdrawalCeremony(
  relay: Relay,
  { next, reason }: { readonly next: Next; readonly reason: string },
): Promise<ShownCeremony & { readonly change: StatementDigest }> {
  const { session, policy, registry, target } = relay;
  const { digest } = documentOf(next);
  const found = (await readChanges(session)).find(({ kind, subject }) => kind === next.kind && subject === digest);
  if (found === undefined)
    throw new OneRoofError('NOTHING_WAITS', {
      problem: `nobody has signed this ${next.kind} for ${target}, or it is in force, or its time is over`,
      fix: 'there is no signature to withdraw',
    });
  const nonce = randomBytes(16).toString('hex');
  const subject = { name: next.kind, digest: found.statement };
  const body = writeStatement({ kind: 'revocation', subject, predicate: { reason, nonce } });
  let standing: Standing = { complete: false, signed: [], missing: ['one person who has signed it'] };
  return {
    change: found.statement,
    body,
    policy,
    registry,
    barred: [],
    title: `Withdraw a signature under the next ${next.kind} of ${target}`,
    facts: [
      ['Change', found.statement],
      ['Signed by', found.persons.join(', ')],
      ['Reason', reason],
    ],
    text: body,
    standing: async () => standing,
    submit: async ({ person, signature }) => {
      await submitSignature(session, body, signature);
      standing = { complete: true, signed: [person.id], missing: [] };
      return standing;
    },
  };
}

async function standingOf(
  relay: Relay,
  { next, statement }: { readonly next: Next; readonly statement: StatementDigest },
): Promise<Standing> {
  const change = (await readChanges(relay.session)).find((one) => one.statement === statement);
  if (change !== undefined)
    return {
      complete: change.missing === null,
      signed: change.persons,
      missing: change.missing === null ? [] : [explainRefusal(change.missing)],
    };
  if (await isInForce(relay, next)) return { complete: true, signed: [], missing: [] };
  const missing = `seats: 0 of ${relay.policy.quorum.length} seats are filled`;
  return { complete: false, signed: [], missing: [missing] };
}

async function isInForce({ session }: Relay, next: Next): Promise<boolean> {
  const facts = await describeGate(session);
  return facts[next.kind] === documentOf(next).document;
}

/** A statement over the same document that somebody has signed already: the others sign the same bytes. Not where a signature was withdrawn. */
async function waiting({ session }: Relay, next: Next): Promise<string | null> {
  const { digest } = documentOf(next);
  const found = (await readChanges(session)).find(
    ({ kind, subject, withdrawn }) => kind === next.kind && subject === digest && withdrawn.length === 0,
  );
  return found === undefined ? null : await readStatementBody(session, found.statement);
}

/** A statement that the database has of an earlier turn lets nothing in any more, and nobody can sign it twice: the next one is asked for. */
async function freshBody(relay: Relay, next: Next, nonceFor: NonceFor): Promise<string> {
  const { policy, registry, target } = relay;
  const previous = next.kind === 'registry' ? registryDigest(registry) : policyDigest(policy);
  const name = { target, previous, next: documentOf(next).digest };
  for (let turn = 0; ; turn += 1) {
    const body = bodyOf(relay, next, await nonceFor({ ...name, turn }));
    if (body !== null && (await readStatementBody(relay.session, statementDigest(body))) === null) return body;
  }
}

/** From when to when the signatures under a change put it in force. */
function validityOf(body: string): string {
  const read = parseStatement(body);
  if (!read.ok || !('notBefore' in read.statement.predicate)) return 'not known';
  const { notBefore, expires } = read.statement.predicate;
  return `${notBefore} to ${expires}`;
}

/** Null: its time is over. */
function bodyOf({ policy, registry, facts }: Relay, next: Next, { nonce, at }: Drawn): string | null {
  const { digest } = documentOf(next);
  const expires = instant(new Date(Date.parse(at) + Math.min(longest, policy.window.longest)));
  if (expires <= now()) return null;
  const follows = { number: facts.numbers[next.kind], notBefore: at, expires, nonce };
  return next.kind === 'registry'
    ? writeStatement<RegistryChange>({
        kind: 'registry',
        subject: { name: 'registry', digest },
        predicate: { version: next.registry.version, previous: registryDigest(registry), ...follows },
      })
    : writeStatement<PolicyChange>({
        kind: 'policy',
        subject: { name: next.policy.name, digest },
        predicate: { previous: policyDigest(policy), ...follows },
      });
}

async function closes({ session }: Relay): Promise<readonly Difference[]> {
  return closedByChange(await readCycles(session)).map((text) => ({ word: 'closes', text }));
}
