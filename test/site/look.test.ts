import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { openStore } from '../../src/store.io.ts';
import { release } from '../gate/cycle.io.ts';
import { runSql, withSession } from '../database.io.ts';
import { passkeyOf } from './look-people.io.ts';
import { type Stage, withStage } from './live.io.ts';
import { go, type Visitor, visitor } from './look.io.ts';

/** Every link of every page that was seen leads somewhere. */
async function crawl({ links, wrong }: Visitor, { origin, token }: Stage): Promise<void> {
  expect(links.size).toBeGreaterThan(20);
  for (const [link, from] of links) {
    const { status } = await fetch(`${origin}${link}`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'manual',
    });
    if (status !== 200) wrong.push(`${from} leads to ${link}, which answers ${status}`);
  }
}

describe.skipIf(!hasBrowser())('the pages of a release, from nothing to rolled back', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('can be read and used by everybody, in every state that a release goes through', { timeout: 600_000 }, () =>
    withStage(
      async (stage) => {
        const { gated, start, origin } = stage;
        const seal = encodeURIComponent(gated.sealed.seal);
        const home = `/releases/${seal}`;
        const there = `${home}/targets/production`;
        const seen = await visitor(browser, stage.serving.url);
        const { tab, look } = seen;
        const run = async (verb: string, ...words: readonly string[]): Promise<string> =>
          (await start(verb, ...words).ended).told;
        const people = { ana: await passkeyOf(tab, gated.people.ana), ben: await passkeyOf(tab, gated.people.ben) };
        const propose = async (): Promise<string> => {
          await go(tab, `${origin}${there}`);
          await tab.click('form[data-act$="/propose"] button');
          await tab.waitForURL(/\/statements\//, { timeout: 30_000 });
          return new URL(tab.url()).pathname;
        };
        const act = async (
          statement: string,
          kind: 'ratify' | 'decline' | 'revoke',
          by: 'ana' | 'ben',
        ): Promise<string> => {
          await people[by].use();
          await go(tab, `${origin}${statement}`);
          const form = tab.locator(`form[data-act$="/${kind}"]`);
          await form.evaluate((one) => one.closest('details')?.setAttribute('open', ''));
          if (kind !== 'ratify') await form.locator('textarea').fill(`because <b>${by}</b> says so`);
          await form.locator('input.code').fill(
            decodeURIComponent(statement)
              .replace(/.*sha256:/, '')
              .slice(0, 6),
          );
          await form.locator('button').click();
          await form.locator('output.go, output.no').waitFor({ timeout: 30_000 });
          return (await form.locator('output').textContent()) ?? '';
        };
        const all = async (name: string, ...more: readonly string[]): Promise<void> => {
          for (const [index, path] of ['/', home, there, ...more].entries()) await look(path, `${name}-${index}`);
        };
        await look('/', '01-empty');
        await look('/evidence', '01-empty-evidence');
        await run('seal');
        await all('02-sealed', `${home}/report`, '/evidence', `${home}/targets/elsewhere`);
        expect(await run('rehearse', '--golden')).toContain('PASSED');
        await run('gate');
        await all('03-rehearsed', `${home}/report`);
        const first = await propose();
        await all('04-waits', first);
        expect(await act(first, 'decline', 'ben')).toContain('Declined');
        expect(await act(first, 'ratify', 'ana')).toContain('Signed by ANA; missing');
        for (const [index, path] of [there, first].entries()) await look(path, `05-one-of-two-${index}`);
        expect(await act(first, 'ratify', 'ben')).toContain('nothing is missing');
        await all('06-open', first);
        // ratified, and a gate on data is closed further on: nobody is told to press the button
        await go(tab, `${origin}${home}`);
        expect(await tab.textContent('#verdicts')).toContain('ready = 0, needs ≥ 1');
        expect(await tab.textContent('main')).not.toContain('oneroof rollout');
        expect(await act(first, 'revoke', 'ben')).toContain('Revoked');
        for (const [index, path] of [there, first].entries()) await look(path, `07-revoked-${index}`);
        const second = await propose();
        await act(second, 'ratify', 'ana');
        await act(second, 'ratify', 'ben');
        await withSession(gated.database, async (other) => {
          await other.run('begin');
          await other.run('lock table public.t in share mode');
          const rolling = start('rollout');
          await go(tab, `${origin}${home}`);
          await expect
            .poll(() => tab.locator('#running .waits').first().textContent(), { timeout: 60_000 })
            .toContain('public.t');
          await look(home, '08-rolling');
          await other.run('commit');
          await rolling.ended;
        });
        await run('rollout');
        await all('08-held', second);
        await runSql(gated.database, ['insert into readiness values (1)']);
        await run('rollout');
        await all('09-finalized', second, `${home}/report`);
        await run('rollback');
        await all('10-rolled-back', second, `${home}/report`, '/evidence');
        const kinds = new Map((await openStore(stage.setup).entries()).map(({ kind, digest }) => [kind, digest]));
        for (const [kind, digest] of kinds) await look(`/evidence/${digest}`, `11-${kind}`);
        await crawl(seen, stage);
        expect(seen.wrong).toEqual([]);
      },
      { files: release },
    ),
  );
});
