import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { formOf, paperOf, phoneOf, violationsOf } from './look-page.ts';

const bad = `<!doctype html><html><head><title>bad</title><style>p{color:#ccc;background:#fff}@media print{details::details-content{display:none}}</style></head>
<body><h1>one</h1><h1>two</h1><i id="x"></i><i id="x"></i><a href="https://elsewhere.example/">away</a><a href="#nowhere">nowhere</a>
<p>hardly to be read</p><button style="width:20px;height:20px"></button><div style="width:900px">wide</div>
<pre style="width:100px;overflow:hidden;white-space:pre">${'x'.repeat(200)}</pre><details><summary>folded</summary><div>inside</div></details></body></html>`;

describe.skipIf(!hasBrowser())('whoever looks at the pages', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('sees all that can be wrong with one', async () => {
    const tab = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await tab.setContent(bad);
    const { problems } = await tab.evaluate<{ readonly problems: readonly string[] }>(formOf);
    for (const found of [
      '2 first headings',
      '0 of main',
      'no language',
      'id x twice',
      'nothing at #nowhere',
      'leads away',
      'goes on beside',
    ])
      expect(problems.join('\n')).toContain(found);
    const phone = await tab.evaluate<string[]>(phoneOf);
    expect(phone.join('\n')).toMatch(/px wide[^]*too small to press/);
    await tab.emulateMedia({ media: 'print' });
    const paper = await tab.evaluate<string[]>(paperOf);
    expect(paper.join('\n')).toMatch(/stays folded: folded[^]*cut off: <pre/);
    await tab.emulateMedia({ media: 'screen' });
    await tab.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const rules = (await tab.evaluate<string[]>(violationsOf('light'))).map((one) => one.split(':')[0]);
    expect(rules).toEqual(expect.arrayContaining(['html-has-lang', 'color-contrast', 'button-name']));
    expect((await tab.evaluate<string[]>(violationsOf('dark'))).join('\n')).toContain('color-contrast');
  });
});
