import { type Problem } from '../core/index.ts';
import { type Node, type Statement } from './parser.ts';
import { refuse } from './rules.ts';
import { lastName, visit } from './tree.ts';

/**
 * Names the statements that use an enum value which the same transaction adds.
 *
 * Errors  RULE_ENUM_USED as problems.
 */
export function enumsUsed(statements: readonly Statement[]): readonly Problem[] {
  const added = new Set<string>();
  const problems: Problem[] = [];
  for (const statement of statements) {
    const { kind } = statement.step;
    const body = (statement.tree[kind] ?? {}) as Node;
    visit(statement.tree, (name, node) => {
      const text = name === 'A_Const' ? (node['sval'] as { sval?: string } | undefined)?.sval : undefined;
      if (text !== undefined && added.has(text)) {
        problems.push(
          refuse(statement, [
            'RULE_ENUM_USED',
            `the enum value '${text}' is added and used in one transaction, which PostgreSQL refuses`,
            'add the value in an earlier tier',
          ]),
        );
      }
    });
    if (kind === 'AlterEnumStmt' && typeof body['newVal'] === 'string') added.add(body['newVal']);
  }
  return problems;
}

/**
 * Names the constraints that the statements of all tiers, forwards and in order, leave NOT VALID. A later tier may validate:
 * that lets go of the strong lock between the two.
 *
 * Errors  RULE_NOT_VALID as problems.
 */
export function neverValidated(statements: readonly Statement[]): readonly Problem[] {
  const open = new Map<string, { readonly statement: Statement; readonly name: string }>();
  for (const statement of statements) {
    const body = (statement.tree[statement.step.kind] ?? {}) as Node;
    // without the schema, which may be written in one place and left to the search path in the other
    const owner = lastName(body['typeName']) || String((body['relation'] as Node | undefined)?.['relname'] ?? '');
    const keyOf = (name: string): string => JSON.stringify([owner, name]);
    if (body['subtype'] === 'V') open.delete(keyOf(String(body['name'] ?? '')));
    visit(statement.tree, (kind, node) => {
      const name = String((kind === 'Constraint' ? node['conname'] : node['name']) ?? '');
      if (kind === 'Constraint' && node['skip_validation'] === true) open.set(keyOf(name), { statement, name });
      if (kind === 'AlterTableCmd' && node['subtype'] === 'AT_ValidateConstraint') open.delete(keyOf(name));
    });
  }
  return [...open.values()].map(({ statement, name }) =>
    refuse(statement, [
      'RULE_NOT_VALID',
      `the constraint ${name === '' ? 'without a name' : name} is NOT VALID and is never validated`,
      'add ALTER TABLE … VALIDATE CONSTRAINT to this tier or a later one',
    ]),
  );
}
