import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dossier, dossierHtml } from '../../src/dossier/index.ts';
import { digest } from '../../src/core/index.ts';
import { writeDocument } from '../../src/html/index.ts';
import { loadParser } from '../../src/release/index.ts';
import { dossierBody } from '../evidence-kinds/bodies.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';

type TierFacts = Dossier['tiers'][number];
type StatementFacts = TierFacts['up'][number];

const statement = (n: number, sql: string, more: Partial<StatementFacts> = {}): StatementFacts => ({
  n,
  title: `statement ${n}`,
  digest: digest('step', [sql]),
  sql,
  durationMs: 12.5,
  rows: 3,
  locks: ['ACCESS EXCLUSIVE on public.t, 12 ms'],
  walBytes: 4096,
  rewritten: ['public.t'],
  notices: [],
  ...more,
});

const tier = (id: string, of: Pick<TierFacts, 'up' | 'down'>): TierFacts => ({
  id,
  title: id,
  transaction: 'single',
  barred: null,
  oneWay: null,
  gates: [],
  durationMs: 1,
  ...of,
});

/** Markup, a closing tag, a letter that turns the text around, and what a scanner may lose itself in. */
const hostile = `alter table t add column "</code></pre><img src=x onerror=document.title=1>" text; -- </span><script>document.title=2</script> \u202e
select $a$</pre><b>bold</b>$a$, '</details><h1>x</h1>', /* /* nested */ <i> */ 1`;
const long = (lines: number): string =>
  Array.from({ length: lines }, (_, n) => `${n === 0 ? 'select' : ','} ${n}`).join('\n');

describe.skipIf(!hasBrowser())('the SQL on the page of an approver', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** Opens the page of a dossier with these tiers. */
  async function open(tiers: readonly TierFacts[], width = 1100) {
    const parser = await loadParser();
    const dossier: Dossier = { ...(dossierBody().dossier as unknown as Dossier), tiers };
    const view = { dossier, text: 'text', textDigest: digest('dossier', ['text']), pieces: parser.pieces };
    const tab = await browser.newPage({ viewport: { width, height: 900 } });
    await tab.setContent(writeDocument({ title: 'Ratify', main: dossierHtml(view) }, 'site'));
    return tab;
  }

  it('is seen in full without a click, each statement beside what was measured of it', async () => {
    const tiers = ['1-a', '2-b', '3-c', '4-d'].map((id) =>
      tier(id, { up: [statement(1, `create table ${id.slice(2)} (i int)`)], down: [statement(1, long(60))] }),
    );
    const tab = await open(tiers);
    expect(await tab.locator('#statements details').count()).toBe(0);
    const shown = tab.locator('#statements article');
    expect(await shown.count()).toBe(8);
    for (const one of await shown.all()) {
      const [sql, facts] = [await one.locator('pre').boundingBox(), await one.locator('.beside ul').boundingBox()];
      if (sql === null || facts === null) throw new Error('a statement or what was measured of it is not seen');
      expect(facts.x).toBeGreaterThan(sql.x + sql.width);
      expect(Math.abs(facts.y - sql.y)).toBeLessThan(20);
      expect(await one.locator('.beside ul').innerText()).toContain('ACCESS EXCLUSIVE on public.t');
    }
    // below it where there is no room
    const phone = await open(tiers, 390);
    const [sql, facts] = [phone.locator('#statements pre').first(), phone.locator('#statements .beside ul').first()];
    expect((await facts.boundingBox())?.y).toBeGreaterThan((await sql.boundingBox())?.y ?? 0);
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it('is folded from the statement on that goes beyond sixty lines, and says how much', async () => {
    const up = [statement(1, long(40)), statement(2, long(20)), statement(3, 'select 1'), statement(4, long(30))];
    const tab = await open([
      tier('1-a', { up, down: [statement(1, 'x'.repeat(6001))] }),
      tier('2-b', { up: [statement(1, 'select 1')], down: [] }),
    ]);
    const folds = tab.locator('#statements details');
    expect(await folds.locator('summary').allTextContents()).toEqual([
      'The other statements are folded: 2 statements, 31 lines',
      'All statements are folded: 1 statement, 61 lines',
    ]);
    const isSeen = (n: number): Promise<boolean> => tab.locator('#statements article').nth(n).isVisible();
    expect(await Promise.all([0, 1, 2, 3, 4, 5].map(isSeen))).toEqual([true, true, false, false, false, true]);
    await folds.first().locator('summary').click();
    expect(await isSeen(3)).toBe(true);
    await tab.emulateMedia({ media: 'print' });
    expect((await tab.locator('#statements article').nth(4).boundingBox())?.height).toBeGreaterThan(0);
  });

  it('shows hostile SQL as text, every character of it, in the colours of the scanner', async () => {
    const tab = await open([tier('1-a', { up: [statement(1, hostile)], down: [statement(1, "select 'open")] })]);
    const code = tab.locator('#statements code').filter({ hasText: 'alter table' });
    expect(await code.textContent()).toBe(hostile.replace('\u202e', '\\u{202e}'));
    expect(await tab.title()).toBe('Ratify · One Roof');
    for (const made of ['img', 'script', 'b', 'i', 'h1'])
      expect(await tab.locator(`#statements ${made}`).count()).toBe(0);
    const colours = await tab.evaluate<Record<string, string>>(
      `Object.fromEntries([...document.querySelectorAll('#statements code span')].map((one) => [one.className, getComputedStyle(one).color]))`,
    );
    expect(new Set(Object.values(colours)).size).toBe(5);
    expect(Object.keys(colours).toSorted()).toEqual(['c', 'i', 'k', 'n', 's']);
    const words = (of: string): Promise<readonly string[]> => code.locator(`.${of}`).allTextContents();
    expect(await words('k')).toEqual(['alter', 'table', 'column', 'select']);
    expect(await words('s')).toEqual(['$a$</pre><b>bold</b>$a$', "'</details><h1>x</h1>'"]);
    expect(await words('c')).toHaveLength(2);
    // what the scanner refuses is shown without colours
    expect(await tab.locator('#statements pre').last().textContent()).toBe("select 'open");
  });
});
