import { readGolden } from '../clone/index.ts';
import { type Digest, type FormReader } from '../core/index.ts';
import { type DossierRecord, readDossier } from '../dossier/index.ts';
import {
  type Evidence as EvidenceOf,
  type Entry,
  type EvidenceKind,
  type EvidenceStore,
  isOfKind,
  readBody,
  readPiece,
  readStore,
  type Readers,
} from '../evidence/index.ts';
import { readReading } from '../gate/index.ts';
import {
  type About,
  hear,
  type HeardEvidence,
  type LogVoices,
  openVoices,
  peopleKinds,
  type Pin,
  readPeopleRecord,
  readProposal,
  readRulesRecord,
  type RulesRecord,
  type RegistryRecord,
} from '../people/index.ts';
import { readRehearsal } from '../rehearsal/index.ts';
import { readSealRecord } from '../release/index.ts';
import { type Report, type ReportBodies, parseReport } from '../report/index.ts';
import { readReviewRecord } from '../reviews/index.ts';
import { readExecution } from '../rollout/index.ts';

/** The body of every kind of evidence. */
export interface KindBodies extends ReportBodies {
  readonly baseline: never;
  readonly verification: never;
  readonly dossier: DossierRecord;
  readonly report: Report;
  readonly rules: RulesRecord;
}

/** A piece of evidence with the body of its kind, or why that cannot be read. */
export type KnownEvidence = EvidenceOf<KindBodies>;

/** Where evidence is kept, read by the readers below. */
export interface Store extends EvidenceStore<KnownEvidence> {
  /** Whose word counts at each place of the log, by the registries that it tells of. */
  voices(): Promise<LogVoices>;
  /** Divides pieces of this log into what counts for a target and what does not: nothing is decided by evidence but by what counts. */
  hear(pieces: readonly KnownEvidence[], about: About): Promise<HeardEvidence<KnownEvidence>>;
  /** The same of all that was recorded of one release. */
  heard(seal: Digest, about: About): Promise<HeardEvidence<KnownEvidence>>;
}

/** No stage records this kind, so whatever is recorded under it says nothing. */
const unrecorded: FormReader<never> = () => ({ readable: false, reason: 'this program does not record this kind' });

/** The one reader of each kind of evidence, from beside the type of its stage. */
export const readers: Readers<KindBodies> = {
  seal: readSealRecord,
  golden: readGolden,
  rehearsal: readRehearsal,
  gate: readReading,
  baseline: unrecorded,
  verification: unrecorded,
  ratification: readPeopleRecord,
  decline: readPeopleRecord,
  revocation: readPeopleRecord,
  abandonment: readPeopleRecord,
  adoption: readPeopleRecord,
  rules: readRulesRecord,
  execution: readExecution,
  review: readReviewRecord,
  dossier: readDossier,
  proposal: readProposal,
  report: parseReport,
};

/** A store as the rest of the program uses it: no body leaves it unread. `pinOf`: what is known of a target's registry from outside of the log. */
export function readable(store: EvidenceStore, pinOf: (target: string) => Pin = () => ({ pinned: 'nothing' })): Store {
  const read = readStore(store, readers);
  // by all that an entry says of its bytes: a line by another key may name the same bytes, and say of them what is not so
  const known = new Map<string, RegistryRecord | null>();
  const nameOf = ({ seal, digest, size }: Entry): string => `${seal} ${digest} ${size}`;
  const voices = async (): Promise<LogVoices> => {
    const { lines } = await store.log();
    const own = [await store.ownKey()];
    const telling = lines.filter(({ entry }) => tells(entry));
    const unread = telling.map(({ entry }) => entry).filter((entry) => !known.has(nameOf(entry)));
    const bytes = unread.length === 0 ? new Map<Digest, Uint8Array>() : await store.blobs(unread);
    for (const entry of unread) {
      const blob = bytes.get(entry.digest);
      // what is missing now may be there the next time
      if (blob !== undefined) known.set(nameOf(entry), toldIn(readBody(readPiece(entry, blob), readers)));
    }
    const told = telling.flatMap(({ entry, signer }) => {
      const { index, kind } = entry;
      const one = known.get(nameOf(entry)) ?? null;
      return one === null ? [] : [{ ...one, index, kind, signer }];
    });
    return openVoices({ told, own, pinOf, signerOf: (index) => lines[index]?.signer ?? null });
  };
  const heard: Store['hear'] = async (pieces, about) => hear(pieces, await voices(), about);
  return { ...read, voices, hear: heard, heard: async (seal, about) => heard(await read.of(seal), about) };
}

/** Says whether an entry can tell how a registry came about. */
export function tells({ kind }: Pick<Entry, 'kind'>): boolean {
  return isTelling.includes(kind);
}
const isTelling: readonly EvidenceKind[] = [...peopleKinds, 'rules'];

/** What a piece tells of registries; null where it tells nothing. */
export function toldIn(piece: KnownEvidence): RegistryRecord | null {
  if (!piece.readable || !isOfKind(piece, ...peopleKinds, 'rules')) return null;
  const { index, kind } = piece.entry;
  const { target, rules } = piece.body;
  return { index, kind, signer: null, target, rules };
}
