import { type Problem } from '../core/index.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import { dispatchFunctions, dispatchSchemas, refusedKinds, sharedObjects, untrusted } from './refused.ts';
import { type TransactionMode } from './release.ts';
import { isTrue, lastName, schemaName, visit } from './tree.ts';

/** What the rules of one tier's file are applied with. */
export interface RuleContext {
  readonly parser: Parser;
  readonly allows: {
    readonly cascade?: string | undefined;
    readonly definer?: string | undefined;
    readonly dispatch?: string | undefined;
  };
  readonly transaction: TransactionMode;
}

/**
 * Says what a tier's file holds that no release may, or only with a reason under `allows`.
 *
 * Errors  RULE_TRANSACTION, RULE_SESSION, RULE_CLUSTER, RULE_DISPATCH, RULE_CASCADE, RULE_DEFINER, RULE_LANGUAGE, RULE_CONCURRENTLY,
 *         SQL_NOT_ANALYSED as problems.
 * Source  docs/FORMAT.md "What is refused".
 */
export function checkStatements(statements: readonly Statement[], context: RuleContext): readonly Problem[] {
  return statements.flatMap((statement) => checkStatement(statement, context));
}

/** A problem of one statement, at its place. */
export function refuse({ step }: Statement, [code, problem, fix]: readonly [Problem['code'], string, string]): Problem {
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
  if (step.kind === 'UpdateStmt' && (body['relation'] as Node | undefined)?.['relname'] === 'pg_settings') {
    say('RULE_SESSION', 'an UPDATE of pg_settings is a SET', 'use `settings:` in release.yaml');
  }
  if (
    [body['objtype'], body['objectType'], body['renameType'], body['removeType']].some((type) =>
      sharedObjects.has(type),
    )
  ) {
    say(
      'RULE_CLUSTER',
      'databases, roles, tablespaces and subscriptions belong to the whole server: a clone on the same server would change production',
      'do it outside of the release',
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
  let cascades = false;
  visit(tree, (_, node) => {
    cascades ||= node['behavior'] === 'DROP_CASCADE';
  });
  if (cascades && context.allows.cascade === undefined) {
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
  if (
    /^((Create|Alter)(ForeignServer|Fdw|UserMapping|ForeignTable)|ImportForeignSchema)Stmt$/.test(step.kind) &&
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
    // also as the action of a rule, which fires later
    if ((kind === 'NotifyStmt' || kind === 'ListenStmt') && context.allows.dispatch === undefined)
      problems.push(
        refuse(statement, [
          'RULE_DISPATCH',
          'NOTIFY and LISTEN reach other sessions',
          'say why under `allows: {dispatch: …}` in release.yaml, or remove it',
        ]),
      );
    if (kind === 'FuncCall' && context.allows.dispatch === undefined) {
      const name = lastName(node['funcname']);
      if (dispatchFunctions.test(name) || dispatchSchemas.has(schemaName(node['funcname'])))
        problems.push(
          refuse(statement, [
            'RULE_DISPATCH',
            `${name}() acts outside of this transaction`,
            'remove the call, or say why under `allows: {dispatch: …}` in release.yaml',
          ]),
        );
    }
    if (kind === 'FuncCall') {
      if (lastName(node['funcname']) === 'set_config')
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
  const { language, text: bodyText } = bodyOf(statement);
  if (bodyText !== null && language !== 'sql' && language !== 'plpgsql' && !untrusted.test(language)) {
    problems.push(
      refuse(statement, [
        'SQL_NOT_ANALYSED',
        `code in the language ${language} cannot be read, so it cannot be checked`,
        'write it in SQL or PL/pgSQL',
      ]),
    );
  }
  if (bodyText !== null && language === 'plpgsql') {
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
  if (bodyText !== null && language === 'sql') problems.push(...checkBodyText({ statement, text: bodyText, context }));
  return problems;
}

/** The language and the text of the body of CREATE FUNCTION, CREATE PROCEDURE or DO; the text is null for every other statement. */
function bodyOf({ tree, step }: Statement): { readonly language: string; readonly text: string | null } {
  if (step.kind !== 'CreateFunctionStmt' && step.kind !== 'DoStmt') return { language: '', text: null };
  // PostgreSQL takes PL/pgSQL where DO names no language
  let language = step.kind === 'DoStmt' ? 'plpgsql' : '';
  let text: string | null = null;
  visit(tree, (kind, node) => {
    if (kind !== 'DefElem') return;
    const arg = node['arg'] as
      | { String?: { sval?: string }; List?: { items?: readonly { String?: { sval?: string } }[] } }
      | undefined;
    if (node['defname'] === 'language') language = arg?.String?.sval ?? '';
    if (node['defname'] === 'as') text = arg?.String?.sval ?? arg?.List?.items?.[0]?.String?.sval ?? null;
  });
  return { language, text };
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
  if (value !== undefined) return checkBodyText({ statement, text: value, context });
  return [
    refuse(statement, [
      'SQL_NOT_ANALYSED',
      'a part of this body cannot be read, so it cannot be checked',
      'correct or simplify it; only what can be analysed is sealed',
    ]),
  ];
}
