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
 * Takes what a server said of an error in a statement. Values of rows stay out unless they are asked for: the server quotes them in data exceptions
 * (class 22), gives keys and whole rows in the detail of broken constraints (class 23), a function can raise any text, and a cast to regclass or
 * to_tsquery says what it was given as if it were a name.
 *
 * Source  PostgreSQL manual, "PostgreSQL Error Codes", "Error and Notice Message Fields".
 */
export function saidError(
  error: unknown,
  { values, sql }: { readonly values: ShownValues; readonly sql: string },
): SaidError {
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
  const isOfTheSchema = at !== null || naming.test(state) || standsIn(sql, message);
  if (state.startsWith('22') || isComputed || !isOfTheSchema)
    return { state, text: withoutValues(message), position: at, detail: calls };
  return { state, text: message, position: at, detail: tellsObjects.test(state) ? lines : calls };
}

/** Conditions whose message names objects that exist. Of all others a name may be a value that a function was given. */
const naming = /^(?:23|25|2BP|40|42(?:501|701|710|723|804|809|830|P06|P07|P16)|55)/;

/** Conditions whose detail and hint are about objects. Those of all others may give keys, or a whole row. */
const tellsObjects = /^(?:25|2BP|40|42|55)/;

/** Whether all that a message quotes is a part of the statement. */
function standsIn(sql: string, message: string): boolean {
  const own = sql.toLowerCase();
  const rest = message.replaceAll(/"([^"]*)"/g, (all, name: string) => (own.includes(name.toLowerCase()) ? '' : all));
  return !/"|: ./s.test(rest);
}

/** From the first quote to the last: a value may contain quotes itself. What follows a colon is a value too, and so are bytes. */
function withoutValues(message: string): string {
  return message
    .replace(/".*"/s, '"…"')
    .replace(
      /\b(column|function|procedure|aggregate|routine|operator|type) (?!["…])\S.*? (?=does not exist|is not|must|cannot)/s,
      '$1 … ',
    )
    .replaceAll(/\b0x[0-9a-f]{2}\b(?: 0x[0-9a-f]{2}\b)*/g, '…')
    .replace(/: (?!["(]?…).*$/s, ': …');
}

/** A function and a line in it: `PL/pgSQL function f(integer) line 3 at PERFORM`. */
const call =
  /^(?:PL\/pgSQL|SQL) function (?:[\w.$]+\([\w\s.,[\]]*\)|inline_code_block|"[^"]*") (?:line \d+ at [\w ]+|statement \d+|during [\w ]+)$/;

/** What the server said, whole: to decide by, and never to be shown. */
export function wholeMessage(error: unknown): string {
  return fieldOf(error, 'message');
}

/** Its detail. */
export function wholeDetail(error: unknown): string {
  return fieldOf(error, 'detail');
}

function fieldOf(error: unknown, field: 'message' | 'detail'): string {
  const value = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  const text = value[field];
  return typeof text === 'string' ? text : '';
}
