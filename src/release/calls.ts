import { readRoutineBody } from './body.ts';
import { type Parser, type Statement } from './parser.ts';
import { functionMadeBy, lastName, visitNow } from './parse-tree.ts';

/**
 * Names the functions that a file's statements call, also through functions that the same file makes. Triggers fire by what is written to
 * their tables, which the text of one file does not show.
 */
export function calledBy(statements: readonly Statement[], parser: Parser): ReadonlySet<string> {
  const called = new Set<string>();
  const see = (statement: Statement): void => {
    visitNow(statement.tree, (kind, node) => {
      if (kind === 'FuncCall' || kind === 'funccall') called.add(lastName(node['funcname']));
    });
    for (const inner of readRoutineBody(statement, parser).statements) see(inner);
  };
  const makers = new Set(statements.filter(({ tree }) => functionMadeBy(tree) !== null));
  for (const statement of statements) if (!makers.has(statement)) see(statement);
  for (let before = -1; before < called.size; ) {
    before = called.size;
    for (const maker of makers) if (called.has(functionMadeBy(maker.tree) ?? '') && makers.delete(maker)) see(maker);
  }
  return called;
}
