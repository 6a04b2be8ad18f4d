import { randomBytes } from 'node:crypto';
import { OneRoofError, stated } from '../core/index.ts';
import { type StatementDigest, writeStatement } from '../evidence/index.ts';
import { acceptDocument, closedByChange, describeGate, readChanges, readCycles } from '../gate/index.ts';
import {
  parseStatement,
  type PolicyChange,
  policyDigest,
  type RegistryChange,
  registryDigest,
} from '../people/index.ts';
import { type ShownCeremony } from './ceremony.io.ts';
import { describeChange, type RuleDifference, differenceText, documentOf, type Next, requireNext } from './change.ts';
import { refuseOtherDraft } from './other-draft.io.ts';
import { type Relay } from './relay.io.ts';
import { type NonceFor, quorumStatement, singleStatement } from './signature-ceremony.io.ts';

/** The ceremony of a change, and what it does: a line for each difference, and for each ratification that it closes. */
export interface ChangeCeremony extends ShownCeremony {
  readonly changes: readonly RuleDifference[];
}

/**
 * The ceremony in which the quorum lets the next registry or policy in.
 *
 * Errors  those of requireNext, before anyone is asked.
 */
export async function changeCeremony(relay: Relay, next: Next, nonceFor?: NonceFor): Promise<ChangeCeremony> {
  const { session, policy, registry, target } = relay;
  if (next.kind === 'registry') await refuseOtherDraft(relay, next.registry);
  requireNext(relay, next);
  const { kind } = next;
  const { document, digest } = documentOf(next);
  const previous = kind === 'registry' ? registryDigest(registry) : policyDigest(policy);
  const statement = await quorumStatement(relay, {
    name: { previous, next: digest },
    write: (drawn) => {
      const predicate = { previous, number: relay.facts.numbers[kind], ...drawn };
      return next.kind === 'registry'
        ? writeStatement<RegistryChange>({
            kind: 'registry',
            subject: { name: 'registry', digest },
            predicate: { version: next.registry.version, ...predicate },
          })
        : writeStatement<PolicyChange>({ kind: 'policy', subject: { name: next.policy.name, digest }, predicate });
    },
    find: () => changesOf(relay, next),
    accept: () => acceptDocument(session, { kind, document }),
    isDone: () => isInForce(relay, next),
    ...(nonceFor === undefined ? {} : { nonceFor }),
  });
  const what = next.kind === 'registry' ? `registry, version ${next.registry.version}` : `policy ${next.policy.name}`;
  const changes = [...describeChange(relay, next), ...(await closes(relay))];
  return {
    ...statement,
    title: `Next ${what} for ${target}`,
    facts: [
      ['Target', `${target}, database ${relay.facts.facts.database}`],
      ['In force', previous],
      ['Next', digest],
      ['Valid', validityOf(statement.body)],
      ['Statement', statement.body],
    ],
    text: [
      'CHANGES',
      ...changes.map(differenceText),
      '',
      `THE NEXT ${kind.toUpperCase()}`,
      JSON.stringify(JSON.parse(document), null, 2),
    ].join('\n'),
    changes,
  };
}

/**
 * The ceremony in which a person takes their own signature under a change back. It takes away no other signature: a person whom a change
 * removes could else keep it away.
 *
 * Errors  NOTHING_WAITS: no one has signed such a change, or it is in force.
 */
export async function withdrawalCeremony(
  relay: Relay,
  { next, reason }: { readonly next: Next; readonly reason: string },
): Promise<ShownCeremony & { readonly change: StatementDigest }> {
  const { target } = relay;
  const [found] = await changesOf(relay, next);
  if (found === undefined)
    throw new OneRoofError('NOTHING_WAITS', {
      ...stated`nobody has signed this ${{ kind: next.kind }} for ${{ target }}, or it is in force, or it has expired`,
      fix: 'there is no signature to withdraw',
    });
  const nonce = randomBytes(16).toString('hex');
  const subject = { name: next.kind, digest: found.statement };
  const body = writeStatement({ kind: 'revocation', subject, predicate: { reason, nonce } });
  return {
    ...singleStatement(relay, { body, missing: 'one person who has signed it' }),
    change: found.statement,
    title: `Withdraw a signature under the next ${next.kind} of ${target}`,
    facts: [
      ['Change', found.statement],
      ['Signed by', found.persons.join(', ')],
      ['Reason', reason],
    ],
  };
}

/** What the database has of a change that people have signed, newest first. */
async function changesOf({ session }: Relay, next: Next): ReturnType<typeof readChanges> {
  const { digest } = documentOf(next);
  return (await readChanges(session)).filter(({ kind, subject }) => kind === next.kind && subject === digest);
}

async function isInForce({ session }: Relay, next: Next): Promise<boolean> {
  const facts = await describeGate(session);
  return facts[next.kind] === documentOf(next).document;
}

/** From when to when the signatures under a change put it in force. */
function validityOf(body: string): string {
  const read = parseStatement(body);
  if (!read.ok || !('notBefore' in read.statement.predicate)) return 'not known';
  const { notBefore, expires } = read.statement.predicate;
  return `${notBefore} to ${expires}`;
}

async function closes({ session }: Relay): Promise<readonly RuleDifference[]> {
  return closedByChange(await readCycles(session)).map((text) => ({ word: 'closes', text }));
}
