import {
  canonicalJson,
  elapsed,
  type Instant,
  isNonEmpty,
  type Milliseconds,
  type NonEmpty,
  printable,
  truncate,
} from '../core/index.ts';
import { buildDossier, show, type ShownDossier, stateOf } from '../dossier/index.ts';
import { ofKind, type SshKey } from '../evidence/index.ts';
import { type Policy, type Ratification, type Registry, signerName } from '../people/index.ts';
import { type KnownEvidence } from '../evidence-kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type RecordedProposal } from './proposal.ts';

/** What is no measure of this host's may lie so far from when it was asked for: production is read in between. */
export const slack = 3_600_000 as Milliseconds;
/** Derives the dossier again, from the sealed files, the evidence that counts and the recorded reading: it must equal the signed one to the byte. */
export function rebuild(
  sealed: SealedRelease,
  of: {
    readonly recorded: RecordedProposal;
    readonly said: Ratification;
    readonly counted: readonly KnownEvidence[];
    /** The policy that it names; null: not known. */
    readonly policy: Pick<Policy, 'production'> | null;
    /** The registry that it names; null: not known, so it is not known whose reviews count. */
    readonly registry: Registry | null;
    readonly signerOf: (index: number) => SshKey | null;
  },
): { readonly shown: ShownDossier } | { readonly differs: NonEmpty<string> } {
  const { recorded, said, counted, policy, registry, signerOf } = of;
  const found = ofKind(counted, 'dossier').find((piece) => piece.readable && piece.body.digest === said.dossier);
  if (found?.readable !== true) {
    const damaged = ofKind(counted, 'dossier').flatMap((piece) =>
      piece.readable || piece.damaged === undefined ? [] : [`entry ${piece.entry.index}, ${piece.reason}`],
    );
    if (damaged.length > 0)
      return { differs: [`dossier: it is damaged (${damaged.join('; ')}): restore the bytes from a copy`] };
    return { differs: ['dossier: the named dossier was not recorded before the named head of the log'] };
  }
  const { dossier } = found.body;
  const shown = show(
    buildDossier({
      sealed,
      evidence: counted,
      target: recorded.target,
      production: policy?.production ?? dossier.production,
      reading: dossier.now,
      now: dossier.writtenAt,
      signerOf,
      nameOf: (index) => signerName(registry, signerOf(index)),
      ...(registry === null ? { reviews: dossier.reviews } : {}),
    }),
  );
  const differs = [
    ...(shown.digest === said.dossier ? [] : [`dossier: ${firstDifference(show(dossier).text, shown.text)}`]),
    ...timesOf(dossier, said),
    ...derivedReading(dossier.now, sealed),
  ];
  return isNonEmpty(differs) ? { differs } : { shown };
}

function timesOf({ writtenAt, now: reading }: ShownDossier['dossier'], { notBefore }: Ratification): readonly string[] {
  const isNear = (at: Instant): boolean => {
    const age = elapsed({ from: at, to: notBefore });
    return age >= 0 && age <= slack;
  };
  return [
    ...(isNear(writtenAt) ? [] : ['dossier: it was not written at the time of the proposal']),
    ...(!reading.read || isNear(reading.at) ? [] : ['dossier: production was not read at the time of the proposal']),
  ];
}

/** What a reading says of its own figures follows from them. */
function derivedReading(reading: ShownDossier['dossier']['now'], { release }: SealedRelease): readonly string[] {
  if (!reading.read) return [];
  const measured = Object.fromEntries(
    reading.metrics.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])),
  );
  const { metrics, gates } = reading;
  return differingFields('reading', { metrics, gates }, stateOf(release, measured));
}

function firstDifference(recorded: string, derived: string): string {
  const [was, is] = [recorded.split('\n'), derived.split('\n')];
  const line = is.findIndex((text, n) => text !== was[n]);
  const at = line < 0 ? is.length : line;
  const side = (lines: readonly string[]): string => `"${truncate(printable((lines[at] ?? 'nothing').trim()), 120)}"`;
  return `line ${at + 1} says ${side(was)}, expected ${side(is)}`;
}

/** The values of a field that differ: what it says, and what follows from the evidence. */
export function differingFields(what: string, said: unknown, derived: unknown): readonly string[] {
  const text = (value: unknown): string =>
    truncate(printable(typeof value === 'string' ? value : canonicalJson(value)), 200);
  return canonicalJson(said) === canonicalJson(derived)
    ? []
    : [`${what}: it says ${text(said)}, expected ${text(derived)}`];
}
