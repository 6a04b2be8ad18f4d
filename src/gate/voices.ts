import { type EvidenceKind, type SshKey } from '../evidence/index.ts';
import { type Registry } from './documents.ts';
import { rightFor } from './rights.ts';

/** Whose word counts: the keys that a registry names, or one's own where there is none, or it names none. */
export interface Voices {
  /** Null: none is known. */
  readonly registry: Pick<Registry, 'software'> | null;
  /** The keys that count without a registry: this machine's, or those that a reader trusts. Null: nothing is known of them, and none is refused. */
  readonly own: readonly SshKey[] | null;
  /** Whose rehearsals count, of those that may rehearse; null: all. Of the policy. */
  readonly by: readonly string[] | null;
}

/**
 * Says why an entry does not count; null where it does. The one place that decides it.
 *
 * Stops: a rehearsal, seal time, look, rollout or proposal that someone made up who can write evidence, and whose key nobody signed for.
 */
export function whyUncounted(
  { registry, own, by }: Voices,
  { kind, signer }: { readonly kind: EvidenceKind; readonly signer: SshKey | null },
): string | null {
  const isBound = kind === 'rehearsal' && by !== null;
  if (registry === null || registry.software.length === 0) {
    if (own !== null && (signer === null || !own.includes(signer))) return 'key unknown';
    return isBound ? 'the policy names whose rehearsals count, and the registry names no software' : null;
  }
  const found = registry.software.find(({ key }) => key === signer);
  if (found === undefined) return 'key unknown';
  const right = rightFor[kind];
  if (!found.may.includes(right)) return `${found.id} may not ${right}`;
  return isBound && !by.includes(found.id) ? `the policy does not let ${found.id} rehearse` : null;
}
