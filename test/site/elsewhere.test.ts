import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { withSite } from './site.io.ts';

const run = hasBrowser() ? it : it.skip;
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

/** What a page of somebody else tries on a visitor who was let in; it says what it got. */
const attack = `async (origin) => {
  const said = {};
  const of = async (name, work) => { said[name] = await work().catch((error) => 'failed: ' + error.name); };
  const post = (init) => async () => (await fetch(origin + '/enter', { method: 'POST', credentials: 'include', body: '{}', ...init })).text();
  await of('read', () => fetch(origin + '/', { credentials: 'include' }).then((answer) => answer.text()));
  await of('post json', post({ headers: { 'content-type': 'application/json' } }));
  await of('post text', post({}));
  await of('events', () => new Promise((resolve) => {
    const events = new EventSource(origin + '/events', { withCredentials: true });
    events.addEventListener('open', () => resolve('open'));
    events.addEventListener('error', () => resolve('failed: events'));
  }));
  await of('blind', async () => {
    const answer = await fetch(origin + '/', { mode: 'no-cors', credentials: 'include' });
    return answer.type + ' ' + (await answer.text()).length;
  });
  await of('script', () => new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = origin + '/evidence';
    script.addEventListener('load', () => resolve('loaded'));
    script.addEventListener('error', () => resolve('failed: script'));
    document.head.append(script);
  }));
  const opened = window.open(origin + '/', 'victim');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await of('opened', async () => opened === null || opened.closed ? 'failed: severed' : opened.document.title);
  return said;
}`;

run(
  'a page of another origin, or of another port, sees and does nothing with the session of a visitor',
  {
    timeout: 120_000,
  },
  () =>
    withSite({}, async (site) => {
      const posts: string[] = [];
      const evil = createServer((_, answer) => {
        answer
          .setHeader('content-type', 'text/html')
          .end(
            `<h1>evil</h1><iframe name="frame" src="${site.origin}/"></iframe><form id="form" method="post" enctype="text/plain" target="sink" action="${site.origin}/enter"><input name='{"token":"' value='x"}'></form><iframe name="sink"></iframe>`,
          );
      });
      await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
      const { port } = evil.address() as AddressInfo;
      const context = await browser.newContext();
      try {
        const own = await context.newPage();
        await own.goto(site.url);
        await own.waitForURL(`${site.origin}/`);
        // the negative control: what the attack asks for is there for a page of the site itself
        expect(await own.evaluate(async () => (await fetch('/')).status)).toBe(200);
        // by another name the site is another site; by the same name and another port the browser sends even strict cookies along
        for (const from of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`]) {
          const tab = await context.newPage();
          tab.on('response', (answer) => {
            if (answer.url().startsWith(site.origin)) posts.push(`${answer.request().method()} ${answer.status()}`);
          });
          await tab.goto(from);
          const said = await tab.evaluate<Record<string, string>>(`(${attack})(${JSON.stringify(site.origin)})`);
          for (const [what, got] of Object.entries(said))
            expect([from, what, got.startsWith('failed') || got === 'opaque 0']).toEqual([from, what, true]);
          const frame = tab.frames().find((one) => one.name() === 'frame');
          expect(frame).toBeDefined();
          expect((await frame?.content().catch(() => '')) ?? 'Releases').not.toContain('Releases');
          await tab.evaluate(`document.querySelector('#form').submit()`);
          await expect
            .poll(() => posts.filter((one) => one.startsWith('POST')).length, { timeout: 5000 })
            .toBeGreaterThan(0);
          await tab.close();
        }
        expect(posts.filter((one) => one.startsWith('POST') && !one.endsWith('403'))).toEqual([]);
        expect(site.defects).toEqual([]);
      } finally {
        await context.close();
        evil.close();
        evil.closeAllConnections();
      }
    }),
);
