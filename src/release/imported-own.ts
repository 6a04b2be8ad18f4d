import { type Problem, printable, stated } from '../core/index.ts';
import { readRoutineBody } from './body.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { hidingSchema } from './imported-hiding.ts';
import { visit } from './parse-tree.ts';
import { type Imported, type Step } from './release.ts';

/**
 * Holds that statements that people wrote leave the history alone, and the schemas in which those of a migration work: else it could say that a
 * migration ran whose statements are not there. What exists already, and SQL that is put together at run time, is not seen.
 *
 * Errors  IMPORT_HISTORY, IMPORT_STATEMENTS as problems.
 */
export function checkOwn(
  steps: readonly Step[],
  of: { readonly parser: Parser; readonly imported: Imported; readonly searchPath: readonly string[] },
): readonly Problem[] {
  const { parser, searchPath } = of;
  const { tool, history } = of.imported;
  return steps.flatMap(({ sql, place }): readonly Problem[] => {
    const statements = withBodies(parser.tryParse(sql) ?? [], parser);
    const said = new Set(statements.flatMap(({ tree }) => schemasChanged(tree)));
    const searched = searchPath.find((one) => said.has(one));
    if (said.has(history.schema) || statements.some(({ tree }) => isNamed(tree, history)))
      return [
        {
          code: 'IMPORT_HISTORY',
          ...stated`this is no statement of a migration of ${{ tool }}, and it names ${printable(`${history.schema}.${history.table}`)}, the history of the tool, or changes its schema`,
          fix: 'remove the statement: oneroof import writes the rows of the history, for the tiers that it makes',
          place,
        },
      ];
    const hiding = statements.flatMap(({ tree }) => hidingSchema(tree, searchPath) ?? [])[0];
    if (searched === undefined && hiding === undefined) return [];
    if (searched === undefined)
      return [
        {
          code: 'IMPORT_STATEMENTS',
          ...stated`this makes something in the schema ${{ schema: printable(hiding ?? '') }}, which \`settings.searchPath\` has before another one: it could hide what statements of migrations mean by a name without a schema`,
          fix: 'make it in a release of its own, or in the last schema of the search path, with its name',
          place,
        },
      ];
    return [
      {
        code: 'IMPORT_STATEMENTS',
        ...stated`this makes, renames or drops the schema ${{ schema: printable(searched) }}, in which the statements of migrations look up their tables`,
        fix: 'make the schema before the release, or remove it from `settings.searchPath`',
        place,
      },
    ];
  });
}

/** The statements, and those in the bodies of functions and DO, at any depth. */
function withBodies(statements: readonly Statement[], parser: Parser): readonly Statement[] {
  return statements.flatMap((one) => [one, ...withBodies(readRoutineBody(one, parser).statements, parser)]);
}

/** The names of schemas that a statement makes, renames or drops. */
function schemasChanged(tree: Node): readonly string[] {
  const found: unknown[] = [];
  visit(tree, (kind, node) => {
    if (kind === 'CreateSchemaStmt')
      found.push(node['schemaname'] ?? (node['authrole'] as Node | undefined)?.['rolename']);
    if (kind === 'RenameStmt' && node['renameType'] === 'OBJECT_SCHEMA') found.push(node['subname'], node['newname']);
    if (kind === 'DropStmt' && node['removeType'] === 'OBJECT_SCHEMA')
      for (const one of node['objects'] as readonly { String?: { sval?: string } }[]) found.push(one.String?.sval);
  });
  return found.flatMap((name) => (typeof name === 'string' ? [name] : []));
}

/** Says whether a statement names a table, for whatever purpose, with its schema or without one. */
function isNamed(tree: Node, { schema, table }: Imported['history']): boolean {
  let found = false;
  visit(tree, (kind, node) => {
    if (node['relname'] === table) found ||= (node['schemaname'] ?? schema) === schema;
    // a table gets the name
    if (kind === 'RenameStmt') found ||= node['newname'] === table;
    // DROP, COMMENT and the like have names as lists of their parts
    const parts = kind === 'List' ? ((node['items'] ?? []) as readonly { String?: { sval?: string } }[]) : [];
    parts.forEach((part, at) => {
      if (part.String?.sval === table) found ||= at === 0 || parts[at - 1]?.String?.sval === schema;
    });
  });
  return found;
}
