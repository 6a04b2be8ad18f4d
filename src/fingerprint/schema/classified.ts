/**
 * `hashed`: a difference in it is a difference of the fingerprint. `derived`: it follows from what is hashed.
 * `environment`: it belongs to the server. `ignored`: two databases that differ in it have the same schema.
 */
export type ColumnClass = 'hashed' | 'derived' | 'environment' | 'ignored';

/**
 * Columns that share a class.
 *
 * Shape   `columns` parted by blanks; `*` for all; `name@14` for one that only PostgreSQL 14 has. `why` is null where hashed.
 */
export interface Classified {
  readonly class: ColumnClass;
  readonly columns: string;
  readonly why: string | null;
}

/** All columns of one catalogue. */
export type CatalogClasses = readonly Classified[];

/** In the fingerprint, by name where it is an OID. */
export const inFingerprint = (columns: string): Classified => ({ class: 'hashed', columns, why: null });

/** Follows from what is hashed. */
export const derived = (columns: string, why: string): Classified => ({ class: 'derived', columns, why });

/** Belongs to the server. */
export const environment = (columns: string, why: string): Classified => ({ class: 'environment', columns, why });

/** Two databases that differ in it have the same schema. */
export const ignored = (columns: string, why: string): Classified => ({ class: 'ignored', columns, why });

/** Every row's own number. */
export const numbered = ignored('oid', 'objects are compared by name');
