import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, type Page as Tab, type Response } from 'playwright-core';
import { isLong } from '../counts.ts';
import { formOf, paperOf, phoneOf, violationsOf } from './look-page.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where pictures go, for whoever wants to look at them: never into the repository. */
const shots = process.env['ONEROOF_SHOTS'] ?? '';

/** What a page says of itself. */
interface Form {
  readonly title: string;
  readonly problems: readonly string[];
  readonly links: readonly string[];
}

/** Opens a page from an empty one: a page that is about to read itself anew would tear the way to the next one. */
export async function go(tab: Tab, url: string): Promise<Response | null> {
  await tab.goto('about:blank').catch(() => null);
  return tab.goto(url);
}

/** A visitor who was let in, and what is wrong with the pages that they saw. */
export interface Visitor {
  readonly tab: Tab;
  readonly context: BrowserContext;
  /** What is wrong, one line each; empty where nothing is. */
  readonly wrong: string[];
  /** Every address of this site that the pages lead to, and the page that led there. */
  readonly links: Map<string, string>;
  /** Titles, and the address of the page that has each. */
  readonly titles: Map<string, string>;
  /** Opens a page and looks at it: in light and dark, on a phone, on paper; where such a page was seen before, in light alone. */
  look(path: string, name: string): Promise<void>;
}

/** Lets somebody in. The policy of the pages is out of force for them, because axe is a script of its own. */
export async function visitor(browser: Browser, url: string): Promise<Visitor> {
  const context = await browser.newContext({ bypassCSP: true, reducedMotion: 'reduce' });
  const tab = await context.newPage();
  const wrong: string[] = [];
  const links = new Map<string, string>();
  const titles = new Map<string, string>();
  tab.on('pageerror', (error) => wrong.push(`${tab.url()}: ${String(error)}`));
  await tab.goto(url);
  const { origin } = new URL(url);
  await tab.waitForURL(`${origin}/`);
  const kinds = new Set<string>();
  const look = async (path: string, name: string): Promise<void> => {
    // usually the first page of each kind is seen in every way, and a later one in one way
    const kind = decodeURIComponent(path).replaceAll(/[0-9a-f]{64}/g, '');
    const inEveryWay = isLong || !kinds.has(kind);
    kinds.add(kind);
    const say = (what: string): void => void wrong.push(`${name} ${path.slice(0, 60)}: ${what}`);
    await tab.setViewportSize({ width: 1100, height: 900 });
    await tab.emulateMedia({ colorScheme: 'light', media: 'screen' });
    const answer = await go(tab, `${origin}${path}`);
    if (answer?.status() !== 200) say(`it answers ${answer?.status()}`);
    const found = await tab.evaluate<Form>(formOf);
    for (const problem of found.problems) say(problem);
    const here = decodeURIComponent(path);
    const before = titles.get(found.title);
    if (before !== undefined && before !== here) say(`its title is also the one of ${before}: ${found.title}`);
    titles.set(found.title, here);
    for (const link of found.links.map(decodeURIComponent)) if (!links.has(link)) links.set(link, here);
    await tab.evaluate(axe);
    for (const colorScheme of inEveryWay ? (['light', 'dark'] as const) : (['light'] as const)) {
      await tab.emulateMedia({ colorScheme });
      for (const violation of await tab.evaluate<string[]>(violationsOf(colorScheme)))
        say(`${colorScheme}: ${violation}`);
      await shoot(tab, `${name}-${colorScheme}`);
    }
    if (!inEveryWay) return;
    await tab.emulateMedia({ colorScheme: 'light' });
    await tab.setViewportSize({ width: 390, height: 844 });
    for (const problem of await tab.evaluate<string[]>(phoneOf)) say(`phone: ${problem}`);
    await shoot(tab, `${name}-phone`);
    await tab.emulateMedia({ media: 'print' });
    await tab.setViewportSize({ width: 718, height: 1000 });
    for (const problem of await tab.evaluate<string[]>(paperOf)) say(`print: ${problem}`);
    await tab.emulateMedia({ media: 'screen' });
  };
  return { tab, context, wrong, links, titles, look };
}

async function shoot(tab: Tab, name: string): Promise<void> {
  if (shots === '') return;
  mkdirSync(shots, { recursive: true });
  const { width = 1100 } = tab.viewportSize() ?? {};
  await tab.screenshot({ path: `${shots}/${name}.png`, fullPage: true, clip: { x: 0, y: 0, width, height: 1500 } });
  if (name.endsWith('light')) await tab.screenshot({ path: `${shots}/${name}-all.png`, fullPage: true });
}
