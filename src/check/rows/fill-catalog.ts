/** A type that a column can have, with all that its values depend on. */
export interface FillType {
  readonly oid: string;
  /** Its name without the schema: `int4`, `citext`. */
  readonly name: string;
  readonly kind: 'base' | 'domain' | 'enum' | 'range' | 'multirange' | 'composite' | 'array';
  /** The element of an array, the base of a domain, the subtype of a range, the range of a multirange. */
  readonly of: string | null;
  /** The modifier that a domain gives to its base; -1: none. */
  readonly modifier: number;
  /** The base of a domain as SQL. */
  readonly base: string;
  readonly isRequired: boolean;
  readonly labels: readonly string[];
  readonly fields: readonly { readonly type: string; readonly modifier: number }[];
  /** What a domain demands of `VALUE`, as SQL. */
  readonly checks: readonly string[];
}

/** A column that an INSERT can name. */
export interface FillColumn {
  readonly number: number;
  /** Quoted. */
  readonly name: string;
  readonly type: string;
  readonly modifier: number;
  /** The type as SQL. */
  readonly typeName: string;
  readonly isRequired: boolean;
  /** `always` and `byDefault` are identity columns; `sequence` takes its default from one. */
  readonly generated: 'no' | 'always' | 'byDefault' | 'sequence';
  /** Its default as SQL, where that is a constant. */
  readonly constant: string | null;
}

/** What must be true for a row, and the columns that it reads. */
export interface RowRule {
  readonly sql: string;
  readonly columns: readonly number[];
}

/** A generated column: a rule can read it. */
export interface ComputedColumn extends RowRule {
  readonly number: number;
  readonly name: string;
}

/** A foreign key; columns and parent columns in pairs. */
export interface FillKey {
  readonly columns: readonly number[];
  readonly parent: string;
  /** The parent, and its columns, as SQL. */
  readonly parentName: string;
  readonly parentColumns: readonly string[];
  readonly isFull: boolean;
}

/** A table that takes rows by itself: no partitioned table, but each of its partitions. */
export interface FillTable {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly name: string;
  /** The partitioned tables that it is a part of. */
  readonly roots: readonly string[];
  readonly columns: readonly FillColumn[];
  readonly rules: readonly RowRule[];
  readonly computed: readonly ComputedColumn[];
  /** The columns of each unique index, primary key and exclusion constraint. */
  readonly uniques: readonly (readonly number[])[];
  readonly keys: readonly FillKey[];
}

/** All that is needed to write rows that a database takes. */
export interface FillCatalog {
  readonly tables: readonly FillTable[];
  readonly types: ReadonlyMap<string, FillType>;
}

/** A value of a column in an INSERT: the text that its type reads, NULL, or the default. */
export type Cell = string | null | typeof fromDefault;
/** The cell in which the server puts the default of the column. */
export const fromDefault: unique symbol = Symbol('default');

/** The cell as SQL. A literal has no type, so that the column gives it one, with its length and precision. */
export function cellSql(cell: Cell): string {
  if (cell === fromDefault) return 'DEFAULT';
  if (cell === null) return 'NULL';
  const doubled = cell.replaceAll("'", "''");
  return cell.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
