import { type Entry, type EvidenceKind, keyFingerprint, type SshKey, type Stored } from '../evidence/index.ts';
import { type SampledRehearsals } from '../rehearsal/index.ts';
import { registryDigest } from './registry.ts';
import { type Pin, type Term, termsOf, type RegistryRecord } from './terms.ts';
import { type Registry } from './documents.ts';
import { signerName, whyUncounted } from './voices.ts';

/** Decides whose entries count at each place of a log. */
export interface LogVoices {
  readonly own: readonly SshKey[] | null;
  readonly termsOf: (target: string) => readonly Term[];
  /** The registries that an entry contains. */
  readonly targets: () => readonly string[];
  /** The entries that contain a target's registries, accepted or not. */
  readonly toldOf: (target: string) => readonly RegistryRecord[];
  readonly signerOf: (index: number) => SshKey | null;
}

/** An entry that does not count, and why. */
export interface Uncounted<One = unknown> {
  readonly piece: One;
  readonly entry: Entry;
  readonly signer: SshKey | null;
  readonly why: string;
}

/** The evidence that counts, and what was left out of it. */
export interface HeardEvidence<One> {
  readonly evidence: readonly One[];
  readonly uncounted: readonly Uncounted<One>[];
  /** Which registry decided this, in a sentence. */
  readonly whose: string;
  /** Whether the policy in force lets rehearsals on a sample count; not where no policy is known. */
  readonly sampled: SampledRehearsals;
  readonly signerOf: (index: number) => SshKey | null;
  /** Who signed the entry of an index, by name, as the registry at its place says. */
  readonly nameOf: (index: number) => string;
  readonly own: readonly SshKey[] | null;
  readonly target: string | null;
}

/** The target in question: an entry about a target is judged by that target's registry, an entry about none by this one's. */
export interface About {
  readonly target: string | null;
  /** The log as it was before this entry; all of it where absent. */
  readonly before?: number;
}

/** Opens the voices of a log: the terms of a target are computed once. */
export function openVoices(of: {
  readonly told: readonly RegistryRecord[];
  readonly own: readonly SshKey[] | null;
  readonly pinOf: (target: string) => Pin;
  readonly signerOf: (index: number) => SshKey | null;
}): LogVoices {
  const { told, own, pinOf, signerOf } = of;
  const known = new Map<string, readonly Term[]>();
  const toldOf = (target: string): readonly RegistryRecord[] => told.filter((one) => one.target === target);
  return {
    own,
    signerOf,
    toldOf,
    targets: () => [...new Set(told.map(({ target }) => target))],
    termsOf: (target) => {
      const before = known.get(target);
      if (before !== undefined) return before;
      const terms = termsOf(toldOf(target), { pin: pinOf(target), own });
      known.set(target, terms);
      return terms;
    },
  };
}

/** Why an entry does not count, by the registry at its place in the log and the policy that is in force; null where it does. */
function whyLeftOut(
  voices: LogVoices,
  of: Pick<Entry, 'kind' | 'index'> & { readonly target: string | null; readonly before?: number },
): string | null {
  const { kind, index } = of;
  const by = termsBefore(voices, of).at(-1)?.policy?.rehearsal.by ?? null;
  return whyUncounted(
    { registry: registryAt(voices, of), own: voices.own, by },
    { kind, signer: voices.signerOf(index) },
  );
}

function termsBefore(voices: LogVoices, { target, before = Number.POSITIVE_INFINITY }: About): readonly Term[] {
  return (target === null ? [] : voices.termsOf(target)).filter(({ from }) => from === 0 || from < before);
}

/** The registry at a place of the log; null: none is known. */
export function registryAt(voices: LogVoices, of: About & { readonly index: number }): Registry | null {
  return termsBefore(voices, of).findLast(({ from }) => from <= of.index)?.registry ?? null;
}

/** Why the next entry of a key would not count for a target; null if it would. */
export function whyNextUncounted(
  voices: LogVoices,
  of: { readonly kind: EvidenceKind; readonly signer: SshKey; readonly target: string },
): string | null {
  const last = voices.termsOf(of.target).at(-1);
  const by = last?.policy?.rehearsal.by ?? null;
  return whyUncounted({ registry: last?.registry ?? null, own: voices.own, by }, of);
}

/** Separates pieces that count from those that do not. Every reader of evidence gets its pieces from here. */
export function hear<One extends Stored>(pieces: readonly One[], voices: LogVoices, about: About): HeardEvidence<One> {
  const evidence: One[] = [];
  const uncounted: Uncounted<One>[] = [];
  for (const piece of pieces) {
    const { kind, index } = piece.entry;
    const target = targetNamedBy(piece) ?? about.target;
    const why = whyLeftOut(voices, { ...about, kind, index, target });
    if (why === null) evidence.push(piece);
    else uncounted.push({ piece, entry: piece.entry, signer: voices.signerOf(index), why });
  }
  return {
    evidence,
    uncounted,
    whose: whose(voices, about),
    sampled: sampledAllowed(voices, about),
    signerOf: voices.signerOf,
    nameOf: (index) => signerName(registryAt(voices, { ...about, index }), voices.signerOf(index)),
    own: voices.own,
    target: about.target,
  };
}

/** Whether rehearsals on a sample count, by the policy of a target as the log was before an entry. */
export function sampledAllowed(
  voices: LogVoices,
  { target, before = Number.POSITIVE_INFINITY }: About,
): SampledRehearsals {
  const terms = target === null ? [] : voices.termsOf(target);
  const last = terms.findLast(({ from }) => from === 0 || from < before);
  return last?.policy?.rehearsal.sampled ?? 'not allowed';
}

/** What counts, and what this machine recorded itself, whether or not its key counts; in the order of the log. */
export function withOwn<One extends Stored>({ evidence, uncounted, own }: HeardEvidence<One>): readonly One[] {
  const ours = uncounted.filter(({ signer }) => signer !== null && own?.includes(signer) === true);
  return [...evidence, ...ours.map(({ piece }) => piece)].toSorted((one, other) => one.entry.index - other.entry.index);
}

/** The target that a piece is about; null: none, or it cannot be read. */
export function targetNamedBy(piece: Stored): string | null {
  if (!piece.readable) return null;
  const { kind } = piece.entry;
  if (!ofTargets.includes(kind)) return null;
  const { dossier } = Object(piece.body) as { readonly dossier?: unknown };
  const { target } = Object(kind === 'dossier' ? dossier : piece.body) as { readonly target?: unknown };
  return typeof target === 'string' ? target : null;
}
/** The kinds whose bodies name a target. */
const ofTargets: readonly EvidenceKind[] = [
  'gate',
  'ratification',
  'decline',
  'revocation',
  'abandonment',
  'adoption',
  'rules',
  'execution',
  'proposal',
  'dossier',
  'report',
];

function whose(voices: LogVoices, { target, before = Number.POSITIVE_INFINITY }: About): string {
  const { own } = voices;
  const keys = own?.map(keyFingerprint).join(', ') ?? '';
  const alone =
    own === null
      ? 'it is unknown whose keys signed it: compare them'
      : `only entries that this machine's own key signed count (${keys})`;
  const terms = target === null ? [] : voices.termsOf(target);
  const last = terms.findLast(({ from }) => from === 0 || from < before);
  if (last === undefined) return `the registry is unknown${target === null ? '' : ` for ${target}`}: ${alone}`;
  const { registry } = last;
  const named = `registry version ${registry.version} of ${target} (${registryDigest(registry)})`;
  return registry.software.length === 0
    ? `${named} names no software: ${alone}`
    : `${named} decides which entries count; the place of an entry in the log decides which version applies`;
}
