import { z } from 'zod';
import { type Digest, type Formed, type Json, jsonForm } from '../core/index.ts';

/** One object of a database's catalogue, by name, never by OID. */
export interface SchemaObject {
  /** PostgreSQL's word: `table`, `column`, `constraint`, `index`, `function`, … */
  readonly kind: string;
  /** Qualified and quoted as in SQL, e.g. `public.orders`, `public.orders.total`, `public.f(integer)`. */
  readonly name: string;
  /** What a client can distinguish by name. */
  readonly logical: Readonly<Record<string, Json>>;
  /** What only a strict comparison counts: positions, attribute numbers, … */
  readonly strict: Readonly<Record<string, Json>>;
}

/**
 * An option that the server keeps beside those that an author can choose, and that we do not know: a newer server may keep something of
 * its own there. It is in no digest and in no comparison; people see a notice.
 */
export const noticedForm = z.object({
  /** PostgreSQL's word for what has it: `column`, `table`, `index`, … */
  kind: z.string(),
  /** Its name, without the value. */
  option: z.string(),
  /** How many objects of the database have it. */
  count: z.string(),
  /** The first of these by name, quoted as in SQL. */
  first: z.string(),
});
export type Noticed = Formed<typeof noticedForm>;

/** The canonical model of one database's schema. */
export interface SchemaFingerprint {
  readonly version: 1;
  /** Over all objects with all properties (strict). */
  readonly digest: Digest;
  /** Over all objects with their logical properties. */
  readonly logicalDigest: Digest;
  /** Sorted by kind and name. */
  readonly objects: readonly SchemaObject[];
  /** Sorted by kind and option. */
  readonly noticed: readonly Noticed[];
}

/**
 * How a row's text is hashed. `fast`: two 64-bit hashes with different seeds. `strong`: SHA-256 in four lanes of 64 bits, for evidence
 * that must stand alone, at about half the speed.
 */
export type RowHash = 'fast' | 'strong';

/** What holds rows: PostgreSQL's word. */
export type RowKind = 'table' | 'materialized view' | 'large objects';

/** The rows of one relation, as a multiset: their number, and sums of hashes of their text (two where `fast`, four where `strong`). */
export interface RelationRows {
  /** `schema.name`, quoted as in SQL. */
  readonly relation: string;
  readonly kind: RowKind;
  readonly rows: string;
  readonly sums: readonly string[];
}

/** A sequence's position. Ahead of where it was is strict only, because sequences do not roll back; behind it would give a value twice. */
export interface SequencePosition {
  readonly sequence: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
  /** Negative where it descends. */
  readonly increment: string;
}

/** A relation whose rows could not be compared, and why. It is always reported. */
export const notProvenForm = z.object({ relation: z.string(), reason: z.string() });
export type NotProven = Formed<typeof notProvenForm>;

/** The rows of one database, every one of them read. */
export interface DataFingerprint {
  readonly version: 1;
  readonly hash: RowHash;
  /** Drawn after the seal, so that no release can be built to collide; two 64-bit integers as text. */
  readonly seeds: readonly [string, string];
  readonly relations: readonly RelationRows[];
  readonly sequences: readonly SequencePosition[];
  readonly notProven: readonly NotProven[];
  /** Over relations (not sequences). */
  readonly digest: Digest;
}

/** A position in the WAL of a database's server: later changes can be found block by block. */
export interface ChangeMark {
  readonly lsn: string;
  readonly timeline: number;
}

/** Whether the rows of two copies of one database are equal, and how that is known. */
export interface DataComparison {
  /** `changed blocks`: only what WAL touched since the copies were equal was read. `full`: every row was. */
  readonly method: 'changed blocks' | 'full';
  /** Why every row had to be read; null where that was not so, or was asked for. */
  readonly fallback: string | null;
  /** Of rows and sequences, sorted by name. */
  readonly differences: readonly Difference[];
  readonly notProven: readonly NotProven[];
  /** Relations that were compared, also those of which no block had changed. */
  readonly relations: number;
  /** Of these, how many were compared whole. */
  readonly whole: number;
  /** Blocks that were compared, of the others. */
  readonly blocks: number;
  /** Rows that were read on the side after. */
  readonly rows: string;
  /** Digests over what was read of each side. */
  readonly digest: { readonly before: Digest; readonly after: Digest };
}

const rowForm = z.record(z.string(), z.string().nullable()).nullable();

/** One row that differs between two relations. */
const exampleForm = z.object({
  /** `gone`: only before. `new`: only after. `changed`: the same key with other values. */
  change: z.enum(['gone', 'new', 'changed']),
  /** Column → text of the primary key, or of the first unique index over NOT NULL columns; null where there is none. */
  key: z.record(z.string(), z.string()).nullable(),
  /** The columns that differ, sorted; of rows that are `gone` or `new` only where there is no key: those whose values are not the same ones. */
  columns: z.array(z.string()),
  /** Only on request: a row may contain data that must not be in evidence. Column → text. */
  values: z.object({ before: rowForm, after: rowForm }).exactOptional(),
});
export type RowExample = Formed<typeof exampleForm>;

/** One property in which two databases differ. */
/** Json columns that differ in white space alone, and in how many rows at least; null: too many to count. */
const whiteSpaceForm = z.object({ columns: z.array(z.string()), rows: z.number().nullable() });
export type WhiteSpace = Formed<typeof whiteSpaceForm>;

export const differenceForm = z.object({
  in: z.enum(['schema', 'rows', 'sequence']),
  /** `logical`: a client can tell. `strict`: only a strict comparison counts it. */
  level: z.enum(['logical', 'strict']),
  kind: z.string(),
  name: z.string(),
  /** `null` means the whole object. */
  property: z.string().nullable(),
  /** null: not there before. */
  before: jsonForm,
  /** null: not there after. */
  after: jsonForm,
  /** For rows: the first that differ, if they were searched for. */
  examples: z.array(exampleForm).exactOptional(),
  /** For rows: nothing else differs. */
  whiteSpace: whiteSpaceForm.exactOptional(),
});
export type Difference = Formed<typeof differenceForm>;
