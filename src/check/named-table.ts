/** A table as the parser has it: a RangeVar. */
export interface NamedTable {
  readonly schemaname?: string;
  readonly relname?: string;
}

/** The table that a statement is about, or that it refers to. */
export function namedTable(of: NamedTable | undefined): { readonly schema: string | null; readonly table: string } {
  return { schema: of?.schemaname ?? null, table: of?.relname ?? '' };
}
