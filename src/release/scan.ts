/** A piece of SQL as PostgreSQL's scanner reads it; `plain` is all else, white space too. The pieces in order are the text. */
export interface SqlPiece {
  readonly kind: 'keyword' | 'string' | 'number' | 'comment' | 'plain';
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
  for (const token of tokens) {
    add('plain', token.start);
    add(kindOf(token), token.end);
  }
  add('plain', bytes.length);
  return pieces;
}

function kindOf({ tokenName, keywordName }: ScannedToken): SqlPiece['kind'] {
  if (tokenName.endsWith('COMMENT')) return 'comment';
  if (/^(SCONST|USCONST|BCONST|XCONST)$/.test(tokenName)) return 'string';
  if (/^(ICONST|FCONST)$/.test(tokenName)) return 'number';
  return keywordName === 'NO_KEYWORD' || keywordName === 'UNRESERVED_KEYWORD' ? 'plain' : 'keyword';
}
