import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest, now } from '../../src/core/index.ts';
import { openFolderStore } from '../../src/evidence/index.ts';
import { gateBody, rehearsalBody } from '../evidence-kinds/bodies.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { type Site, withSite } from './site.io.ts';

const shots = process.env['ONEROOF_SHOTS'] ?? '';

describe.skipIf(!hasBrowser())('with a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** A tab of somebody who was let in: the door needs its script, what comes after may not. */
  async function inside(site: Site, options: BrowserContextOptions): Promise<Tab> {
    const context = await browser.newContext(options);
    await context.setExtraHTTPHeaders({ authorization: `Bearer ${site.token}` });
    return context.newPage();
  }

  it('shows 150 entries on a phone, without scripts, by kind, by who signed, and what does not count', () =>
    withSite({}, async (site) => {
      const { seal } = site.sealed;
      const stranger = openFolderStore(join(site.folder, '.oneroof', 'evidence'), {
        keyFile: join(site.folder, 'stranger'),
      });
      const rehearsal = rehearsalBody({ release: 'one-roof', seal, startedAt: now(), endedAt: now(), stages: [] });
      for (let n = 0; n < 120; n += 1) await site.store.append({ kind: 'gate', seal, body: gateBody({ seal }) }, now());
      for (let n = 0; n < 27; n += 1) await site.store.append({ kind: 'rehearsal', seal, body: rehearsal }, now());
      await stranger.append({ kind: 'rehearsal', seal, body: rehearsal }, now());
      const other = digest('seal', ['another']);
      await site.store.append({ kind: 'gate', seal: other, body: gateBody({ seal: other }) }, now());
      const tab = await inside(site, { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
      const shot = async (name: string): Promise<void> => {
        if (shots === '') return;
        mkdirSync(shots, { recursive: true });
        await tab.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
      };
      const height = async (): Promise<number> => (await tab.locator('main').boundingBox())?.height ?? 0;
      await tab.goto(`${site.origin}/evidence`);
      await shot('evidence');
      expect(await height()).toBeLessThan(2500);
      expect(await tab.locator('#filter').innerText()).toContain('Filter');
      const groups = tab.locator('details.group');
      expect(await groups.count()).toBe(2);
      expect(await groups.nth(1).locator('summary').first().innerText()).toMatch(
        /one-roof: 28 rehearsal, 71 gate.*not counted: 1/s,
      );
      const choose = async (text: string | RegExp): Promise<void> => {
        if (!(await tab.locator('#filter[open]').count())) await tab.click('#filter summary');
        await tab.locator('#filter a', { hasText: text }).first().click();
      };
      const shown = async (): Promise<number> => tab.locator('details.group li').count();
      await choose(/^rehearsal/);
      await shot('evidence-rehearsals');
      expect(await tab.locator('#found').innerText()).toContain('28 of 150 entries');
      expect(await shown()).toBe(28);
      expect(await height()).toBeLessThan(2500);
      await choose('not counted');
      expect(await tab.locator('#found').innerText()).toContain('1 of 150 entries');
      expect(await tab.locator('details.group li').innerText()).toContain('not counted: key unknown');
      await tab.locator('#found a').click();
      // the key that signed the most is the first one
      await choose('SHA256:');
      expect(await tab.locator('#found').innerText()).toContain('149 of 150 entries');
      await tab.locator('nav[aria-label="Pages of the log"] a', { hasText: 'Older' }).click();
      expect([await tab.locator('#found').innerText(), await shown()]).toEqual([
        expect.stringContaining('149 of 150'),
        49,
      ]);
      // what nobody chose from a link is no filter of ours, or finds nothing
      await tab.goto(`${site.origin}/evidence?kind=%3Cscript%3E&counted=yes`);
      expect(await tab.locator('main').innerText()).toContain('No entry matches.');
      expect(await tab.locator('main script').count()).toBe(0);
    }));

  it('lets in by an address that is pasted where the door is open, also after a wrong one', () =>
    withSite({}, async (site) => {
      const tab = await (await browser.newContext()).newPage();
      await tab.goto(`${site.origin}/enter`);
      await tab.goto(`${site.origin}/enter#wrong`);
      await expect.poll(() => tab.locator('output').innerText()).toContain('this token opens nothing here');
      expect(tab.url()).toBe(`${site.origin}/enter`);
      await tab.goto(site.url);
      await tab.waitForURL(`${site.origin}/`, { timeout: 20_000 });
      expect(await tab.locator('h1').innerText()).not.toBe('Enter');
    }));

  it('reads another invitation that is pasted where one is open', () =>
    withSite({}, async (site) => {
      const tab = await (await browser.newContext()).newPage();
      const looks: string[] = [];
      tab.on('request', (asked) => {
        if (asked.url().endsWith('/look'))
          looks.push((JSON.parse(asked.postData() ?? '') as { invitation: string }).invitation);
      });
      await tab.goto(`${site.origin}/invitation/#first`);
      await expect.poll(() => looks).toEqual(['first']);
      await tab.goto(`${site.origin}/invitation/#second`);
      await expect.poll(() => looks).toEqual(['first', 'second']);
    }));
});
