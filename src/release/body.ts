import { stated, type Stated } from '../core/index.ts';
import { type Parser, type Statement } from './parser.ts';
import { type RefusedProblem, untrusted } from './refused-statements.ts';
import { visit } from './parse-tree.ts';

/** What the body of CREATE FUNCTION, CREATE PROCEDURE or DO holds, and what keeps it from being read; nothing of another statement. */
export interface Body {
  readonly language: string;
  readonly statements: readonly Statement[];
  readonly refusals: readonly RefusedProblem[];
}

/** What was read already: the rules and the search for calls ask for the same bodies. */
const known = new WeakMap<Statement, Body>();

/**
 * Reads the body of a statement.
 *
 * Errors  SQL_NOT_ANALYSED as refusals: another language than SQL and PL/pgSQL, or text that cannot be read.
 */
export function readRoutineBody(statement: Statement, parser: Parser): Body {
  const body = known.get(statement) ?? read(statement, parser);
  known.set(statement, body);
  return body;
}

function read(statement: Statement, parser: Parser): Body {
  const { language, text } = bodyOf(statement);
  const refused = (what: Stated, fix: string): Body => ({
    language,
    statements: [],
    refusals: [['SQL_NOT_ANALYSED', what, fix]],
  });
  // code in an untrusted language is refused as such
  if (text === null || untrusted.test(language)) return { language, statements: [], refusals: [] };
  if (language !== 'sql' && language !== 'plpgsql')
    return refused(
      stated`code in the language ${{ language }} cannot be parsed, so it cannot be checked`,
      'write it in SQL or PL/pgSQL',
    );
  const texts = language === 'sql' ? [text] : parser.bodyTexts(statement.step.sql);
  if (texts === null)
    return refused(
      stated`the PL/pgSQL of this statement cannot be parsed, so it cannot be checked`,
      'correct it; the seal takes only SQL that can be analysed',
    );
  const parts = texts.map((part) => readPart(part, parser));
  return {
    language,
    statements: parts.flatMap((part) => part ?? []),
    refusals: parts.includes(null)
      ? refused(
          stated`a part of this body cannot be parsed, so it cannot be checked`,
          'correct or simplify it; the seal takes only SQL that can be analysed',
        ).refusals
      : [],
  };
}

/** The language and the text of a body; the text is null for every other statement. */
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

/** One statement or expression of a body; an expression is read as what follows SELECT. Null: it cannot be read. */
function readPart(text: string, parser: Parser): readonly Statement[] | null {
  for (const candidate of [text, `SELECT ${text}`]) {
    const statements = parser.tryParse(candidate);
    if (statements !== null) return statements;
  }
  // assignments (x := …) are no SQL of their own
  const value = /^[^=]*:?=\s*([\s\S]+)$/.exec(text)?.[1];
  return value === undefined ? null : readPart(value, parser);
}
