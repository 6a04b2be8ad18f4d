import { type Bodies, type Evidence, type EvidenceStore, type Readers, type Stored } from './evidence.ts';

/**
 * A piece whose bytes are the recorded ones, with the body of its kind, or why it cannot be read. Every reader of evidence gets its pieces
 * from here; further rules about which entries count belong here too.
 */
export function readEvidenceBody<Of extends Bodies>(piece: Stored, readers: Readers<Of>): Evidence<Of> {
  if (!piece.readable) return piece as Evidence<Of>;
  const { entry } = piece;
  const read = readers[entry.kind](piece.body);
  if (read.readable && sealIn(read.body) !== null && sealIn(read.body) !== entry.seal)
    return { entry, readable: false, reason: 'it is about another seal' } as Evidence<Of>;
  return { entry, ...read } as Evidence<Of>;
}

/** Stops: a record that was moved to another release. */
function sealIn(body: unknown): unknown {
  return (body as { readonly seal?: unknown }).seal ?? null;
}

/** The same store, of which every piece is read by the reader of its kind. */
export function readStore<Of extends Bodies>(store: EvidenceStore, readers: Readers<Of>): EvidenceStore<Evidence<Of>> {
  return { ...store, of: async (seal) => (await store.of(seal)).map((piece) => readEvidenceBody(piece, readers)) };
}
