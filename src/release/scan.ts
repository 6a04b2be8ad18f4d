/** A piece of SQL as PostgreSQL's scanner reads it; `plain` is all else, white space too. The pieces in order are the text. */
export interface SqlPiece {
  readonly kind: 'keyword' | 'name' | 'string' | 'number' | 'comment' | 'plain';
  readonly text: string;
}

/** A token of libpg-query: its place in bytes of UTF-8. */
export interface ScannedToken {
  readonly start: number;
  readonly end: number;
  readonly tokenName: string;
  readonly keywordName: string;
}

/** Cuts SQL into pieces by its tokens. */
export function piecesOf(text: string, tokens: readonly ScannedToken[]): readonly SqlPiece[] {
  const bytes = Buffer.from(text, 'utf8');
  const pieces: SqlPiece[] = [];
  let at = 0;
  const add = (kind: SqlPiece['kind'], end: number): void => {
    if (end > at) pieces.push({ kind, text: bytes.subarray(at, end).toString('utf8') });
    at = Math.max(at, end);
  };
  // INSERT, ALTER, DROP are no reserved words: they are keywords where a statement begins with them, and may be names further on
  let isStart = true;
  for (const token of tokens) {
    const kind = kindOf(token, isStart);
    add('plain', token.start);
    add(kind, token.end);
    if (kind !== 'comment') isStart = token.tokenName === semicolon || (isStart && kind === 'keyword');
  }
  add('plain', bytes.length);
  return pieces;
}

/** The scanner names a token of one character by its code. */
const semicolon = 'ASCII_59';

function kindOf({ tokenName, keywordName }: ScannedToken, isStart: boolean): SqlPiece['kind'] {
  if (tokenName.endsWith('COMMENT')) return 'comment';
  if (/^(SCONST|USCONST|BCONST|XCONST)$/.test(tokenName)) return 'string';
  if (/^(ICONST|FCONST)$/.test(tokenName)) return 'number';
  if (/^U?IDENT$/.test(tokenName)) return 'name';
  if (keywordName === 'UNRESERVED_KEYWORD') return isStart ? 'keyword' : 'plain';
  return keywordName === 'NO_KEYWORD' ? 'plain' : 'keyword';
}
