import { type Digest, type Json } from '../core/index.ts';

/** One object of a database's catalogue, by name, never by OID. */
export interface SchemaObject {
  /** PostgreSQL's word: `table`, `column`, `constraint`, `index`, `function`, … */
  readonly kind: string;
  /** Qualified and quoted as in SQL, e.g. `public.orders`, `public.orders.total`, `public.f(integer)`. */
  readonly name: string;
  /** What a client can tell apart by name. */
  readonly logical: Readonly<Record<string, Json>>;
  /** What only a strict comparison counts: positions, attribute numbers, … */
  readonly strict: Readonly<Record<string, Json>>;
}

/** The canonical model of one database's schema. */
export interface SchemaFingerprint {
  readonly version: 1;
  /** Over all objects with all properties (strict). */
  readonly digest: Digest;
  /** Over all objects with their logical properties. */
  readonly logicalDigest: Digest;
  /** Sorted by kind and name. */
  readonly objects: readonly SchemaObject[];
}

/** The rows of one relation, as a multiset: count and two sums of 64-bit hashes with different seeds. */
export interface RelationRows {
  /** `schema.name`, quoted as in SQL. */
  readonly relation: string;
  readonly rows: string;
  readonly sums: readonly [string, string];
}

/** A sequence's position; strict only, because sequences do not roll back. */
export interface SequencePosition {
  readonly sequence: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** The rows of one database. */
export interface DataFingerprint {
  readonly version: 1;
  readonly method: 'full';
  /** Drawn after the seal, so that no release can be built to collide; two 64-bit integers as text. */
  readonly seeds: readonly [string, string];
  readonly relations: readonly RelationRows[];
  readonly sequences: readonly SequencePosition[];
  /** What could not be compared, and why: never passed over. */
  readonly notProven: readonly { readonly relation: string; readonly reason: string }[];
  /** Over relations (not sequences). */
  readonly digest: Digest;
}

/** One property in which two databases differ. */
export interface Difference {
  readonly in: 'schema' | 'rows' | 'sequence';
  /** `logical`: a client can tell. `strict`: only a strict comparison counts it. */
  readonly level: 'logical' | 'strict';
  readonly kind: string;
  readonly name: string;
  /** `null` means the whole object. */
  readonly property: string | null;
  /** null: not there before. */
  readonly before: Json;
  /** null: not there after. */
  readonly after: Json;
}
