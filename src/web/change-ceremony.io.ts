import { randomBytes } from 'node:crypto';
import { type StatementDigest, statementDigest, writeStatement } from '../evidence/index.ts';
import {
  acceptDocument,
  describeGate,
  explainRefusal,
  policyDigest,
  readChanges,
  readCycles,
  readStatementBody,
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
  /** From 0; a policy that comes, goes and comes again is signed anew. */
  readonly turn: number;
}

/** A nonce of 32 hexadecimal digits; drawn anew where the statement is shown by one process alone. */
export type NonceFor = (change: ChangeName) => Promise<string>;
const drawn: NonceFor = async () => randomBytes(16).toString('hex');

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

/** A statement over the same document that somebody has signed already: the others sign the same bytes. */
async function waiting({ session }: Relay, next: Next): Promise<string | null> {
  const { digest } = documentOf(next);
  const found = (await readChanges(session)).find(({ kind, subject }) => kind === next.kind && subject === digest);
  return found === undefined ? null : await readStatementBody(session, found.statement);
}

/** A statement that the database has of an earlier turn lets nothing in any more, and nobody can sign it twice: the next one is asked for. */
async function freshBody(relay: Relay, next: Next, nonceFor: NonceFor): Promise<string> {
  const { policy, registry, target } = relay;
  const previous = next.kind === 'registry' ? registryDigest(registry) : policyDigest(policy);
  const name = { target, previous, next: documentOf(next).digest };
  for (let turn = 0; ; turn += 1) {
    const body = bodyOf(relay, next, await nonceFor({ ...name, turn }));
    if ((await readStatementBody(relay.session, statementDigest(body))) === null) return body;
  }
}

function bodyOf({ policy, registry }: Relay, next: Next, nonce: string): string {
  const { digest } = documentOf(next);
  return next.kind === 'registry'
    ? writeStatement({
        kind: 'registry',
        subject: { name: 'registry', digest },
        predicate: { version: next.registry.version, previous: registryDigest(registry), nonce },
      })
    : writeStatement({
        kind: 'policy',
        subject: { name: next.policy.name, digest },
        predicate: { previous: policyDigest(policy), nonce },
      });
}

/** A ratification names the registry and the policy that it was signed under: with another one in force it opens nothing more. */
async function closes({ session }: Relay): Promise<readonly Difference[]> {
  const open = (await readCycles(session)).filter(({ closed }) => closed.up === null || closed.down === null);
  return open.map(({ statement, done, next }) => {
    const isBegun = done.length > 0 && (next.up !== null || next.down !== null);
    const how = isBegun
      ? 'which is rolled out in part or whole: its way back needs a new ratification'
      : 'which is open';
    return { word: 'closes', text: `ratification ${statement}, ${how}` };
  });
}
