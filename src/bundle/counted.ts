import { type SshKey } from '../evidence/index.ts';
import { hear, type LogVoices, openVoices, type Pin, targetOf, type Uncounted } from '../gate/index.ts';
import { type Evidence, toldIn } from '../kinds/index.ts';

/** What of a bundle counts, by the registries that it tells of. */
export interface Counted {
  readonly evidence: readonly Evidence[];
  readonly uncounted: readonly Uncounted<Evidence>[];
  /** By which registry that was decided: a sentence for each target. */
  readonly whose: readonly string[];
  /** Why an entry does not count for a target, as the log was before another entry; null where it does. */
  readonly whyNot: (piece: Evidence, of: { readonly target: string | null; readonly before: number }) => string | null;
}

/**
 * Divides the evidence of a bundle into what counts and what does not. What speaks of no target counts where it counts for one of the targets
 * that the bundle tells of.
 */
export function countedIn(
  evidence: readonly Evidence[],
  of: {
    /** Entries of other releases that tell how registries came about. */
    readonly witnesses: readonly Evidence[];
    readonly signerOf: (index: number) => SshKey | null;
    /** The keys that the reader trusts; null: not named. */
    readonly keys: readonly SshKey[] | null;
    readonly pin: Pin;
  },
): Counted {
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
    whyNot: (piece, about) => hear([piece], voices, about).uncounted[0]?.why ?? null,
  };
}
