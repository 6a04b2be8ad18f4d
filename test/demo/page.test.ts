import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRegistry } from '../../src/people/index.ts';
import { addAuthenticator, hasBrowser, launch } from '../signing/browser.io.ts';
import { type DemoCall, type DemoRun, runDemo } from './run.io.ts';

/** A terminal of its own for the demo comes from this program. */
const present = hasBrowser() && existsSync('/usr/bin/script');

describe.runIf(present)('the demo at a terminal', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => browser?.close());

  const press = async (tab: Tab): Promise<string> => {
    await tab.click('button');
    await tab.locator('output.go, output.no').waitFor({ timeout: 60_000 });
    return (await tab.textContent('output')) ?? '';
  };

  /** Does what the terminal asks a person for, in a browser. */
  const person = (tab: Tab, said: string[], act: (how: Shown) => Promise<string>): Required<DemoCall>['watch'] => {
    const seen = new Set<string>();
    let last: Promise<unknown> = Promise.resolve();
    return (story) => {
      const text = story.replaceAll(/\s+/g, ' ');
      const shown = text.matchAll(
        /open (http:\S+) (?:on the device where Guest has the authenticator|and type ([0-9a-f]{6});)/g,
      );
      for (const [, url = '', code] of shown) {
        if (seen.has(url)) continue;
        seen.add(url);
        last = last.then(async () => void said.push(await act({ tab, url, code: code ?? null })));
      }
    };
  };

  it('asks a person for a passkey, and is opened by it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'd-'));
    const tab = await (await browser.newContext()).newPage();
    await addAuthenticator(tab, 'verifies');
    const said: string[] = [];
    const warned: boolean[] = [];
    const run: DemoRun = await runDemo({
      folder,
      terminal: true,
      watch: person(tab, said, async ({ url, code }) => {
        await tab.goto(url);
        warned.push(((await tab.textContent('p.warn')) ?? '').includes('NOT FOR PRODUCTION'));
        if (code !== null) await tab.fill('#code', code);
        // a person reads for longer than the second of review that the demo's policy asks for
        await tab.waitForTimeout(2_000);
        return press(tab);
      }),
    });
    expect(run.told).toContain('\nDone in ');
    expect(run.status).toBe(0);
    // to enrol, to ratify, and to ratify what goes forward again
    expect(said).toHaveLength(3);
    expect(said.slice(1)).toEqual(Array(2).fill('Signed by Guest; nothing is missing.'));
    expect(warned).toEqual([true, true, true]);
    expect(run.told).not.toContain('key of software, NOT FOR PRODUCTION');
    const [guest] = readRegistry(join(folder, 'oneroof-demo', 'registry.json')).persons;
    expect(guest).toMatchObject({ id: 'guest', level: 4, keys: [{ device: 'bound' }] });
    expect(readFileSync(join(folder, 'oneroof-demo', 'policy.yaml'), 'utf8')).toContain('production: false');
    expect(run.left).toEqual([]);
    expect(run.alive).toEqual([]);
    await tab.context().close();
    rmSync(folder, { recursive: true, force: true });
  }, 240_000);

  it('waits for a person as long as it takes, and ends at Ctrl-C with nothing left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'd-'));
    let pressed = false;
    const run = await runDemo({
      folder,
      terminal: true,
      watch: (story, { type }) => {
        if (pressed || !story.includes('Ctrl-C ends it')) return;
        pressed = true;
        setTimeout(() => type('\u0003'), 500);
      },
    });
    expect(pressed).toBe(true);
    expect(run.told).toContain('[INTERRUPTED]');
    expect(run.status).toBe(4);
    expect(run.left).toEqual([]);
    expect(run.alive).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);
});

/** A page that the terminal shows; without a code it is the one on which a passkey is made. */
interface Shown {
  readonly tab: Tab;
  readonly url: string;
  readonly code: string | null;
}
