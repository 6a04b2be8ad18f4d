import { type Node } from './parser.ts';
import { visit } from './parse-tree.ts';

type Texts = readonly { readonly String?: { readonly sval?: string } }[];

/** The field in which a statement has the relation that it makes. */
const relations: Readonly<Record<string, string>> = {
  CreateStmt: 'relation',
  ViewStmt: 'view',
  CreateSeqStmt: 'sequence',
  CompositeTypeStmt: 'typevar',
  into: 'rel',
};
/** The field in which it has the parts of the name of another object. */
const names: Readonly<Record<string, string>> = {
  CreateFunctionStmt: 'funcname',
  CreateEnumStmt: 'typeName',
  CreateRangeStmt: 'typeName',
  CreateDomainStmt: 'domainname',
  DefineStmt: 'defnames',
};

/**
 * The schema of a search path in which a statement makes something that could hide what a name without a schema meant until then; null: none.
 * What is made in the last one hides nothing. A name without a schema counts for the first one.
 */
export function hidingSchema(tree: Node, searchPath: readonly string[]): string | null {
  const hiding = searchPath.slice(0, -1);
  const made: unknown[] = [];
  const say = (schema: unknown): void => void made.push(schema ?? searchPath[0]);
  visit(tree, (kind, node) => {
    const relation = relations[kind];
    if (relation !== undefined) say((node[relation] as Node | undefined)?.['schemaname']);
    if (kind === 'base') say((node['relation'] as Node | undefined)?.['schemaname']);
    const name = names[kind];
    if (name !== undefined) say(((node[name] ?? []) as Texts).at(-2)?.String?.sval);
    if (kind === 'AlterObjectSchemaStmt') say(node['newschema']);
    if (kind === 'RenameStmt' && node['subname'] === undefined) say(renamedIn(node));
  });
  return hiding.find((schema) => made.includes(schema)) ?? null;
}

/** The schema of what gets another name, where the statement says it. */
function renamedIn(node: Node): unknown {
  const parts = ((node['object'] as { readonly List?: { readonly items?: Texts } } | undefined)?.List?.items ??
    []) as Texts;
  return (node['relation'] as Node | undefined)?.['schemaname'] ?? parts.at(-2)?.String?.sval;
}
