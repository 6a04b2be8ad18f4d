import { type Clone } from '../../clone/index.ts';
import { type Session } from '../../database/index.ts';
import {
  type Difference,
  type Marked,
  type Noticed,
  type SchemaDelta,
  type SchemaDeltas,
  type SchemaMark,
} from '../../fingerprint/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { type RehearsalOptions } from '../request/index.ts';

/** A clone, and its state when it was equal to the golden copy. */
export interface MarkedClone {
  readonly clone: Clone;
  /** Our own, as the administrator of the clone. */
  readonly reading: Session;
  readonly since: Marked;
  readonly schema: SchemaMark;
  readonly noticed: readonly Noticed[];
}

/** A marked clone, and what may differ in its schema at one time. */
export interface Finalized extends MarkedClone {
  readonly delta: SchemaDelta;
}

/** What every comparison of one rehearsal has in common. */
export interface Comparing {
  readonly options: Pick<RehearsalOptions, 'host' | 'owner' | 'signal' | 'full'> & {
    readonly release: Pick<SealedRelease, 'release'>;
  };
  readonly seeds: readonly [string, string];
  readonly deltas: SchemaDeltas;
}

/** A difference, with the columns of its rows where they can be told. */
export interface Varying {
  readonly difference: Difference;
  readonly columns: readonly string[];
}
