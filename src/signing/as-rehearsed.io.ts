import { OneRoofError, printable, stated } from '../core/index.ts';
import { explainDrift, type Footprint } from '../fingerprint/index.ts';
import { type CycleRow, compareFootprint, cyclesOf, describeGate, isInPlace } from '../gate/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type Relay } from './relay.io.ts';

/** A rollout that people are asked to ratify: what was rehearsed, and the cycles that its target knows. */
export interface Beginning {
  readonly sealed: SealedRelease;
  readonly footprint: Footprint;
  readonly cycles: readonly CycleRow[];
}

/**
 * How the schema of the relay's target differs from the one that a rollout was rehearsed on, in words: its gate would refuse what people sign
 * now. Null: it does not, in what the policy asks for; or a cycle is in place, and the gate compares with what that one has left.
 */
export async function driftSinceRehearsal(
  { session, policy }: Pick<Relay, 'session' | 'policy'>,
  { sealed: { seal, release }, footprint, cycles }: Beginning,
): Promise<string | null> {
  if (cyclesOf(cycles, seal).some(isInPlace)) return null;
  const [first, ...more] = await compareFootprint(session, { footprint, release });
  if (first !== undefined)
    return printable(`${explainDrift(first)}${more.length === 0 ? '' : `; and ${more.length} more`}`);
  if (policy.drift !== 'none' || (await describeGate(session)).schema === footprint.whole) return null;
  return 'an object that the release does not depend on has changed, which the policy does not allow (drift: none)';
}

/**
 * Refuses to ask people for what could only be refused.
 *
 * Errors  SCHEMA_DRIFTED.
 */
export async function requireAsRehearsed(relay: Relay, beginning: Beginning): Promise<void> {
  const drift = await driftSinceRehearsal(relay, beginning);
  if (drift === null) return;
  throw new OneRoofError('SCHEMA_DRIFTED', {
    ...stated`the schema of ${{ target: relay.target }} is not the rehearsed one: ${{ drift }}`,
    fix: 'rehearse on a fresh copy, and ask again: oneroof rehearse RELEASE --golden, then oneroof ratify RELEASE; or undo what others changed there',
  });
}
