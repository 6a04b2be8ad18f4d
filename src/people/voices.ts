import { type EvidenceKind, keyFingerprint, type SshKey } from '../evidence/index.ts';
import { type Registry } from './documents.ts';
import { rightFor } from './rights.ts';

/** Whose entries count: the keys of a registry, or this machine's own key if there is no registry or it names none. */
export interface Voices {
  /** Null: none is known. */
  readonly registry: Pick<Registry, 'software'> | null;
  /** The keys that count without a registry: this machine's, or those that a reader trusts. Null: nothing is known of them, and none is refused. */
  readonly own: readonly SshKey[] | null;
  /** Whose rehearsals count, of those that may rehearse; null: all. Of the policy. */
  readonly by: readonly string[] | null;
}

/**
 * Says why an entry does not count; null if it does. Only this function decides it.
 *
 * Stops: an invented rehearsal, seal time, reading, rollout or proposal by someone who can write evidence and whose key no one signed for.
 */
export function whyUncounted(
  { registry, own, by }: Voices,
  { kind, signer }: { readonly kind: EvidenceKind; readonly signer: SshKey | null },
): string | null {
  const isBound = kind === 'rehearsal' && by !== null;
  if (registry === null || registry.software.length === 0) {
    if (own !== null && (signer === null || !own.includes(signer))) return 'key unknown';
    return isBound ? 'the policy names whose rehearsals count, but the registry names no software' : null;
  }
  const found = registry.software.find(({ key }) => key === signer);
  if (found === undefined) return 'key unknown';
  const right = rightFor[kind];
  if (!found.may.includes(right)) return `${found.id} may not ${right}`;
  return isBound && !by.includes(found.id) ? `the policy does not let ${found.id} rehearse` : null;
}

/** The name of the software that signed an entry, as a registry has it; the fingerprint of a key that it does not name. */
export function signerName(registry: Pick<Registry, 'software'> | null, signer: SshKey | null): string {
  if (signer === null) return 'an unknown key';
  return registry?.software.find(({ key }) => key === signer)?.id ?? keyFingerprint(signer);
}
