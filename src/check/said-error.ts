/** Whether what may be a value of a row is shown. */
export type ShownValues = 'hidden' | 'shown';

/** What a server said of an error, as far as it may be shown. The texts are hostile. */
export interface SaidError {
  readonly state: string;
  readonly text: string;
  /** The character of the statement that it points to, from 1; null: none. */
  readonly position: number | null;
  readonly detail: readonly string[];
}

/**
 * Takes what a server said of an error. Values of rows stay out unless they are asked for: the server quotes them in data exceptions (class 22),
 * gives keys and whole rows in the detail of broken constraints (class 23), and a function can raise any text.
 *
 * Source  PostgreSQL manual, "PostgreSQL Error Codes", "Error and Notice Message Fields".
 */
export function saidError(error: unknown, values: ShownValues): SaidError {
  const said = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  const text = (key: string): string => (typeof said[key] === 'string' ? (said[key] as string) : '');
  const state = text('code');
  const position = Number(text('position'));
  const at = position > 0 ? position : null;
  const message = text('message') || 'the server gave no reason';
  const calls = text('where')
    .split('\n')
    .filter((line) => call.test(line));
  // SQL that a function or a DO block puts together may hold values in every place
  const isComputed = text('where') !== '' || text('internalQuery') !== '';
  const lines = [text('detail'), text('hint'), ...text('where').split('\n')].filter((line) => line !== '');
  if (values === 'shown') return { state, text: message, position: at, detail: lines };
  if (text('routine') === 'exec_stmt_raise' || state.startsWith('P0'))
    return { state, text: 'its SQL raised an exception (--show-values shows the text)', position: at, detail: calls };
  // from the first quote to the last: a value may contain quotes itself
  if (state.startsWith('22') || isComputed)
    return { state, text: message.replace(/".*"/s, '"…"'), position: at, detail: calls };
  return { state, text: message, position: at, detail: state.startsWith('23') ? calls : lines };
}

/** A function and a line in it: `PL/pgSQL function f(integer) line 3 at PERFORM`. */
const call =
  /^(?:PL\/pgSQL|SQL) function (?:[\w.$]+\([\w\s.,[\]]*\)|inline_code_block|"[^"]*") (?:line \d+ at [\w ]+|statement \d+|during [\w ]+)$/;

/** What the server said, whole: to decide by, and never to be shown. */
export function wholeMessage(error: unknown): string {
  const { message } = (typeof error === 'object' && error !== null ? error : {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : '';
}
