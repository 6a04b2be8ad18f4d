import { type Problem, stated } from '../core/index.ts';
import { type Node, type Statement } from './parser.ts';
import { refuse } from './lint-rules.ts';
import { lastName, visit } from './parse-tree.ts';

/**
 * Names the statements that cast to an enum value which the same transaction adds to a type that is older than it. What a column takes only the
 * database knows: there the rehearsal says so.
 *
 * Errors  RULE_ENUM_USED as problems.
 */
export function enumsUsed(statements: readonly Statement[]): readonly Problem[] {
  const made = new Set<string>();
  const added = new Set<string>();
  const problems: Problem[] = [];
  const keyOf = (type: string, value: string): string => JSON.stringify([type, value]);
  for (const statement of statements) {
    const { kind } = statement.step;
    const body = (statement.tree[kind] ?? {}) as Node;
    visit(statement.tree, (name, node) => {
      if (name !== 'TypeCast') return;
      const type = lastName((node['typeName'] as Node | undefined)?.['names']);
      const value = ((node['arg'] as Node | undefined)?.['A_Const'] as { sval?: { sval?: string } } | undefined)?.sval;
      if (value?.sval === undefined || !added.has(keyOf(type, value.sval))) return;
      problems.push(
        refuse(statement, [
          'RULE_ENUM_USED',
          stated`the enum value '${{ value: value.sval }}' of ${{ type }} is added and used in one transaction, and PostgreSQL refuses that`,
          'cut the tier in two: ALTER TYPE … ADD VALUE in the first, `oneWay` because PostgreSQL drops no value, and this statement in the second',
        ]),
      );
    });
    const type = lastName(body['typeName']);
    if (kind === 'CreateEnumStmt') made.add(type);
    if (kind === 'AlterEnumStmt' && typeof body['newVal'] === 'string' && !made.has(type))
      added.add(keyOf(type, body['newVal']));
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
      // NOT ENFORCED is never validated, and says so
      if (kind === 'Constraint' && node['skip_validation'] === true && node['is_enforced'] === true)
        open.set(keyOf(name), { statement, name });
      if (kind === 'AlterTableCmd' && /^AT_(Validate|Drop)Constraint$/.test(String(node['subtype'])))
        open.delete(keyOf(name));
    });
    if (statement.step.kind === 'DropStmt')
      for (const table of droppedTables(body))
        for (const key of open.keys()) if ((JSON.parse(key) as [string])[0] === table) open.delete(key);
  }
  return [...open.values()].map(({ statement, name }) =>
    refuse(statement, [
      'RULE_NOT_VALID',
      stated`the constraint ${name === '' ? 'without a name' : name} is NOT VALID and is never validated`,
      'add ALTER TABLE … VALIDATE CONSTRAINT to this tier or a later one, or say why it waits for a later release under `allows: {notValid: …}` in release.yaml',
    ]),
  );
}

/** The last names of what a DROP takes away. */
function droppedTables(body: Node): readonly string[] {
  const objects = (body['objects'] ?? []) as readonly Node[];
  return objects.map((one) => lastName((one['List'] as Node | undefined)?.['items'] ?? one));
}

/**
 * The statements of a file without a BEGIN and COMMIT around the whole of it: the tier runs in one transaction anyway. Where there is more
 * transaction control, all of it stays, and is refused.
 */
export function unwrapped(statements: readonly Statement[]): readonly Statement[] {
  const controls = statements.filter(({ step }) => step.kind === 'TransactionStmt');
  const [begin, commit] = [statements[0], statements.at(-1)];
  const isBare = (statement: Statement | undefined, kinds: readonly string[]): boolean => {
    const body = statement?.tree['TransactionStmt'] as Node | undefined;
    return kinds.includes(String(body?.['kind'])) && body?.['options'] === undefined && body?.['chain'] === undefined;
  };
  const wraps =
    controls.length === 2 &&
    isBare(begin, ['TRANS_STMT_BEGIN', 'TRANS_STMT_START']) &&
    isBare(commit, ['TRANS_STMT_COMMIT']);
  return wraps ? statements.slice(1, -1) : statements;
}
