import { type Problem, stated } from '../core/index.ts';
import { readRoutineBody } from './body.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { refuse } from './lint-rules.ts';
import { lastName, literalOf, visit } from './parse-tree.ts';

/**
 * Says which settings of its own making a statement reads that the release does not declare, or reads under names that are computed: a
 * session could set them, and no one would have rehearsed what SQL does then.
 *
 * Errors  RULE_SETTING as problems.
 * Source  docs/FORMAT.md "release.yaml"; src/gate/sql/session.sql.ts.
 */
export function checkSettings(
  statements: readonly Statement[],
  of: { readonly parser: Parser; readonly custom: Readonly<Record<string, string>> },
): readonly Problem[] {
  return statements.flatMap((statement) =>
    [...new Set(read(statement, of.parser))].flatMap((name): readonly Problem[] => {
      if (name === null)
        return [
          refuse(statement, [
            'RULE_SETTING',
            stated`current_setting() with a computed name: the setting is unknown before it runs`,
            'write the name as a text, and declare it under `settings: {custom: {…}}` in release.yaml',
          ]),
        ];
      if (!name.includes('.') || Object.hasOwn(of.custom, name.toLowerCase())) return [];
      return [
        refuse(statement, [
          'RULE_SETTING',
          stated`it reads the setting ${{ name }}, but the release does not set its value`,
          `declare it in release.yaml: \`settings: {custom: {${name.toLowerCase()}: VALUE}}\``,
        ]),
      ];
    }),
  );
}

/** The names that a statement asks for, also in the bodies that it holds; null: one that is computed. */
function read(statement: Statement, parser: Parser): readonly (string | null)[] {
  const names: (string | null)[] = [];
  visit(statement.tree, (kind, node) => {
    if ((kind === 'FuncCall' || kind === 'funccall') && lastName(node['funcname']) === 'current_setting')
      names.push(literalOf((node['args'] as readonly Node[] | undefined)?.[0]));
    if (kind === 'VariableShowStmt') names.push(String(node['name'] ?? ''));
  });
  return [...names, ...readRoutineBody(statement, parser).statements.flatMap((inner) => read(inner, parser))];
}
