import { formatDuration, type Milliseconds, printable } from '../core/index.ts';

/** What the demo tells: one line a fact, aligned, with the time that it took. */
export interface Narration {
  /** A heading, with an empty line before it. */
  chapter(title: string): void;
  /** An empty line. */
  gap(): void;
  /** One fact: a name, what is so, and how long it took. */
  tell(fact: { readonly name: string; readonly text: string; readonly took?: Milliseconds }): void;
  /** Something that was tried: by whom, what, and how it was answered. */
  tried(attempt: { readonly who: string; readonly what: string; readonly answer: string }): void;
}

/** Columns of what was tried, so that the answers stand below each other. */
const triedWidth = 40;

/**
 * Writes the story line by line.
 *
 * Shape   name in 14 columns, text in 78, time at the right; of what was tried, 40 columns, then the answer.
 */
export function narrationTo(write: (line: string) => void): Narration {
  return {
    chapter: (title) => write(`\n${title}`),
    gap: () => write(''),
    tell: ({ name, text, took }) => {
      const lines = wrap(printable(text), 78);
      lines.forEach((line, index) => {
        const time = index === 0 && took !== undefined ? formatDuration(took).padStart(9) : '';
        write(`  ${(index === 0 ? name : '').padEnd(14)}${time === '' ? line : line.padEnd(78)}${time}`.trimEnd());
      });
    },
    tried: ({ who, what, answer }) => {
      const left = wrap(printable(what), triedWidth - 2);
      const right = wrap(printable(answer), 87 - triedWidth);
      for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
        const name = (index === 0 ? who : '').padEnd(14);
        write(`  ${name}${(left[index] ?? '').padEnd(triedWidth)}${right[index] ?? ''}`.trimEnd());
      }
    },
  };
}

/** Breaks a text at spaces into lines of at most a number of characters; a longer word stays whole. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
