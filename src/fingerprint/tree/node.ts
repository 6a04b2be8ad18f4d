import type { Difference, SchemaFingerprint } from '../fingerprint.ts';

/** One thing that differs, and below it what differs only because of it. */
export interface DifferenceNode {
  /** PostgreSQL's word; `columns` where only the numbers and positions of a relation's columns differ. */
  readonly kind: string;
  readonly name: string;
  readonly in: Difference['in'];
  readonly change: 'gone' | 'new' | 'changed';
  readonly level: Difference['level'];
  /** Of the thing itself, at least one. */
  readonly own: readonly Difference[];
  readonly below: readonly DifferenceNode[];
}

/** The two schemas that were compared: they tell which tables are partitions of which. */
export type ComparedSchemas = readonly [Pick<SchemaFingerprint, 'objects'>, Pick<SchemaFingerprint, 'objects'>];

/** A node before anything is put below it. */
export type NodeDraft = Omit<DifferenceNode, 'below'>;
