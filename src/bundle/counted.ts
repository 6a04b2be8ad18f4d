import { type SshKey } from '../evidence/index.ts';
import {
  hear,
  type LogVoices,
  openVoices,
  type Pin,
  registryAt,
  sampledAllowed,
  signerName,
  targetOf,
  type Uncounted,
} from '../people/index.ts';
import { type SampledRehearsals } from '../rehearsal/index.ts';
import { type KnownEvidence, toldIn } from '../evidence-kinds/index.ts';

/** Which entries of a bundle count, by the registries in it. */
export interface CountedEntries {
  readonly evidence: readonly KnownEvidence[];
  readonly uncounted: readonly Uncounted<KnownEvidence>[];
  /** By which registry that was decided: a sentence for each target. */
  readonly whose: readonly string[];
  /** Why an entry does not count for a target, as the log was before another entry; null where it does. */
  readonly whyNot: (
    piece: KnownEvidence,
    of: { readonly target: string | null; readonly before: number },
  ) => string | null;
  /** Who signed an entry, by the registry of a target as the log was before another entry; null: no registry is known. */
  readonly nameOf: (index: number, of: { readonly target: string | null; readonly before?: number }) => string | null;
  /** The same by the registry of any target of the bundle; the fingerprint of a key that none of them names. */
  readonly signedBy: (index: number) => string;
  /** Whether a target's policy let rehearsals on a sample count, as the log was before an entry. */
  readonly sampledFor: (of: { readonly target: string | null; readonly before: number }) => SampledRehearsals;
}

/**
 * Separates evidence of a bundle that counts from evidence that does not. An entry about no target counts if it counts for one of the
 * targets in the bundle.
 */
export function countedIn(
  evidence: readonly KnownEvidence[],
  of: {
    /** Entries of other releases that tell how registries came about. */
    readonly witnesses: readonly KnownEvidence[];
    readonly signerOf: (index: number) => SshKey | null;
    /** The keys that the reader trusts; null: not named. */
    readonly keys: readonly SshKey[] | null;
    readonly pin: Pin;
  },
): CountedEntries {
  const { witnesses, signerOf, keys, pin } = of;
  const told = [...evidence, ...witnesses]
    .toSorted((one, other) => one.entry.index - other.entry.index)
    .flatMap((piece) => {
      const one = toldIn(piece);
      return one === null ? [] : [{ ...one, signer: signerOf(one.index) }];
    });
  const voices: LogVoices = openVoices({
    told,
    own: keys,
    signerOf,
    pinOf: () => pin,
  });
  const named = evidence.flatMap((piece) => {
    const target = targetOf(piece);
    return target === null ? [] : [target];
  });
  const targets = [...new Set([...told.map(({ target }) => target), ...named])].filter(
    (name) => voices.termsOf(name).length > 0,
  );
  // the registry that the reader names says whose entries count also where none of them names a target
  const nameless = pin.pinned === 'registry' ? 'the target' : null;
  const all = (targets.length === 0 ? [nameless] : targets).map((target) => hear(evidence, voices, { target }));
  const isNamed = (index: number): boolean => {
    const signer = signerOf(index);
    return keys === null || (signer !== null && keys.includes(signer));
  };
  const counts = new Set(all.flatMap((heard) => heard.evidence.map(({ entry }) => entry.index)).filter(isNamed));
  const why = new Map(all.flatMap(({ uncounted }) => uncounted.map((one) => [one.entry.index, one.why] as const)));
  return {
    evidence: evidence.filter(({ entry }) => counts.has(entry.index)),
    uncounted: evidence.flatMap((piece) => {
      const { entry } = piece;
      if (counts.has(entry.index)) return [];
      return [{ piece, entry, signer: signerOf(entry.index), why: why.get(entry.index) ?? 'its key was not named' }];
    }),
    whose: all.map((one) => one.whose),
    nameOf: (index, about) => {
      const registry = registryAt(voices, { ...about, target: about.target ?? nameless, index });
      return registry === null ? null : signerName(registry, signerOf(index));
    },
    signedBy: (index) => {
      const key = signerName(null, signerOf(index));
      return all.map(({ nameOf }) => nameOf(index)).find((name) => name !== key) ?? key;
    },
    sampledFor: (about) => sampledAllowed(voices, about),
    whyNot: (piece, about) => hear([piece], voices, about).uncounted[0]?.why ?? null,
  };
}
