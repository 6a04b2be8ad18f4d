import { canonicalJson, type NonEmpty, printable, type Problem, truncate, stated } from '../core/index.ts';
import { kindOf, type PersonStatement, statementForms } from './statement-form.ts';

/** A statement that was read: every byte checked, or all that is wrong with it. */
export type ReadStatement =
  | { readonly ok: true; readonly statement: PersonStatement; readonly body: string }
  | { readonly ok: false; readonly problems: NonEmpty<Problem> };

/** The largest statement, in bytes: one of ours has a few thousand. */
const largest = 1_048_576;

/**
 * Reads the bytes of a statement that persons sign. People sign bytes: another spelling of the same JSON is another statement.
 *
 * Errors  none thrown; STATEMENT_INVALID as problems, all at once.
 * Source  in-toto attestation framework, Statement v1; RFC 8785.
 */
export function parseStatement(bytes: string | Uint8Array): ReadStatement {
  const size = typeof bytes === 'string' ? Buffer.byteLength(bytes, 'utf8') : bytes.length;
  if (size > largest) return refused([`it has ${size} bytes; the limit is ${largest}`]);
  const body = textOf(bytes);
  if (body === null) return refused(['it is not UTF-8 text']);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return refused([`it is not JSON, or was cut off: ${(error as Error).message}`]);
  }
  const predicateType: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'predicateType') : null;
  const kind = kindOf(predicateType);
  const problems = spellingProblems(value, body);
  if (kind === null)
    return refused([
      ...problems,
      `its predicate type ${printable(truncate(String(predicateType), 80))} is not one that persons sign`,
    ]);
  const checked = statementForms[kind].safeParse(value);
  if (!checked.success)
    problems.push(
      ...checked.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => `${[...issue.path, key].map(String).join('.')}: this member is unknown`)
          : [`${issue.path.map(String).join('.') || 'the statement'}: ${issue.message}`],
      ),
    );
  if (!checked.success || problems.length > 0) return refused(problems);
  return { ok: true, statement: { ...checked.data, kind } as PersonStatement, body };
}

function textOf(bytes: string | Uint8Array): string | null {
  if (typeof bytes === 'string') return bytes.isWellFormed() ? bytes : null;
  try {
    // a byte order mark that was dropped in silence would be a second spelling
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function spellingProblems(value: unknown, body: string): string[] {
  try {
    return canonicalJson(value) === body
      ? []
      : ['it is not canonical JSON: wrong order, white space, or a duplicate member'];
  } catch {
    return ['it has a value without a canonical JSON form'];
  }
}

function refused(texts: readonly string[]): ReadStatement {
  const [first = 'it cannot be read', ...rest] = texts;
  const problem = (text: string): Problem => ({
    code: 'STATEMENT_INVALID',
    ...stated`the statement is refused: ${{ why: printable(text) }}`,
    fix: 'make the statement again; no one can sign this one',
  });
  return { ok: false, problems: [problem(first), ...rest.map(problem)] };
}
