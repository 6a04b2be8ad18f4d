/** A part of a file that only psql reads. */
export interface PsqlPart {
  readonly kind: 'command' | 'data';
  readonly start: number;
  readonly end: number;
}

/** A file of SQL as psql would cut it. */
export interface PsqlCut {
  /** The text with blanks where comments and what only psql reads were, so that every place is as before. */
  readonly sql: string;
  /** Each statement from its first character to behind its semicolon. */
  readonly statements: readonly { readonly start: number; readonly end: number }[];
  readonly parts: readonly PsqlPart[];
}

/** Commands that send the statement before them to the server, as a semicolon does. */
const sending = /^\\(g|gx|gexec|gset|gdesc|crosstabview|watch)\b/;

/**
 * Cuts a file as psql does: statements, its own commands, data behind COPY … FROM STDIN. Only for a text that PostgreSQL's parser refused: it
 * says where and why, and decides nothing.
 *
 * Source  psql's psqlscan.l: quotes, dollar quotes, nested comments, BEGIN ATOMIC … END.
 */
export function cutAsPsql(text: string): PsqlCut {
  const cut = new Cutter(text);
  while (cut.step());
  return cut.done();
}

class Cutter {
  private readonly text: string;
  private at = 0;
  private readonly out: string[] = [];
  private copied = 0;
  private start: number | null = null;
  private words: string[] = [];
  /** Open BEGIN … END and CASE … END of a routine's body, and parentheses. */
  private depth = 0;
  private parentheses = 0;
  private readonly statements: { start: number; end: number }[] = [];
  private readonly parts: PsqlPart[] = [];

  constructor(text: string) {
    this.text = text;
  }

  done(): PsqlCut {
    if (this.start !== null) this.statements.push({ start: this.start, end: this.text.trimEnd().length });
    this.out.push(this.text.slice(this.copied));
    return { sql: this.out.join(''), statements: this.statements, parts: this.parts };
  }

  /** Reads the next token; false at the end. */
  step(): boolean {
    const { text, at } = this;
    if (at >= text.length) return false;
    const character = text.charAt(at);
    if (/\s/.test(character)) this.at += 1;
    else if (text.startsWith('--', at)) this.blank(this.lineEnd(at));
    else if (text.startsWith('/*', at)) this.blank(endOfComment(text, at));
    else if (character === '\\') this.command();
    else this.token(character);
    return true;
  }

  private token(character: string): void {
    const { text, at } = this;
    this.start ??= at;
    const dollar =
      character === '$' ? /^\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/.exec(text.slice(at, at + 80)) : null;
    const word = /[A-Za-z_\u0080-\uffff]/.test(character)
      ? /^[\w$\u0080-\uffff]+/.exec(text.slice(at, at + 200))
      : null;
    if (dollar !== null) {
      const close = text.indexOf(dollar[0], at + dollar[0].length);
      this.at = close < 0 ? text.length : close + dollar[0].length;
    } else if (/^[eE]'/.test(text.slice(at, at + 2))) this.at = endOfQuoted(text, at + 1, 'escapes');
    else if (character === "'" || character === '"') this.at = endOfQuoted(text, at, 'plain');
    else if (word !== null) {
      this.at += word[0].length;
      this.word(word[0].toLowerCase());
    } else {
      this.at += 1;
      if (character === '(') this.parentheses += 1;
      if (character === ')') this.parentheses = Math.max(0, this.parentheses - 1);
      if (character === ';' && this.depth === 0 && this.parentheses === 0) this.end();
    }
  }

  private word(word: string): void {
    if (this.words.length < 4) this.words.push(word);
    if (!/^create (or replace )?(function|procedure)/.test(this.words.join(' ')) || this.parentheses > 0) return;
    if (word === 'begin' || (word === 'case' && this.depth > 0)) this.depth += 1;
    if (word === 'end' && this.depth > 0) this.depth -= 1;
  }

  private end(): void {
    const from = this.start ?? this.at;
    this.statements.push({ start: from, end: this.at });
    const isCopy = /^copy\b[^;]*\bfrom\s+stdin\b/i.test(this.text.slice(from, Math.min(this.at, from + 4000)));
    this.begin();
    if (!isCopy) return;
    const data = this.lineEnd(this.at) + 1;
    const close = /^\\\.[ \t\r]*$/m.exec(this.text.slice(data));
    if (close === null) return;
    const end = data + close.index + close[0].length;
    this.parts.push({ kind: 'data', start: data, end });
    this.at = data;
    this.blank(end);
  }

  private begin(): void {
    this.start = null;
    this.words = [];
    this.depth = 0;
    this.parentheses = 0;
  }

  private command(): void {
    const { at } = this;
    const end = this.lineEnd(at);
    const sends = this.start !== null && sending.test(this.text.slice(at, end));
    this.parts.push({ kind: 'command', start: at, end });
    this.blank(end);
    if (!sends) return;
    // the blank in the place of the backslash becomes what ends the statement
    const last = this.out.pop() ?? '';
    this.out.push(`;${last.slice(1)}`);
    this.statements.push({ start: this.start ?? at, end: at + 1 });
    this.begin();
  }

  /** Puts blanks in the place of what is not SQL; line breaks stay. */
  private blank(end: number): void {
    this.out.push(this.text.slice(this.copied, this.at), this.text.slice(this.at, end).replace(/[^\n]/g, ' '));
    this.copied = end;
    this.at = end;
  }

  private lineEnd(from: number): number {
    const end = this.text.indexOf('\n', from);
    return end < 0 ? this.text.length : end;
  }
}

function endOfComment(text: string, from: number): number {
  let [depth, at] = [0, from];
  do {
    if (text.startsWith('/*', at)) [depth, at] = [depth + 1, at + 2];
    else if (text.startsWith('*/', at)) [depth, at] = [depth - 1, at + 2];
    else at += 1;
  } while (depth > 0 && at < text.length);
  return at;
}

/** Behind the closing quote; two in a row stand for one. */
function endOfQuoted(text: string, from: number, form: 'plain' | 'escapes'): number {
  const quote = text.charAt(from);
  for (let at = from + 1; at < text.length; at += 1) {
    if (form === 'escapes' && text.charAt(at) === '\\') at += 1;
    else if (text.charAt(at) === quote) {
      if (text.charAt(at + 1) !== quote) return at + 1;
      at += 1;
    }
  }
  return text.length;
}
