import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Digest, digest, type Instant, now } from '../../src/core/index.ts';
import { sealStage } from '../../src/pipeline.io.ts';
import { type Report } from '../../src/report/index.ts';
import { homePage, releaseLines, type SealLine } from '../../src/site/home/home.ts';
import { rehearsalBody } from '../evidence-kinds/bodies.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { go } from './look.io.ts';
import { withSite } from './site.io.ts';

const line = (name: string, sealedIn: number, more: Partial<SealLine> = {}): SealLine => ({
  seal: digest('seal', [`${name} ${sealedIn}`]) as Digest,
  name,
  title: null,
  lastAt: '2026-06-03T08:00:00.000Z' as Instant,
  sealedIn,
  failures: [],
  reports: [report({})],
  ...more,
});

const report = (more: { readonly readiness?: object; readonly rolledOut?: boolean; readonly state?: string }): Report =>
  ({
    target: 'production',
    readiness: { status: 'NO-GO', reasons: ['the rehearsal failed'], ...more.readiness },
    execution: { status: 'NO-GO', reasons: [] },
    blockers: ['x'],
    rolledOut: more.rolledOut ?? false,
    tiers: [{ state: more.state ?? 'closed' }],
  }) as unknown as Report;

describe('the page of releases', () => {
  it('has one line for each release, by the seal that was made last', () => {
    const seals = [line('b', 7), line('a', 2), line('a', 9), line('a', 5)];
    expect(releaseLines(seals).map(({ newest, older }) => [newest, ...older].map(({ sealedIn }) => sealedIn))).toEqual([
      [7],
      [9, 5, 2],
    ]);
  });

  it('hides no older seal that is ready, rolled out, half-way or not known', () => {
    const isFolded = (older: Partial<SealLine>): boolean => {
      const { markup } = homePage([line('a', 2), line('a', 1, older)]).main;
      expect(markup).toContain('1 older seal<');
      return !markup.includes('<details open>');
    };
    expect(isFolded({})).toBe(true);
    expect(isFolded({ reports: null })).toBe(false);
    expect(isFolded({ reports: [report({}), report({ rolledOut: true })] })).toBe(false);
    expect(isFolded({ reports: [report({ state: 'done' })] })).toBe(false);
    expect(isFolded({ reports: [report({ readiness: { status: 'GO', reasons: [] } })] })).toBe(false);
  });
});

describe.skipIf(!hasBrowser())('the page of releases in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('shows the newest seal of a release, and folded below it why the older ones failed', { timeout: 120_000 }, () =>
    withSite({}, async (site) => {
      const first = site.sealed.seal;
      const problem = 'tier 2 <b>fails</b>';
      const problems = [{ code: 'STEP_FAILED', problem, fix: 'change it' }];
      await site.store.append(
        { kind: 'rehearsal', seal: first, body: rehearsalBody({ seal: first, outcome: 'failed', problems }) },
        now(),
      );
      const folder = join(site.folder, 'release');
      const file = join(folder, 'release.yaml');
      const seals = [first];
      for (const n of [1, 2]) {
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^title: .*/m, `title: Title ${n}`));
        seals.push((await sealStage(folder, site.store)).sealed.seal);
      }
      expect(new Set(seals).size).toBe(3);
      const tab = await browser.newPage({ viewport: { width: 1100, height: 700 } });
      await tab.goto(site.url);
      await tab.waitForURL(`${site.origin}/`);
      // what is recorded of an older seal later does not make it the newest
      await site.store.append(
        { kind: 'rehearsal', seal: first, body: rehearsalBody({ seal: first, outcome: 'failed', problems }) },
        now(),
      );
      await go(tab, `${site.origin}/`);
      const rows = tab.locator('main tbody tr:not(.below)');
      expect(await rows.count()).toBe(1);
      expect(await rows.locator('th').innerHTML()).toContain(encodeURIComponent(seals[2] ?? ''));
      const older = tab.locator('tr.below details');
      expect(await older.locator('summary').innerText()).toBe('2 older seals');
      expect(await older.locator('li').first().isVisible()).toBe(false);
      await older.locator('summary').click();
      const said = await older.locator('li').allInnerTexts();
      expect(said[0]).toContain((seals[1] ?? '').slice(7, 19));
      expect(said[1]).toContain(first.slice(7, 19));
      expect(said[1]).toContain(`rehearsal failed ${problem}`);
      await tab.screenshot({ path: join(process.env['ONEROOF_SHOTS'] ?? site.folder, 'seals.png'), fullPage: true });
      await tab.setViewportSize({ width: 390, height: 700 });
      expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(390);
      expect(site.defects).toEqual([]);
    }),
  );
});
