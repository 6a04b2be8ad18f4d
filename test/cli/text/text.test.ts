import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cut,
  pad,
  type TextLayout,
  plain,
  table,
  timingText,
  widthOf,
  withEnd,
  wrap,
} from '../../../src/cli/text/index.ts';
import { printable } from '../../../src/core/index.ts';

const narrow = (columns: number): TextLayout => ({ ...plain, columns });
/** Texts of words, also wide ones, combining ones and such as try to act on the terminal. */
const texts = fc.string({ unit: fc.constantFrom('a', 'bc', ' ', '表', 'é', '🚀', '\u001b[2J', '\u202e', '\n', '-') });

describe('the width of a text', () => {
  it.each([
    ['abc', 3],
    ['表格', 4],
    ['e\u0301', 1],
    ['🚀', 2],
    ['\u001b[32mok\u001b[39m', 2],
    ['“≥ …”', 5],
  ])('of %j is %i columns', (text, columns) => expect(widthOf(text)).toBe(columns));

  it('is never passed by what was cut, and is reached by what was padded', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 20 }), (text, columns) => {
        const safe = printable(text);
        expect(widthOf(cut(safe, columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(pad(cut(safe, columns), { columns, side: 'left' }))).toBe(columns);
        if (widthOf(safe) <= columns) expect(cut(safe, columns)).toBe(safe);
      }),
    );
  });
});

describe('wrapping', () => {
  it('keeps every character in its order but the spaces at which it breaks, and never passes the width', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 20 }), (text, columns) => {
        const safe = printable(text);
        const lines = wrap(safe, columns);
        expect(lines.join('').replaceAll(' ', '')).toBe(safe.replaceAll(' ', ''));
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('leaves a text as it is where there is no terminal', () => {
    const long = 'word '.repeat(100);
    expect(wrap(long, plain.columns)).toEqual([long]);
  });
});

describe('a table', () => {
  const rows = [
    ['', 'metric', 'measured', 'required', ''],
    ['closed', 'ospa', '0', '≥ 1', 'gate before 2-owners: somebody has to agree'],
    ['holds', '表', '204,556', '= 204,556', 'always'],
  ];

  it('sets columns one below the other, numbers to the right, by what a terminal shows', () => {
    expect(table(rows, plain, { numbers: [2] })).toEqual([
      '        metric  measured  required',
      'closed  ospa           0  ≥ 1        gate before 2-owners: somebody has to agree',
      'holds   表       204,556  = 204,556  always',
    ]);
  });

  it('wraps its last column behind the others, and below them where that leaves too little', () => {
    expect(table(rows.slice(1), narrow(64), { numbers: [2] })).toEqual([
      'closed  ospa        0  ≥ 1        gate before 2-owners: somebody',
      '                                  has to agree',
      'holds   表    204,556  = 204,556  always',
    ]);
    expect(table(rows.slice(1, 2), narrow(30), { numbers: [2] })).toEqual([
      'closed  ospa  0  ≥ 1',
      '    gate before 2-owners:',
      '    somebody has to agree',
    ]);
  });

  it('has no line that ends in a space, and none that is too wide where words fit', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'b', '表'), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, texts)), fc.integer({ min: 40, max: 90 }), (some, columns) => {
        const lines = table(
          some.map(([one, two, text]) => [one, two, printable(text).trim()]),
          narrow(columns),
        );
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
      }),
    );
  });

  it('paints a word by what it means, and nothing of what an author wrote', () => {
    const paint = { ...plain.paint, good: (text: string) => `<${text}>`, bad: (text: string) => `!${text}!` };
    const look = { ...plain, paint };
    expect(table([['passed', 'passed']], look)).toEqual(['<passed>  passed']);
    expect(table([['NO-GO, REJECTED', 'x']], look)).toEqual(['!NO-GO, REJECTED!  x']);
    expect(table([['$&', 'x']], look)).toEqual(['$&  x']);
  });
});

describe('a line of progress', () => {
  it.each([
    [{ spentMs: 1200, leftMs: null }, '1 s'],
    [{ spentMs: 12_000, leftMs: 40_400 }, '12 s, about 40 s left'],
    [{ spentMs: 200_000, leftMs: 400 }, '3 min 20 s, nearly done'],
  ])('says of %j: %s', (timing, text) => expect(timingText(timing)).toBe(text));

  it('keeps its end, where the time stands, and cuts what is before it', () => {
    expect(withEnd('forward: 2-table up, 1 of 3: CREATE TABLE', '12 s', 30)).toBe('forward: 2-table up, 1 …  12 s');
    expect(widthOf(withEnd('forward', '12 s, about 40 s left', 20))).toBeLessThanOrEqual(20);
  });
});
