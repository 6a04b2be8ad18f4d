/** A relation as the catalogue shows it in the snapshot that its rows are read in. */
export interface CatalogRelation {
  readonly schema: string;
  readonly table: string;
  /** Quoted as in SQL. */
  readonly name: string;
  /** PostgreSQL's relkind, and L for large objects. */
  readonly kind: string;
  readonly columns: readonly string[];
  /**
   * The columns whose text does not tell all values apart, and what does: `text` and `text[]` for xml, whose own text form leaves the
   * declaration out; else the type's send function, taken beside the text.
   */
  readonly forms: Readonly<Record<string, string>>;
  /** Why its rows cannot be compared. */
  readonly reason: string | null;
  readonly populated: boolean;
  readonly oid: string;
  /** Its relfilenode: another one while it is read means that a rewrite has put newer rows under an older snapshot. */
  readonly file: string;
  readonly heap: boolean;
  readonly pages: number;
  readonly toast: string;
  /** With its TOAST table. */
  readonly bytes: number;
}

/** A part of a relation that one query reads; null bounds are open. */
export interface RowRange {
  readonly of: CatalogRelation;
  readonly from: number | null;
  readonly to: number | null;
  readonly bytes: number;
}

/** What one query reads: a piece of a big relation, or many small relations. */
export interface Batch {
  readonly pieces: readonly RowRange[];
  readonly bytes: number;
}

/** A piece is no larger, so that progress is seen and no session is left alone at the end. */
const largestPiece = 128 * 1024 * 1024;
/** A piece is no smaller, so that a round trip does not cost more than the reading. */
const smallestPiece = 4 * 1024 * 1024;
/** Pieces per reader: what one is late by is at most this part of its work. */
const piecesPerWorker = 8;
/** Relations in one query: their locks, and those of their indexes, are held while it runs. */
const relationsPerBatch = 50;

/**
 * Divides relations into queries of about equal size: big ones by pages, small ones together.
 *
 * Shape   largest first. The pieces of a relation cover every page once; the last one is open, so that pages that come late are in it.
 */
export function divide(relations: readonly CatalogRelation[], workers: number): readonly Batch[] {
  const total = relations.reduce((sum, one) => sum + one.bytes, 0);
  const target = Math.min(largestPiece, Math.max(smallestPiece, Math.ceil(total / (workers * piecesPerWorker))));
  const batches: Batch[] = [];
  let small: RowRange[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (small.length > 0) batches.push({ pieces: small, bytes });
    small = [];
    bytes = 0;
  };
  for (const of of relations) {
    if (of.bytes >= target) {
      for (const piece of split(of, target)) batches.push({ pieces: [piece], bytes: piece.bytes });
      continue;
    }
    small.push({ of, from: null, to: null, bytes: of.bytes });
    bytes += of.bytes;
    if (bytes >= target || small.length >= relationsPerBatch) flush();
  }
  flush();
  return batches.sort((a, b) => b.bytes - a.bytes);
}

function split(of: CatalogRelation, target: number): readonly RowRange[] {
  // only a heap's row addresses are known to follow its pages
  const count = of.heap ? Math.max(1, Math.min(Math.round(of.bytes / target), of.pages)) : 1;
  const bound = (at: number): number | null => (at === 0 || at === count ? null : Math.floor((of.pages * at) / count));
  return Array.from({ length: count }, (_, at) => ({
    of,
    from: bound(at),
    to: bound(at + 1),
    bytes: Math.round(of.bytes / count),
  }));
}

/** Cuts a list into lists of at most so many. */
export function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
}

/** How columns that are left out are listed: by the schema and the table that have them. */
export function columnsKey({ schema, table }: Pick<CatalogRelation, 'schema' | 'table'>): string {
  return JSON.stringify([schema, table]);
}
