/** Two columns of a foreign key that are compared. */
export interface KeyPair {
  /** The referring column, and the one that it refers to. */
  readonly own: string;
  readonly other: string;
  /** The type of the referring column, as a cast names it. */
  readonly type: string;
  /** SQL: `t.column operator`, to be followed by the referring value. */
  readonly compare: string;
  readonly collate: string;
}

/** A foreign key as the catalogue has it; of partitioned tables that of the table at the top alone. */
export interface ForeignKey {
  readonly name: string;
  /** The two relations: number, and name as in SQL. */
  readonly from: { readonly oid: string; readonly name: string };
  readonly to: { readonly oid: string; readonly name: string };
  readonly match: string;
  /** It is a key over periods: no single operator compares them. */
  readonly period: boolean;
  readonly validated: boolean;
  readonly pairs: readonly KeyPair[];
  /** SQL: the referred columns with the operator classes of their unique index. */
  readonly index: string;
  /** What comes before the names of the two relations in FROM: `only ` where they are not partitioned. */
  readonly only: { readonly from: string; readonly to: string };
}
