import { OneRoofError, stated } from '../core/index.ts';
import { openSession, type Session } from '../database/index.ts';
import { describeGate, type GateFacts } from '../gate/index.ts';
import { parsePolicyDocument, parseRegistryDocument, type Policy, type Registry } from '../people/index.ts';
import { type Target } from '../setup/index.ts';

/** A session that hands in signatures, and what is in force in its database. */
export interface Relay {
  readonly session: Session;
  /** The target's name. */
  readonly target: string;
  readonly facts: GateFacts;
  readonly policy: Policy;
  readonly registry: Registry;
}

/**
 * Opens the relay of a target for one piece of work, and closes it whatever happens.
 *
 * Errors  CONFIG_INVALID where the target has none; those of opening a session, of POLICY_INVALID and REGISTRY_INVALID.
 */
export async function withRelay<T>(target: Target, purpose: string, use: (relay: Relay) => Promise<T>): Promise<T> {
  if (target.relay === null)
    throw new OneRoofError('CONFIG_INVALID', {
      ...stated`target ${{ target: target.name }} has no relay to hand in signatures`,
      fix: 'give the target a `relay:` in oneroof.yaml',
    });
  const session = await openSession(target.relay, { applicationName: `oneroof ${purpose}` });
  try {
    return await use({ session, target: target.name, ...(await readInForce(session)) });
  } finally {
    await session.close();
  }
}

/**
 * The documents in force in a database, according to its gate.
 *
 * Errors  POLICY_INVALID and REGISTRY_INVALID; what the database refuses.
 */
export async function readInForce(session: Session): Promise<Pick<Relay, 'facts' | 'policy' | 'registry'>> {
  const facts = await describeGate(session);
  const policy = parsed(parsePolicyDocument({ text: facts.policy, file: 'the active policy' }));
  const registry = parsed(parseRegistryDocument({ text: facts.registry, file: 'the active registry' }));
  return { facts, policy, registry };
}

/** What was read, or all that is wrong with it. */
export function parsed<T>(
  read:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly problems: Parameters<typeof OneRoofError.throwIfAny>[0] },
): T {
  if (read.ok) return read.value;
  OneRoofError.throwIfAny(read.problems);
  throw new OneRoofError('INTERNAL', {
    ...stated`a document is wrong, but no reason was given`,
    fix: 'please report it',
  });
}
