import { type EvidenceKind, type SshKey } from '../evidence/index.ts';
import { type Registry } from './documents.ts';
import { rightFor } from './rights.ts';

/** Whose word counts: the keys that a registry names, or one's own where it names none. */
export interface Voices {
  readonly registry: Pick<Registry, 'software'>;
  /** The key of this machine; null: not known, so that without a key in the registry nothing is compared. */
  readonly own: SshKey | null;
}

/**
 * Says why an entry does not count; null where it does.
 *
 * Stops: a rehearsal, seal time or proposal that someone made up who can write evidence, and whose key nobody signed for.
 */
export function whyUncounted(
  { registry, own }: Voices,
  { kind, signer }: { readonly kind: EvidenceKind; readonly signer: SshKey | null },
): string | null {
  if (registry.software.length === 0) return own === null || signer === own ? null : 'key unknown';
  const found = registry.software.find(({ key }) => key === signer);
  if (found === undefined) return 'key unknown';
  const right = rightFor[kind];
  return found.may.includes(right) ? null : `${found.id} may not ${right}`;
}
