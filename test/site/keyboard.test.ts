import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { release } from '../gate/cycle.io.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { type Stage, withStage } from './live.io.ts';
import { passkeyOf } from './look-people.io.ts';

/** Where the focus is, in the order of the document, and whether it can be seen; null: on nothing. */
const focus = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return { place: [...document.querySelectorAll('*')].indexOf(one), name: one.outerHTML.slice(0, 80), seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
})()`;
interface Focus {
  readonly place: number;
  readonly name: string;
  readonly seen: boolean;
}

/** Goes through a page with Tab alone, from its begin until the focus leaves it. */
async function walk(tab: Tab): Promise<readonly Focus[]> {
  const found: Focus[] = [];
  for (let step = 0; step < 400; step += 1) {
    await tab.keyboard.press('Tab');
    const now = await tab.evaluate<Focus | null>(focus);
    if (now === null || now.place === found[0]?.place) return found;
    found.push(now);
  }
  throw new Error(`the focus never left the page; it is at ${found.at(-1)?.name}`);
}

/** Presses Tab until something has the focus. */
async function reach(tab: Tab, selector: string): Promise<void> {
  for (let step = 0; step < 400; step += 1) {
    await tab.keyboard.press('Tab');
    if (await tab.evaluate<boolean>(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
  }
  throw new Error(`${selector} cannot be reached with Tab`);
}

async function asked(stage: Stage, tab: Tab): Promise<void> {
  await stage.start('seal').ended;
  expect((await stage.start('rehearse', '--golden').ended).told).toContain('PASSED');
  await tab.goto(`${stage.origin}/releases/${encodeURIComponent(stage.gated.sealed.seal)}/targets/production`);
}

describe.skipIf(!hasBrowser())('without a mouse, without scripts, without motion', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('a release is asked for, judged and ratified, and all of it can be read', { timeout: 300_000 }, () =>
    withStage(
      async (stage) => {
        const tab = await browser.newPage();
        await tab.goto(stage.serving.url);
        await tab.waitForURL(`${stage.origin}/`);
        await asked(stage, tab);
        await reach(tab, 'form[data-act$="/propose"] button');
        await tab.keyboard.press('Enter');
        await tab.waitForURL(/\/statements\//, { timeout: 30_000 });
        const address = tab.url();

        // every stop can be seen, in the order of the page, and the last one lets go
        const stops = await walk(tab);
        expect(stops.length).toBeGreaterThan(20);
        expect(stops[0]?.name).toContain('class="skip"');
        expect(stops.filter(({ seen }) => !seen)).toEqual([]);
        expect(stops.map(({ place }) => place)).toEqual(
          stops.map(({ place }) => place).toSorted((one, other) => one - other),
        );

        // the skip link leads past the header
        await tab.goto(`${stage.origin}/`);
        await tab.goto(address);
        await tab.keyboard.press('Tab');
        await tab.keyboard.press('Enter');
        await tab.keyboard.press('Tab');
        expect(await tab.evaluate<boolean>("document.querySelector('main').contains(document.activeElement)")).toBe(
          true,
        );

        // what is folded opens and closes with both keys
        await reach(tab, '#evidence summary');
        const open = (): Promise<boolean> => tab.evaluate<boolean>('document.activeElement.parentElement.open');
        for (const [key, state] of [
          ['Enter', true],
          ['Space', false],
          ['Space', true],
          ['Enter', false],
        ] as const) {
          await tab.keyboard.press(key);
          expect([key, await open()]).toEqual([key, state]);
        }

        // two people ratify; a code with the space in which it is shown is the same code
        const digits = ((await tab.textContent('.digits b')) ?? '').trim().replaceAll(/\s+/g, ' ');
        expect(digits).toMatch(/^[0-9a-f]{3} [0-9a-f]{3}$/);
        for (const [who, said] of [
          ['ana', 'missing'],
          ['ben', 'nothing is missing'],
        ] as const) {
          await (await passkeyOf(tab, stage.gated.people[who])).use();
          // the page that the person before signed on loads itself again when that counts, which ends what was begun
          await tab.goto(address).catch(() => tab.goto(address));
          await reach(tab, '#ratify-code');
          await tab.keyboard.type(digits);
          await tab.keyboard.press('Enter');
          await expect
            .poll(() => tab.textContent('form[data-act$="/ratify"] output'), { timeout: 60_000 })
            .toContain(said);
        }

        // a page that was signed has nothing left to sign, and shows who did without a script
        const reader = await browser.newContext({
          javaScriptEnabled: false,
          extraHTTPHeaders: { authorization: `Bearer ${stage.token}` },
        });
        const still = await reader.newPage();
        await still.goto(address);
        const text = await still.locator('main').innerText();
        for (const part of [
          'Signed by ANA, BEN',
          'What can go wrong',
          'Rollback',
          digits.slice(0, 3),
          'can be read without scripts',
        ])
          expect(text).toContain(part);
        expect(await still.locator('#statements pre').first().isVisible()).toBe(true);
        await still.locator('#evidence summary').first().click();
        expect(await still.locator('#text').isVisible()).toBe(true);
        await still.goto(`${stage.origin}/releases/${encodeURIComponent(stage.gated.sealed.seal)}`);
        expect(await still.locator('main').innerText()).toContain('Without scripts this page shows the moment');

        // nothing moves for whoever asked for that, and for others what runs does
        const moving = `(() => { document.body.className = 'tag live'; return getComputedStyle(document.body, '::before').animationName; })()`;
        await tab.emulateMedia({ reducedMotion: 'reduce' });
        expect(await tab.evaluate(moving)).toBe('none');
        await tab.emulateMedia({ reducedMotion: 'no-preference' });
        expect(await tab.evaluate(moving)).toBe('pulse');
      },
      { files: release },
    ),
  );
});
