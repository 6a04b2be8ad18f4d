import { type Problem, stated, type Stated } from '../core/index.ts';
import { readRoutineBody } from './body.ts';
import { calledBy } from './calls.ts';
import { refusedByGate } from './gated.ts';
import { type Node, type Parser, type Statement } from './parser.ts';
import {
  dispatchFunctions,
  dispatchSchemas,
  type RefusedProblem,
  refusedKinds,
  sharedObjects,
  untrusted,
} from './refused-statements.ts';
import { type TransactionMode } from './release.ts';
import { settingFix } from './release-settings.ts';
import { refusedByMode } from './outside-rule.ts';
import { functionMadeBy, isTrue, lastName, literalOf, schemaName, visit } from './parse-tree.ts';

/** What the rules of one tier's file are applied with. */
export interface RuleContext {
  readonly parser: Parser;
  readonly allows: {
    readonly cascade?: string | undefined;
    readonly definer?: string | undefined;
    readonly dispatch?: string | undefined;
  };
  readonly transaction: TransactionMode;
  /** Whether the gate of a database runs it: a barred tier is only rehearsed. */
  readonly gated: boolean;
}

/** The same, for the statements of one file. */
interface FileContext extends RuleContext {
  /** Functions that the file calls: the gate sees what they do. */
  readonly called: ReadonlySet<string>;
}

/**
 * Says what a tier's file holds that no release may, or only with a reason under `allows`.
 *
 * Errors  RULE_TRANSACTION, RULE_SESSION, RULE_CLUSTER, RULE_DISPATCH, RULE_CASCADE, RULE_DEFINER, RULE_LANGUAGE, RULE_CONCURRENTLY,
 *         RULE_OUTSIDE, RULE_GATE, RULE_EXECUTE, RULE_SUPERUSER, SQL_NOT_ANALYSED as problems.
 * Source  docs/FORMAT.md "What is refused".
 */
export function checkStatements(statements: readonly Statement[], context: RuleContext): readonly Problem[] {
  const called = calledBy(statements, context.parser);
  return statements.flatMap((statement) => checkStatement(statement, { ...context, called }));
}

/** A problem of one statement, at its place. */
export function refuse({ step, excerpt }: Statement, [code, what, fix]: RefusedProblem): Problem {
  return { code, ...what, fix, place: step.place, excerpt };
}

function checkStatement(statement: Statement, context: FileContext): readonly Problem[] {
  const { tree, step } = statement;
  const problems: Problem[] = [];
  const say = (code: Problem['code'], what: Stated, fix: string): number =>
    problems.push(refuse(statement, [code, what, fix]));
  const body = (tree[step.kind] ?? {}) as Node;
  const refused = refusedKinds[step.kind];
  if (refused !== undefined) say(...refused);
  if (step.kind === 'VariableSetStmt' || step.kind === 'VariableShowStmt') {
    if (step.kind === 'VariableSetStmt')
      say(
        'RULE_SESSION',
        stated`SET ${{ name: String(body['name'] ?? '') }} changes the session settings that are sealed`,
        settingFix(String(body['name'] ?? '')),
      );
  }
  if (step.kind === 'UpdateStmt' && (body['relation'] as Node | undefined)?.['relname'] === 'pg_settings') {
    say('RULE_SESSION', stated`an UPDATE of pg_settings is a SET`, 'use `settings:` in release.yaml');
  }
  if (
    [body['objtype'], body['objectType'], body['renameType'], body['removeType']].some((type) =>
      sharedObjects.has(type),
    )
  ) {
    say(
      'RULE_CLUSTER',
      stated`databases, roles, tablespaces and subscriptions belong to the whole server: a clone on the same server would change production`,
      'do it outside of the release',
    );
  }
  problems.push(...refusedByMode(statement, context).map((one) => refuse(statement, one)));
  if (context.gated) problems.push(...refusedByGate(statement, context.allows).map((one) => refuse(statement, one)));
  const skips = step.kind === 'IndexStmt' && body['concurrent'] === true && body['if_not_exists'] === true;
  if (skips && context.transaction !== 'outside') {
    say(
      'RULE_CONCURRENTLY',
      stated`CREATE INDEX CONCURRENTLY IF NOT EXISTS also succeeds with an invalid index`,
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
      stated`CASCADE affects objects that the text does not name`,
      'name every object, or say why under `allows: {cascade: …}` in release.yaml',
    );
  }
  if (step.kind === 'CopyStmt' && (body['is_program'] === true || body['filename'] !== undefined)) {
    say(
      'RULE_DISPATCH',
      stated`COPY with a program or a file of the server reaches outside of the database`,
      'write the rows as INSERT … VALUES',
    );
  }
  if (
    /^((Create|Alter)(ForeignServer|Fdw|UserMapping|ForeignTable)|ImportForeignSchema)Stmt$/.test(step.kind) &&
    context.allows.dispatch === undefined
  ) {
    say(
      'RULE_DISPATCH',
      stated`foreign servers, tables and user mappings reach other servers`,
      'say why under `allows: {dispatch: …}` in release.yaml',
    );
  }
  problems.push(...checkInside(statement, context));
  return problems;
}

/** What stands deeper in the tree: calls, function options, languages, the bodies of PL/pgSQL. */
function checkInside(statement: Statement, context: FileContext): readonly Problem[] {
  const { tree, step } = statement;
  const problems: Problem[] = [];
  visit(tree, (kind, node) => {
    // also as the action of a rule, which fires later
    if ((kind === 'NotifyStmt' || kind === 'ListenStmt') && context.allows.dispatch === undefined)
      problems.push(
        refuse(statement, [
          'RULE_DISPATCH',
          stated`NOTIFY and LISTEN reach other sessions`,
          'say why under `allows: {dispatch: …}` in release.yaml, or remove it',
        ]),
      );
    if (kind === 'FuncCall' && context.allows.dispatch === undefined) {
      const name = lastName(node['funcname']);
      if (dispatchFunctions.test(name) || dispatchSchemas.has(schemaName(node['funcname'])))
        problems.push(
          refuse(statement, [
            'RULE_DISPATCH',
            stated`${{ name }}() acts outside of this transaction`,
            'remove the call, or say why under `allows: {dispatch: …}` in release.yaml',
          ]),
        );
    }
    if (kind === 'FuncCall') {
      if (lastName(node['funcname']) === 'set_config')
        problems.push(
          refuse(statement, [
            'RULE_SESSION',
            stated`set_config() changes the session settings that are sealed`,
            settingFix(literalOf((node['args'] as readonly Node[] | undefined)?.[0]) ?? ''),
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
          stated`SECURITY DEFINER gives its owner's rights to every caller`,
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
            stated`code in the language ${{ language }} is outside of PostgreSQL's control`,
            'write it in SQL or PL/pgSQL',
          ]),
        );
    }
  });
  const body = readRoutineBody(statement, context.parser);
  problems.push(...body.refusals.map((one) => refuse(statement, one)));
  const made = functionMadeBy(tree);
  const within = {
    ...context,
    transaction: 'each' as const,
    gated: context.gated && (made === null || context.called.has(made)),
  };
  for (const inner of body.statements)
    for (const { code, problem, facts, fix } of checkStatement(inner, within))
      problems.push(refuse(statement, [code, { problem, facts }, fix]));
  return problems;
}
