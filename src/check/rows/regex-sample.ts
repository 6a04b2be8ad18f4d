/** A number from 0 up to, not with, the bound; the same ones in each run. */
export type Draw = (bound: number) => number;

/** Numbers that depend on a text only, for choices that must be the same everywhere. */
export function drawFrom(seed: string): Draw {
  let state = 2_166_136_261;
  for (let at = 0; at < seed.length; at += 1) state = Math.imul(state ^ seed.charCodeAt(at), 16_777_619);
  // mulberry32, by Tommy Ettinger (public domain)
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

const lower = [...'abcdefghijklmnopqrstuvwxyz'];
const digits = [...'0123456789'];
const classes: Readonly<Record<string, readonly string[]>> = {
  alpha: lower,
  lower,
  upper: lower.map((letter) => letter.toUpperCase()),
  digit: digits,
  xdigit: [...digits, ...lower.slice(0, 6)],
  alnum: [...lower, ...digits],
  space: [' '],
  punct: ['-', '.'],
  d: digits,
  w: [...lower, ...digits, '_'],
  s: [' '],
};
const most = 60;

/**
 * Writes a text that a simple regular expression of PostgreSQL matches: letters, classes, groups, alternatives, counts. The server decides
 * whether it does; an expression beyond that gives a text that does not match.
 */
export function sampleOf(regex: string, draw: Draw): string {
  return new Sampler(regex, draw).alternatives();
}

class Sampler {
  private readonly regex: string;
  private readonly draw: Draw;
  private at = 0;
  private depth = 0;

  constructor(regex: string, draw: Draw) {
    this.regex = regex;
    this.draw = draw;
  }

  alternatives(): string {
    const options = [this.sequence()];
    while (this.regex[this.at] === '|') {
      this.at += 1;
      options.push(this.sequence());
    }
    return options[this.draw(options.length)] ?? '';
  }

  private sequence(): string {
    let out = '';
    while (this.at < this.regex.length && !'|)'.includes(this.regex.charAt(this.at))) {
      const start = this.at;
      let piece = this.piece();
      const end = this.at;
      const [least, limit] = this.count();
      const after = this.at;
      const times = Math.min(least + this.draw(Math.max(1, limit - least + 1)), Math.max(least, most - out.length));
      out += times === 0 ? '' : piece;
      // each repetition draws its own letters
      for (let n = 1; n < times && out.length < 2000; n += 1) {
        this.at = start;
        piece = this.piece();
        this.at = end;
        out += piece;
      }
      this.at = after;
    }
    return out;
  }

  private piece(): string {
    const character = this.regex.charAt(this.at);
    this.at += 1;
    if (character === '^' || character === '$') return '';
    if (character === '.') return this.one(classes['w'] ?? []);
    if (character === '[') return this.one(this.bracket());
    if (character === '\\') return this.escape();
    return character === '(' ? this.group() : character;
  }

  private group(): string {
    if (this.regex.startsWith('?:', this.at)) this.at += 2;
    // a hostile expression must not use up the stack
    if (this.depth > 50) return '';
    this.depth += 1;
    const inner = this.alternatives();
    this.depth -= 1;
    this.at += 1;
    return inner;
  }

  private escape(): string {
    const character = this.regex.charAt(this.at);
    this.at += 1;
    const named = classes[character];
    if (named !== undefined && character.length === 1) return this.one(named);
    return 'mMyYAZ'.includes(character) ? '' : character;
  }

  private bracket(): readonly string[] {
    const isNegated = this.regex[this.at] === '^';
    if (isNegated) this.at += 1;
    const found: string[] = [];
    for (let first = true; this.at < this.regex.length && (first || this.regex[this.at] !== ']'); first = false) {
      const named = /^\[:(\w+):\]/.exec(this.regex.slice(this.at, this.at + 14));
      const short = /^\\([dws])/.exec(this.regex.slice(this.at, this.at + 2));
      const range = /^(?:\\?([^\\]))-(?:\\?([^\]\\]))/.exec(this.regex.slice(this.at, this.at + 6));
      const token = named ?? short ?? range;
      if (token === null) {
        if (this.regex[this.at] === '\\') this.at += 1;
        found.push(this.regex.charAt(this.at));
        this.at += 1;
        continue;
      }
      this.at += token[0].length;
      if (token === range) found.push(...between(token[1] ?? '', token[2] ?? ''));
      else found.push(...(classes[token[1] ?? ''] ?? []));
    }
    this.at += 1;
    return isNegated ? [...lower, ...digits].filter((one) => !found.includes(one)) : found;
  }

  /** How often the piece before comes. */
  private count(): readonly [number, number] {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.regex.slice(this.at, this.at + 20));
    if (found === null) return [1, 1];
    this.at += found[0].length;
    if (found[0].startsWith('*')) return [0, 4];
    if (found[0].startsWith('+')) return [1, 5];
    if (found[0].startsWith('?')) return [0, 1];
    const least = Math.min(Number(found[1]), 1000);
    return [
      least,
      found[2] === '' ? least : found[3] === '' ? least + 3 : Math.max(least, Math.min(Number(found[3]), most)),
    ];
  }

  private one(from: readonly string[]): string {
    return from.length === 0 ? '' : (from[this.draw(from.length)] ?? '');
  }
}

function between(from: string, to: string): readonly string[] {
  const [low, high] = [from.charCodeAt(0), to.charCodeAt(0)];
  return Array.from({ length: Math.min(Math.max(0, high - low + 1), 200) }, (_, n) => String.fromCharCode(low + n));
}
