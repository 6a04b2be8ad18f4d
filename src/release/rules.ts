import { type Problem } from '../core/index.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { dispatchFunctions, refusedKinds, untrusted } from './refused.ts';
import { type Direction, type TransactionMode } from './release.ts';

/** What the rules of one tier's file are applied with. */
export interface RuleContext {
  readonly parser: Parser;
  readonly allows: {
    readonly cascade?: string | undefined;
    readonly definer?: string | undefined;
    readonly dispatch?: string | undefined;
  };
  readonly transaction: TransactionMode;
  readonly direction: Direction;
}

/**
 * Says what a tier's file holds that no release may, or only with a reason under `allows`.
 *
 * Errors  RULE_TRANSACTION, RULE_SESSION, RULE_CLUSTER, RULE_DISPATCH, RULE_CASCADE, RULE_DEFINER, RULE_LANGUAGE, RULE_CONCURRENTLY,
 *         RULE_ENUM_USED, RULE_NOT_VALID as problems.
 * Source  docs/FORMAT.md "What is refused".
 */
export function checkStatements(statements: readonly Statement[], context: RuleContext): readonly Problem[] {
  const problems = statements.flatMap((statement) => checkStatement(statement, context));
  return [...problems, ...enumsUsed(statements, context), ...neverValidated(statements, context)];
}

function refuse({ step }: Statement, [code, problem, fix]: readonly [Problem['code'], string, string]): Problem {
  return { code, problem, fix, place: step.place, excerpt: step.sql.split('\n')[0] ?? '' };
}

function checkStatement(statement: Statement, context: RuleContext): readonly Problem[] {
  const { tree, step } = statement;
  const problems: Problem[] = [];
  const say = (code: Problem['code'], problem: string, fix: string): number =>
    problems.push(refuse(statement, [code, problem, fix]));
  const body = (tree[step.kind] ?? {}) as Node;
  const refused = refusedKinds[step.kind];
  if (refused !== undefined) say(...refused);
  if (step.kind === 'VariableSetStmt' || step.kind === 'VariableShowStmt') {
    if (step.kind === 'VariableSetStmt')
      say(
        'RULE_SESSION',
        `SET ${String(body['name'] ?? '')} changes the session under which the release was sealed`,
        'use `settings:` in release.yaml',
      );
  }
  if (!step.transactional && context.transaction === 'single') {
    say(
      'RULE_CONCURRENTLY',
      `${step.title} cannot run inside a transaction, and this tier runs in one`,
      'give it a tier of its own with `transaction: each`',
    );
  }
  if (step.kind === 'IndexStmt' && body['concurrent'] === true && body['if_not_exists'] === true) {
    say(
      'RULE_CONCURRENTLY',
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS calls an invalid index a success',
      'remove IF NOT EXISTS',
    );
  }
  const cascades = (step.kind === 'DropStmt' || step.kind === 'TruncateStmt') && body['behavior'] === 'DROP_CASCADE';
  const dropsCascading =
    step.kind === 'AlterTableStmt' && JSON.stringify(body['cmds'] ?? '').includes('"behavior":"DROP_CASCADE"');
  if ((cascades || dropsCascading) && context.allows.cascade === undefined) {
    say(
      'RULE_CASCADE',
      'CASCADE reaches objects that the text does not name',
      'name every object, or say why under `allows: {cascade: …}` in release.yaml',
    );
  }
  if (step.kind === 'CopyStmt' && (body['is_program'] === true || body['filename'] !== undefined)) {
    say(
      'RULE_DISPATCH',
      'COPY with a program or a file of the server reaches outside of the database',
      'write the rows as INSERT … VALUES',
    );
  }
  if ((step.kind === 'NotifyStmt' || step.kind === 'ListenStmt') && context.allows.dispatch === undefined) {
    say(
      'RULE_DISPATCH',
      'NOTIFY and LISTEN reach other sessions',
      'say why under `allows: {dispatch: …}` in release.yaml, or remove it',
    );
  }
  if (
    /^(Create|Alter)(ForeignServer|Fdw|UserMapping|ForeignTable)Stmt$/.test(step.kind) &&
    context.allows.dispatch === undefined
  ) {
    say(
      'RULE_DISPATCH',
      'foreign servers, tables and user mappings reach other servers',
      'say why under `allows: {dispatch: …}` in release.yaml',
    );
  }
  problems.push(...checkInside(statement, context));
  return problems;
}

/** What stands deeper in the tree: calls, function options, languages, the bodies of PL/pgSQL. */
function checkInside(statement: Statement, context: RuleContext): readonly Problem[] {
  const { tree, step } = statement;
  const problems: Problem[] = [];
  visit(tree, (kind, node) => {
    if (kind === 'FuncCall' && context.allows.dispatch === undefined) {
      const name = lastName(node['funcname']);
      if (dispatchFunctions.test(name))
        problems.push(
          refuse(statement, [
            'RULE_DISPATCH',
            `${name}() acts outside of this transaction`,
            'remove the call, or say why under `allows: {dispatch: …}` in release.yaml',
          ]),
        );
      if (name === 'set_config')
        problems.push(
          refuse(statement, [
            'RULE_SESSION',
            'set_config() changes the session under which the release was sealed',
            'use `settings:` in release.yaml',
          ]),
        );
    }
    if (
      kind === 'DefElem' &&
      node['defname'] === 'security' &&
      (step.kind === 'CreateFunctionStmt' || step.kind === 'AlterFunctionStmt') &&
      isTrue(node['arg']) &&
      context.allows.definer === undefined
    ) {
      problems.push(
        refuse(statement, [
          'RULE_DEFINER',
          "SECURITY DEFINER lends its owner's rights to every caller",
          'remove it, or say why under `allows: {definer: …}` in release.yaml',
        ]),
      );
    }
    if (kind === 'DefElem' && node['defname'] === 'language') {
      const language = String((node['arg'] as { String?: { sval?: string } } | undefined)?.String?.sval ?? '');
      if (untrusted.test(language))
        problems.push(
          refuse(statement, [
            'RULE_LANGUAGE',
            `code in the language ${language} is outside of PostgreSQL's control`,
            'write it in SQL or PL/pgSQL',
          ]),
        );
    }
  });
  if (step.kind === 'DoStmt' || (step.kind === 'CreateFunctionStmt' && /\bplpgsql\b/i.test(step.sql))) {
    const texts = context.parser.bodyTexts(step.sql);
    if (texts === null)
      problems.push(
        refuse(statement, [
          'SQL_NOT_ANALYSED',
          'the PL/pgSQL of this statement cannot be read, so it cannot be checked',
          'correct it; only what can be analysed is sealed',
        ]),
      );
    for (const text of texts ?? []) problems.push(...checkBodyText({ statement, text, context }));
  }
  const sqlBody = sqlBodyOf(statement);
  if (sqlBody !== null) problems.push(...checkBodyText({ statement, text: sqlBody, context }));
  return problems;
}

/** The text of a function in the language SQL; null for every other statement. */
function sqlBodyOf({ tree, step }: Statement): string | null {
  if (step.kind !== 'CreateFunctionStmt') return null;
  let language = '';
  let text: string | null = null;
  visit(tree, (kind, node) => {
    if (kind !== 'DefElem') return;
    const arg = node['arg'] as
      | { String?: { sval?: string }; List?: { items?: readonly { String?: { sval?: string } }[] } }
      | undefined;
    if (node['defname'] === 'language') language = arg?.String?.sval ?? '';
    if (node['defname'] === 'as') text = arg?.List?.items?.[0]?.String?.sval ?? null;
  });
  return language.toLowerCase() === 'sql' ? text : null;
}

/** One statement or expression inside PL/pgSQL; an expression is read as what follows SELECT. */
function checkBodyText({
  statement,
  text,
  context,
}: {
  statement: Statement;
  text: string;
  context: RuleContext;
}): readonly Problem[] {
  for (const candidate of [text, `SELECT ${text}`]) {
    const { statements, problems } = context.parser.parse(statement.step.place.file, candidate);
    if (problems.length > 0) continue;
    const inner = statements.flatMap((one) => checkStatement(one, { ...context, transaction: 'each' }));
    return inner.map((problem) => ({
      ...problem,
      place: statement.step.place,
      excerpt: statement.step.sql.split('\n')[0] ?? '',
    }));
  }
  // assignments (x := …) are no SQL of their own
  const value = /^[^=]*:?=\s*([\s\S]+)$/.exec(text)?.[1];
  return value === undefined ? [] : checkBodyText({ statement, text: value, context });
}

function enumsUsed(statements: readonly Statement[], { transaction }: RuleContext): readonly Problem[] {
  if (transaction === 'each') return [];
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

function neverValidated(statements: readonly Statement[], { direction }: RuleContext): readonly Problem[] {
  if (direction === 'down') return [];
  const open = new Map<string, Statement>();
  for (const statement of statements) {
    visit(statement.tree, (kind, node) => {
      if (kind === 'Constraint' && node['skip_validation'] === true) open.set(String(node['conname'] ?? ''), statement);
      if (kind === 'AlterTableCmd' && node['subtype'] === 'AT_ValidateConstraint')
        open.delete(String(node['name'] ?? ''));
    });
  }
  return [...open].map(([name, statement]) =>
    refuse(statement, [
      'RULE_NOT_VALID',
      `the constraint ${name} is NOT VALID and is never validated`,
      'add ALTER TABLE … VALIDATE CONSTRAINT to the same tier',
    ]),
  );
}

/** Calls back for every named node of a parse tree. */
export function visit(value: unknown, see: (kind: string, node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, see);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (typeof member === 'object' && member !== null && !Array.isArray(member)) see(key, member as Node);
      visit(member, see);
    }
  }
}

function lastName(names: unknown): string {
  const last = Array.isArray(names) ? (names.at(-1) as { String?: { sval?: string } } | undefined) : undefined;
  return last?.String?.sval ?? '';
}

function isTrue(arg: unknown): boolean {
  return (arg as { Boolean?: { boolval?: boolean } } | undefined)?.Boolean?.boolval === true;
}
