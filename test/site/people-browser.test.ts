import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyAndRegistry, type Registry } from '../../src/people/index.ts';
import { freePort, hasBrowser, launch } from '../signing/browser.io.ts';
import { sql } from '../../src/database/index.ts';
import { withSession } from '../database.io.ts';
import { registryIn, signing, strangersTab, tabOf, withPeople } from './people.io.ts';
import { type Site, withSite } from './site.io.ts';

let browser: Browser;
beforeAll(async () => {
  if (hasBrowser()) browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

/** Pictures for whoever wants to look: ONEROOF_SHOTS names a folder. */
async function shoot(tab: Tab, name: string): Promise<void> {
  const folder = process.env['ONEROOF_SHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  for (const scheme of ['light', 'dark'] as const)
    for (const width of [1200, 390]) {
      await tab.emulateMedia({ colorScheme: scheme });
      await tab.setViewportSize({ width, height: 900 });
      await tab.screenshot({ path: join(folder, `${name}-${scheme}-${width}.png`), fullPage: true });
    }
  await tab.setViewportSize({ width: 1200, height: 900 });
}

/** Invites somebody new on the page, and returns the link. */
async function inviteOn(tab: Tab, who: { readonly id: string; readonly name: string; readonly level: number }) {
  await tab.fill('#id', who.id);
  await tab.fill('#name', who.name);
  await tab.fill('#level', String(who.level));
  await tab.click('#invite button.primary');
  return await linkOn(tab);
}
async function linkOn(tab: Tab): Promise<string> {
  await tab.waitForSelector('#link:not([hidden])');
  return await tab.inputValue('#url');
}

/** Opens an invitation in a browser of somebody else, and makes the passkey. */
async function enrolBy(link: string): Promise<string> {
  const { tab } = await strangersTab(browser);
  await tab.goto(link);
  await tab.waitForSelector('form:not([hidden])');
  await shoot(tab, 'invitation');
  await tab.click('button.primary');
  await tab.waitForSelector('output.go, output.no');
  return (await tab.textContent('output')) ?? '';
}

/** Two who hold the same link use it at the same time. */
async function raceWith(link: string): Promise<readonly string[]> {
  const tabs = await Promise.all([strangersTab(browser), strangersTab(browser)]);
  for (const { tab } of tabs) {
    await tab.goto(link);
    await tab.waitForSelector('form:not([hidden])');
  }
  return await Promise.all(
    tabs.map(async ({ tab }) => {
      await tab.click('button.primary');
      await tab.waitForSelector('output.go, output.no');
      return (await tab.textContent('output')) ?? '';
    }),
  );
}

async function signOn(tab: Tab, path: string, site: Site): Promise<string> {
  await tab.goto(`${site.origin}${path}`);
  await tab.fill('#code', (await tab.textContent('#statement b')) ?? '');
  await tab.click('form button');
  await tab.waitForSelector('output.go, output.no');
  return (await tab.textContent('output')) ?? '';
}

describe.skipIf(!hasBrowser())('people on the site, in a browser', () => {
  it(
    'invites, enrols, adds a second device, and is in force once the quorum signed, and not before',
    { timeout: 90_000 },
    () =>
      withPeople(async ({ site, gated }) => {
        const { ana, ben } = gated.people;
        const { tab } = await tabOf(browser, site, [ana]);
        await tab.goto(`${site.origin}/people`);
        await shoot(tab, 'people');
        const link = await inviteOn(tab, { id: 'eve', name: 'Eve <b>Adams</b>', level: 5 });
        await shoot(tab, 'invited');
        expect(await enrolBy(link)).toContain('draft');
        await tab.reload();
        expect(await tab.textContent('#draft')).toContain('Eve <b>Adams</b>');
        await tab.click('#draft tr:has(code:text-is("eve")) button:has-text("Another device")');
        expect(await enrolBy(await linkOn(tab))).toContain('draft');
        await tab.goto(`${site.origin}/people`);
        await shoot(tab, 'draft');
        const draft = (await (await site.get(await hrefOf(tab, '#draft a[href*=registry]'))).json()) as Registry;
        expect(draft.persons.find(({ id }) => id === 'eve')?.keys).toHaveLength(2);
        await tab.click('#draft button:has-text("Ask the quorum")');
        // one target: straight to where it is read and signed
        await tab.waitForURL('**/production/sign');
        await shoot(tab, 'sign');
        const path = new URL(tab.url()).pathname;
        expect(await signOn(tab, path, site)).toContain('Signed by ANA; missing: seats: 1 of 2');
        expect((await registryIn(gated)).version).toBe(1);
        // it reads itself anew by then
        await tab.waitForEvent('load');
        await tab.waitForSelector('li:has-text("signed") >> text=ANA');
        await shoot(tab, 'half');
        expect(await signOn(tab, path, site)).toContain('duplicate');
        const other = await tabOf(browser, site, [ben]);
        expect(await signOn(other.tab, path, site)).toContain('nothing is missing');
        expect(await registryIn(gated)).toEqual(draft);
        await other.tab.waitForURL('**/people');
        await tab.goto(`${site.origin}/people`);
        await shoot(tab, 'after');
        expect(await tab.locator('#draft').count()).toBe(0);
        expect(await tab.textContent('main')).toContain('registry version 2');
        expect(site.defects).toEqual([]);
      }),
  );

  it(
    'shows what others draft, ask, sign and withdraw on another server, without loading anew and without touching what is typed',
    { timeout: 120_000 },
    () =>
      withPeople(async ({ site, gated }) => {
        const { ana, ben } = gated.people;
        const port = await site.another();
        const elsewhere = (path: string, body: object) => site.post(path, body, { port });
        const { tab } = await tabOf(browser, site, [ben]);
        await tab.goto(`${site.origin}/people`);
        await marked(tab);
        await tab.fill('#id', 'ev');
        const follows = await followsOf(site);
        expect(await elsewhere('/people/draft/drop', { follows, person: 'ira' })).toMatchObject({ ok: true });
        await expect.poll(() => tab.textContent('#drafts'), soon).toContain('registry version 2');
        expect(await tab.textContent('#told')).toContain('Draft of registry version 2');
        // a button that was drawn meanwhile does what it says; one that has the focus while its draft changes is closed
        await tab.focus('#drafts button:has-text("Ask the quorum")');
        await elsewhere('/people/draft/discard', { follows });
        await tab.waitForSelector('#outdated', soon);
        expect(await focusOf(tab)).toBe('Ask the quorum');
        const posts = postsOf(tab);
        await tab.keyboard.press('Enter');
        await tab.focus('#id');
        await elsewhere('/people/draft/drop', { follows, person: 'ira' });
        await elsewhere('/people/invite', { kind: 'device', id: 'ben' });
        await expect.poll(() => tab.textContent('#invitations'), soon).toContain('another device');
        expect([posts, await tab.locator('#outdated').isVisible()]).toEqual([[], false]);
        const asked = await elsewhere('/people/draft/ask', { follows });
        expect(asked).toMatchObject({ ok: true });
        await expect.poll(() => tab.textContent('#changes'), soon).toContain('no one has signed yet');
        expect(await tab.textContent('#drafts')).toContain('Sign it');
        expect([await tab.inputValue('#id'), await focusOf(tab), await marked(tab)]).toEqual(['ev', 'id', true]);

        const path = `${String(asked['to'])}/production/sign`;
        const look = async (): Promise<Tab> => {
          const one = (await tabOf(browser, site, [ben])).tab;
          await one.goto(`${site.origin}${path}`);
          await marked(one);
          await one.fill('#code', 'abc');
          return one;
        };
        const [signer, other] = [await look(), await look()];
        const by = signing(site, path, ana);
        const begun = await by.begin({ port });
        expect(await by.finish(begun['ceremony'], { port })).toMatchObject({ ok: true });
        for (const one of [signer, other]) {
          await expect.poll(() => one.textContent('#standing'), soon).toContain('ANA');
          await expect.poll(() => one.textContent('#told'), soon).toMatch(/1 of 2.*Signed by ANA/);
          expect([await one.inputValue('#code'), await focusOf(one), await marked(one)]).toEqual(['abc', 'code', true]);
          expect(await one.locator('#outdated').isVisible()).toBe(false);
        }
        await expect.poll(() => tab.textContent('#changes'), soon).toContain('signed by ana');

        // nothing was closed: whoever typed goes on, and is the last one
        await signer.fill('#code', (await signer.textContent('#statement b')) ?? '');
        await signer.click('form button');
        await expect.poll(() => signer.textContent('output'), soon).toContain('nothing is missing');
        // there is nothing left to sign for the other one: closed, said, and what was typed stays
        await other.waitForSelector('#outdated', soon);
        expect(await other.textContent('#told')).toContain('is in force');
        await expectClosed(other);
        await expect.poll(() => tab.textContent('#force'), soon).toContain('registry version 2');
        expect(await tab.inputValue('#id')).toBe('ev');
        expect(site.defects).toEqual([]);
      }),
  );

  it('closes the button when the statement to sign has changed', { timeout: 60_000 }, () =>
    withPeople(async ({ site, gated }) => {
      const follows = await followsOf(site);
      await site.post('/people/draft/drop', { follows, person: 'ira' });
      const { to } = await site.post('/people/draft/ask', { follows });
      const { tab } = await tabOf(browser, site, [gated.people.ben]);
      await tab.goto(`${site.origin}${String(to)}/production/sign`);
      await marked(tab);
      const before = await tab.textContent('#statement');
      await tab.fill('#code', 'abc');
      await withSession(site.state, (session) => session.query(sql`delete from oneroof_server.nonces`));
      await site.post('/people/invite', { kind: 'device', id: 'ana' });
      await tab.waitForSelector('#outdated', soon);
      expect(await tab.textContent('#told')).toContain('out of date');
      expect(await tab.textContent('#statement')).toBe(before);
      await expectClosed(tab);
      await tab.reload();
      expect(await tab.textContent('#statement')).not.toBe(before);
      expect(await tab.locator('button[aria-disabled=true]').count()).toBe(0);
    }),
  );

  it('says without scripts that it does not follow', { timeout: 60_000 }, () =>
    withPeople(async ({ site }) => {
      const context = await browser.newContext({
        javaScriptEnabled: false,
        extraHTTPHeaders: { authorization: `Bearer ${site.token}` },
      });
      const tab = await context.newPage();
      const follows = await followsOf(site);
      await site.post('/people/draft/drop', { follows, person: 'ira' });
      const { to } = await site.post('/people/draft/ask', { follows });
      for (const path of ['/people', `${String(to)}/production/sign`]) {
        await tab.goto(`${site.origin}${path}`);
        expect(await tab.locator('main').innerText()).toContain('Without scripts this page shows the moment');
      }
    }),
  );

  it('makes one passkey with an invitation, however often and however fast the link is used', { timeout: 60_000 }, () =>
    withPeople(async ({ site }) => {
      const made = await site.post('/people/invite', { kind: 'device', id: 'ana' });
      const said = (await raceWith(String(made['link']))).toSorted();
      expect(said).toEqual([expect.stringMatching(/^INVITATION_OVER/), expect.stringMatching(/draft/)]);
      const { tab } = await strangersTab(browser);
      await tab.goto(String(made['link']));
      await expect.poll(() => tab.textContent('h1')).toBe('This invitation is not valid');
      expect(await tab.locator('form:not([hidden])').count()).toBe(0);
      const draft = (await (
        await site.get(`/people/draft/registry.json?follows=${await followsOf(site)}`)
      ).json()) as Registry;
      expect(draft.persons.map(({ id, keys }) => [id, keys.length])).toEqual([
        ['ana', 2],
        ['ben', 1],
        ['ira', 1],
      ]);
    }),
  );

  it('leads an empty server to its first registry: two people enrol on the site, and the file is downloaded', {
    timeout: 60_000,
  }, async () => {
    const port = await freePort();
    const policy = `format: 1
name: first
production: false
origin: http://localhost:${port}
rpId: localhost
seats: [{ level: 2 }, { level: 4 }]
oneWaySeats: []
window: { longest: 24h, review: 1min, rollback: 1d }
rehearsal: { maxAge: 3d }
holdPoints: []
quorum: [{ level: 4 }, { level: 2 }]
authenticators: { aaguids: null, attestation: none }
`;
    await withSite({ port, files: { 'policy.yaml': policy } }, async (site) => {
      const { tab } = await tabOf(browser, site, []);
      await tab.goto(`${site.origin}/people`);
      await shoot(tab, 'empty');
      for (const who of [
        { id: 'ana', name: 'Ana', level: 4 },
        { id: 'ben', name: 'Ben', level: 2 },
      ]) {
        expect(await enrolBy(await inviteOn(tab, who))).toContain('draft');
        await tab.reload();
      }
      await shoot(tab, 'first');
      // a page of the site writes no file: whoever installs the gate puts it there
      const coming = tab.waitForEvent('download');
      await tab.click('text="Download registry.json"');
      const files = { policy: join(site.folder, 'policy.yaml'), registry: join(site.folder, 'registry.json') };
      expect(existsSync(files.registry)).toBe(false);
      await (await coming).saveAs(files.registry);
      expect(readPolicyAndRegistry(files).registry.persons.map(({ id }) => id)).toEqual(['ana', 'ben']);
      expect(site.defects).toEqual([]);
    });
  });
});

async function hrefOf(tab: Tab, selector: string): Promise<string> {
  return (await tab.getAttribute(selector, 'href')) ?? '';
}

async function followsOf(site: Site): Promise<string> {
  const page = await (await site.get('/people', { accept: 'text/html' })).text();
  return /name="follows" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

/** What others do shows within some seconds, also on a busy machine. */
const soon = { timeout: 20_000 };

/** Marks a page, and counts its prompts for a passkey; says whether it was marked before, and is still the same page, and prompted nobody. */
async function marked(tab: Tab): Promise<boolean> {
  return await tab.evaluate<boolean>(`(() => {
    const before = window.prompts;
    if (before === undefined) {
      const get = navigator.credentials.get.bind(navigator.credentials);
      window.prompts = 0;
      navigator.credentials.get = (asked) => { window.prompts += 1; return get(asked); };
    }
    return before === 0;
  })()`);
}

async function focusOf(tab: Tab): Promise<string> {
  return await tab.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
}

/** What a page posts from now on. */
function postsOf(tab: Tab): readonly string[] {
  const posts: string[] = [];
  tab.on('request', (asked) => {
    if (asked.method() === 'POST') posts.push(asked.url());
  });
  return posts;
}

/** What was typed is there, and goes nowhere, by key or by button. */
async function expectClosed(tab: Tab): Promise<void> {
  const posts = postsOf(tab);
  expect([await tab.inputValue('#code'), await focusOf(tab), await marked(tab)]).toEqual(['abc', 'code', true]);
  await tab.fill('#code', (await tab.textContent('#statement b')) ?? '');
  await tab.keyboard.press('Enter');
  await tab.click('form button', { force: true });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([posts, await marked(tab)]).toEqual([[], true]);
}
