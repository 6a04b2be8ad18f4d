import { describe, expect, it } from 'vitest';
import { type Html, lockFigure, type LockMark, tierLine, type TierMark } from '../../src/html/index.ts';

const hostile = '</title><script>alert(1)</script>"\u202e';
const escaped = '&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#34;\\u{202e}';

/** The words of every mark of a picture. */
function marksOf({ markup }: Html): readonly string[] {
  return [...markup.matchAll(/<g><title>([^<]*)<\/title>/g)].map(([, words = '']) => words);
}

/** The rows of the table below a picture, cells joined as a mark joins them. */
function rowsOf({ markup }: Html): readonly string[] {
  const [, body = ''] = /<tbody>(.*)<\/tbody>/s.exec(markup) ?? [];
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell]) => cell).join(' · '),
  );
}

const spans: readonly LockMark[] = [
  { tier: '1-a', relation: 'public.t', mode: 'ACCESS EXCLUSIVE', blocks: 'reads and writes', fromMs: 100, heldMs: 300 },
  { tier: '1-a', relation: 'public.u', mode: 'SHARE', blocks: 'writes', fromMs: 0, heldMs: 400 },
  { tier: '2-b', relation: hostile, mode: 'SHARE UPDATE EXCLUSIVE', blocks: 'schema changes', fromMs: 0, heldMs: 4 },
];

const tier = (n: number, more: Partial<TierMark> = {}): TierMark => ({
  id: `${n}-tier`,
  title: `Tier ${n}`,
  state: 'closed',
  oneWay: null,
  gates: [],
  ...more,
});

describe('the picture of locks', () => {
  const figure = lockFigure({ title: 'Locks', spans });

  it('says the same as its table, mark by mark', () => {
    expect(marksOf(figure)).toHaveLength(3);
    expect(marksOf(figure)).toEqual(rowsOf(figure));
  });

  it('draws each bar as long as the lock was held, on one scale for all tiers', () => {
    const bars = [
      ...figure.markup.matchAll(/<rect (?:class="f-(?:solid|plain)" )?x="([\d.]+)%" y="\d+" width="([\d.]+)%"/g),
    ];
    // the scale ends at the next round step behind 400 ms, which is 400 ms
    expect(bars.map(([, x, width]) => [Number(x), Number(width)])).toEqual([
      [25, 75],
      [0, 100],
      [0, 1],
    ]);
  });

  it('tells the kinds apart by form: filled, striped, thin', () => {
    expect(figure.markup.match(/class="f-solid"[^>]*height="13"/g)).toHaveLength(1);
    expect(figure.markup.match(/height="13" fill="url\(#lock-stripes\)"/g)).toHaveLength(1);
    expect(figure.markup.match(/class="f-plain"[^>]*height="5"/g)).toHaveLength(1);
  });

  it('draws at most forty, the heaviest, and says so; the table has all', () => {
    const many = Array.from({ length: 60 }, (_, n) => ({ ...(spans[n % 3] as LockMark), relation: `r${n}` }));
    const large = lockFigure({ title: 'Locks', spans: many });
    expect(rowsOf(large)).toHaveLength(60);
    expect(marksOf(large)).toHaveLength(40);
    expect(marksOf(large).filter((one) => one.includes('schema changes'))).toEqual([]);
    expect(rowsOf(large)).toEqual(expect.arrayContaining([...marksOf(large)]));
    expect(large.markup).toContain('The 40 with the longest waits are drawn; the table has all 60.');
  });

  it('is a sentence where there are none', () => {
    expect(lockFigure({ title: 'Locks', spans: [] }).markup).not.toContain('<svg');
  });
});

describe('the line of tiers', () => {
  const tiers = [
    tier(1, { state: 'done' }),
    tier(2, { state: 'open', gates: [{ title: hostile, state: 'open' }] }),
    tier(3, {
      gates: [
        { title: 'ospa', state: 'closed' },
        { title: 'ratified', state: 'open' },
      ],
    }),
    tier(4, { state: 'barred' }),
    tier(5, { oneWay: 'drops a column' }),
    tier(6, { state: 'unknown' }),
    tier(7, { state: 'running' }),
    tier(8, { state: 'back', title: hostile }),
  ];
  const figure = tierLine({ title: 'Tiers', tiers });

  it('says the same as its table, tier by tier', () => {
    const gates = [`${escaped}: open`, 'ospa: closed; ratified: open'];
    expect(marksOf(figure).filter((one) => !gates.includes(one))).toEqual(rowsOf(figure));
    expect(marksOf(figure).filter((one) => gates.includes(one))).toEqual(gates);
    expect(rowsOf(figure)).toHaveLength(8);
  });

  it('tells every state by a word and a sign, never by its colour alone', () => {
    for (const words of ['✓ done', '○ open', '❙❙ closed', '✕ barred', '? unknown', '▶ running', '↩ back', 'one-way →'])
      expect(figure.markup).toContain(`>${words}</text>`);
    expect(figure.markup.match(/<rect class="f-no"/g)).toHaveLength(1);
  });

  it('shows several gates as one barrier that is as closed as the most closed of them', () => {
    expect(figure.markup.match(/>closed<\/text>/g)).toHaveLength(1);
    expect(figure.markup).toContain('2 gates');
  });
});

describe('every picture', () => {
  const pictures = [
    lockFigure({ title: hostile, spans }),
    tierLine({ title: hostile, tiers: [tier(1, { title: hostile, oneWay: hostile })] }),
  ];

  it('is an image with a name and a table, without style, script or markup of others', () => {
    for (const { markup } of pictures) {
      expect(markup).toContain(`role="img" aria-label="${escaped}"`);
      expect(markup).toContain(`<title>${escaped}</title>`);
      expect(markup).toContain('<details>');
      expect(markup).not.toMatch(/<script|style=|\u202e/);
    }
  });
});
