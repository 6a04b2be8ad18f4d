import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { digest, now } from '../../src/core/index.ts';
import { evidenceKinds } from '../../src/evidence/evidence.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { type Site, withSite } from './site.io.ts';

const script = '<script>alert(1)</script><img src=x onerror=alert(2)>"\' onload=alert(3) <svg/onload=alert(4)>';
const yaml = (text: string): string => JSON.stringify(text);
/** What an agent writes, everywhere: each of these texts reaches a page. */
const hostile = (manifest: string): string =>
  manifest
    .replace(/^title: .*$/m, `title: ${yaml(`T ${script}`)}`)
    .replace(/^summary: >-\n(?: {2}.*\n)+/m, `summary: ${yaml(`S ${script} [x](javascript:alert(5))`)}\n`)
    .replace(/title: Ledger and indexes/, `title: ${yaml(`L ${script}`)}`)
    .replace(/title: human ratification.*$/m, `title: ${yaml(`G ${script}`)}`)
    .replace(/name: release agent/, `name: ${yaml(`A ${script}`)}`)
    .replace(/reason: it collides.*$/m, `reason: ${yaml(`O ${script}`)}`)
    .replace(/barred: designed.*$/m, `barred: ${yaml(`B ${script}`)}`)
    .replace(/ospa: rows in.*$/m, `ospa: ${yaml(`M ${script}`)}`)
    .replace(/text: the review.*$/, `text: ${yaml(`R ${script}`)}`)
    .replace(/text: the review[^}]*/, `text: ${yaml(`R ${script}`)} `)
    .replace(/title: app-side label_rule alignment/, `title: ${yaml(`N ${script}`)}`);
const files = {
  'release.yaml': hostile,
  'tiers/1-structure/up.sql': (text: string) => `-- ${script}\n${text}`,
};

/** Bodies that no program of ours records, for every kind: whoever holds the key of the evidence can sign them. */
const nested = (depth: number): unknown => JSON.parse('[{"a":'.repeat(depth) + '1' + '}]'.repeat(depth)) as unknown;
const forged: readonly unknown[] = [
  null,
  'text',
  [],
  {},
  { version: 1 },
  nested(400),
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  {
    version: 1,
    outcome: 'passed',
    decision: 'GO',
    target: { toString: 'x' },
    verdict: { decision: 'OPEN', reasons: 7 },
    startedAt: 'never',
    endedAt: 1e308,
    problems: [null, { problem: {} }],
    stages: [{ stage: '__proto__', metrics: { ospa: 1e308 }, steps: 3 }, null],
    proof: null,
    gateSchema: [],
    statement: { body: '{', signatures: null, digest: script },
    dossier: { text: script },
    text: script,
    body: script,
    descriptor: null,
    entry: { takenAt: script, metrics: { [script]: -1e308 } },
    files: { 'release.yaml': 7, [script]: script },
    tier: script,
    steps: ['x', null],
    phase: 'intent',
    epoch: script,
    reason: script,
    direction: 'up',
  },
];

async function forge(site: Site): Promise<void> {
  for (const kind of evidenceKinds)
    for (const body of forged) await site.store.append({ kind, seal: site.sealed.seal, body }, now());
  // and of a release whose files nobody has recorded
  const stranger = digest('seal', ['stranger']);
  for (const body of forged) await site.store.append({ kind: 'seal', seal: stranger, body }, now());
}

async function pagesOf(site: Site): Promise<readonly string[]> {
  const entries = await site.store.entries();
  const release = `/releases/${encodeURIComponent(site.sealed.seal)}`;
  const stranger = `/releases/${encodeURIComponent(digest('seal', ['stranger']))}`;
  return [
    '/',
    release,
    stranger,
    `${release}/report`,
    `${release}/targets/production`,
    `${release}/targets/production/report`,
    '/evidence',
    '/evidence?page=1',
    ...new Set(entries.map((one) => `/evidence/${encodeURIComponent(one.digest)}`)),
  ];
}

it(
  'shows every page over evidence that the holder of the key forged, and says what cannot be read',
  () =>
    withSite({ files }, async (site) => {
      await forge(site);
      for (const page of await pagesOf(site)) {
        const answer = await site.get(page, { accept: 'text/html' });
        expect([page, answer.status]).toEqual([page, 200]);
        const text = await answer.text();
        expect(text, page).not.toMatch(/<script>alert|<img|onerror=alert\(2\)>|href="javascript:/);
      }
      const release = `/releases/${encodeURIComponent(site.sealed.seal)}`;
      expect(await (await site.get(release)).text()).toContain('unreadable');
      expect((await site.get(`${release}/bundle`)).status).toBe(200);
      const deep = (await site.store.entries()).filter(({ size }) => size > 2000 && size < 8000);
      expect(deep.length).toBeGreaterThan(0);
      expect(Reflect.get({}, 'polluted')).toBeUndefined();
      // the target does not answer, and the terminal is told so
      expect(site.defects).toEqual([expect.stringContaining('was not asked for a bundle')]);
    }),
  120_000,
);

const run = hasBrowser() ? it : it.skip;
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => browser.close());

run('runs nothing that an agent wrote, on any page, in a real browser', { timeout: 180_000 }, () =>
  withSite({ files }, async (site) => {
    await forge(site);
    const tab = await browser.newPage();
    const wrong: string[] = [];
    tab.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    tab.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    tab.on('pageerror', (error) => wrong.push(error.message));
    const asked: string[] = [];
    tab.on('request', (request) => asked.push(`${request.url()} ${JSON.stringify(request.headers())}`));
    await tab.goto(site.url);
    await tab.waitForURL(`${site.origin}/`);
    for (const page of (await pagesOf(site)).slice(0, 16)) {
      await tab.goto(`${site.origin}${page}`, { waitUntil: 'load' });
      expect(await tab.locator('main').innerText(), page).not.toBe('');
      expect(await tab.locator('main script, main img, main iframe, [onload], [onerror]').count(), page).toBe(0);
    }
    expect(await tab.goto(`${site.origin}/`).then(() => tab.content())).toContain('&lt;script&gt;alert(1)');
    expect(wrong).toEqual([]);
    // the token stands behind the `#`: in the body of one post, and in no address and no header
    expect(asked.filter((one) => one.includes(site.token))).toEqual([]);
    // the negative control: without the policy and the escaping this browser would have run it
    await tab.route(`${site.origin}/bare`, (route) =>
      route.fulfill({ contentType: 'text/html', body: `<main>${script}</main>` }),
    );
    await tab.goto(`${site.origin}/bare`);
    await expect.poll(() => wrong.some((one) => one.startsWith('dialog: 1'))).toBe(true);
    await tab.close();
  }),
);
