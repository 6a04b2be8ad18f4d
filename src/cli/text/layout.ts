/** Colours by meaning: few, and never the only sign of something. */
export interface Paint {
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  /** It is closed or waits: nothing is broken. */
  readonly hold: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly quiet: (text: string) => string;
}

/** How texts are laid out for their reader. */
export interface TextLayout {
  /** The width of the terminal; `Infinity` without one, so that piped output has one line for one thing. */
  readonly columns: number;
  readonly paint: Paint;
}

const bare = (text: string): string => text;

/** For pipes and files: no colour, no breaks. */
export const plain: TextLayout = {
  columns: Number.POSITIVE_INFINITY,
  paint: { heading: bare, good: bare, hold: bare, bad: bare, quiet: bare },
};

/** Colours the words of verdicts and outcomes by their meaning; other words stay as they are. */
export function painted(word: string, paint: Paint): string {
  const [first = ''] = word.split(',');
  if (good.has(first) && first === word) return paint.good(word);
  if (hold.has(first) || (good.has(first) && first !== word)) return paint.hold(word);
  return bad.has(first) ? paint.bad(word) : word;
}

const good = new Set(['passed', 'PASSED', 'ok', 'holds', 'done', 'DONE', 'GO', 'OPEN', 'equal']);
const hold = new Set(['BLOCKED', 'closed', 'CLOSED', 'held', 'not proven', 'waits', 'warning']);
const bad = new Set(['failed', 'FAILED', 'problem', 'violated', 'NO-GO', 'different']);
