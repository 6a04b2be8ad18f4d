import { type Node, type Statement } from './parser.ts';
import { visitNow } from './parse-tree.ts';

/** The tables that statements name to change them, without those that functions and triggers reach; a rehearsal measures all. */
export function writtenTables(
  statements: readonly Pick<Statement, 'tree'>[],
  schema: string,
): readonly { readonly schema: string; readonly table: string }[] {
  const found = new Map<string, { readonly schema: string; readonly table: string }>();
  const add = (of: unknown, table: unknown): void => {
    const one = { schema: typeof of === 'string' ? of : schema, table: String(table) };
    found.set(JSON.stringify(one), one);
  };
  for (const { tree } of statements) {
    visitNow(tree, (kind, node) => {
      // `relation` is what a statement changes, `rel` what CREATE TABLE AS makes; a table that is read is a RangeVar of a list
      if ((kind === 'relation' || kind === 'rel') && node['relname'] !== undefined && node['relpersistence'] !== 't')
        add(node['schemaname'], node['relname']);
      for (const one of kind === 'TruncateStmt' ? (node['relations'] as readonly { RangeVar?: Node }[]) : [])
        add(one.RangeVar?.['schemaname'], one.RangeVar?.['relname']);
      if (kind === 'DropStmt' && node['removeType'] === 'OBJECT_TABLE')
        for (const one of node['objects'] as readonly {
          List?: { items?: readonly { String?: { sval?: string } }[] };
        }[]) {
          const parts = (one.List?.items ?? []).map((part) => part.String?.sval ?? '');
          add(parts.at(-2), parts.at(-1));
        }
    });
  }
  return [...found.values()];
}
