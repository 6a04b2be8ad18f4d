import { mkdirSync } from 'node:fs';
import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { now } from '../../src/core/index.ts';
import { openStore } from '../../src/store.io.ts';
import { withSession } from '../database.io.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { type Stage, withStage } from './live.io.ts';
import { gateBody } from '../evidence-kinds/bodies.ts';

const shots = process.env['ONEROOF_SHOTS'] ?? '';

/** Enters as a person does, and opens the page of the release. */
async function visit(browser: Browser, stage: Stage): Promise<Tab> {
  const tab = await browser.newPage();
  await tab.goto(stage.serving.url);
  await tab.waitForURL(`${stage.origin}/`);
  await tab.goto(`${stage.origin}/releases/${stage.gated.sealed.seal}`);
  return tab;
}

async function shoot(tab: Tab, name: string): Promise<void> {
  if (shots === '') return;
  mkdirSync(shots, { recursive: true });
  for (const [kind, width, colorScheme] of [
    ['light', 1100, 'light'],
    ['dark', 1100, 'dark'],
    ['phone', 390, 'light'],
  ] as const) {
    await tab.emulateMedia({ colorScheme });
    await tab.setViewportSize({ width, height: 900 });
    await tab.screenshot({ path: `${shots}/${name}-${kind}.png`, fullPage: true });
  }
}

describe.skipIf(!hasBrowser())('the page of a release', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('shows a rehearsal while it runs, and what it recorded, without being loaded again', { timeout: 180_000 }, () =>
    withStage(async (stage) => {
      const { seal } = stage.gated.sealed;
      expect((await stage.start('seal').ended).code).toBe(0);
      const tab = await visit(browser, stage);
      const failures: string[] = [];
      tab.on('pageerror', (error) => failures.push(String(error)));
      tab.on('console', (line) => {
        if (line.type() === 'error') failures.push(line.text());
      });
      await expect.poll(() => tab.textContent('#link')).toContain('Connected');
      expect(await tab.textContent('#none')).toContain('Nothing runs');
      const rehearsing = stage.start('rehearse', '--golden');
      const card = tab.locator('#running article');
      await card.waitFor({ timeout: 60_000 });
      expect(await card.locator('.what').textContent()).toBe('rehearsal on a clone');
      const stages = new Set<string>();
      const statements = new Set<string>();
      await expect
        .poll(
          async () => {
            const where = (await card.locator('.where').textContent()) ?? '';
            stages.add(where.split(',')[0] ?? '');
            if (where.includes('statement')) statements.add(where);
            return card.locator('.tag').textContent();
          },
          { timeout: 90_000, interval: 100 },
        )
        .toBe('done');
      const { told } = await rehearsing.ended;
      expect(told).toContain('PASSED');
      // the board is told a few times a second, so that a fast stage may not be seen: most of ten are
      expect(stages.size).toBeGreaterThan(4);
      expect([...stages]).toEqual(expect.arrayContaining(['twin']));
      // golden copy and rehearsal stand in the history, as new ones, and lead to the evidence
      await expect
        .poll(() => tab.locator('#history tr', { hasText: 'Rehearsed on a clone' }).count(), { timeout: 60_000 })
        .toBe(1);
      expect(await tab.locator('#history tbody tr').count()).toBe(3);
      expect(await tab.locator('#fresh').isVisible()).toBe(false);
      expect(await tab.textContent('#verdicts')).toContain('Readiness says what comes first');
      const [entry] = (await openStore(stage.setup).entries()).filter(({ kind }) => kind === 'rehearsal');
      expect(await tab.locator('#history a', { hasText: entry?.digest.slice(7, 19) ?? '' }).getAttribute('href')).toBe(
        `/evidence/${encodeURIComponent(entry?.digest ?? '')}`,
      );
      expect(await tab.textContent('#said')).toContain('rehearsal on a clone: done');
      await tab.goto(`${stage.origin}/releases/${seal}`);
      expect(await tab.locator('#history tbody tr').count()).toBe(3);
      expect(await tab.textContent('#history tbody tr:first-child')).toContain('Rehearsed on a clone');
      await shoot(tab, 'rehearsed');
      // the second one knows from the first one how long it takes
      const second = stage.start('rehearse');
      const left = tab.locator('#running article').first().locator('.left');
      await expect.poll(() => left.textContent(), { timeout: 60_000, interval: 50 }).toMatch(/^about \d+ s$/);
      // what somebody has opened stays, and the page says that there is more
      await tab.locator('#tiers summary').click();
      expect((await second.ended).code).toBe(0);
      await tab.locator('#fresh').waitFor({ timeout: 60_000, state: 'attached' });
      await expect
        .poll(() => tab.locator('#history tr', { hasText: 'Rehearsed on a clone' }).count(), { timeout: 60_000 })
        .toBe(2);
      expect(await tab.locator('#tiers details[open]').count()).toBe(1);
      expect(failures).toEqual([]);
    }),
  );

  it(
    'shows a rollout that waits, who it waits for, what the target says, and loses one that was killed',
    {
      timeout: 240_000,
    },
    () =>
      withStage(async (stage) => {
        const { gated } = stage;
        expect((await stage.start('seal').ended).code).toBe(0);
        await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
        await withSession(gated.database, async (other) => {
          await other.run(`set application_name = '<img src=x onerror=alert(1)>'`);
          await other.run('begin');
          await other.run('lock table public.base in share mode');
          const tab = await visit(browser, stage);
          expect(await tab.textContent('main')).toContain('next: 1-first');
          const rollout = stage.start('rollout');
          const card = tab.locator('#running article').first();
          await card.waitFor({ timeout: 60_000 });
          await expect
            .poll(() => card.locator('.waits').textContent(), { timeout: 30_000 })
            .toContain('holds ShareLock on public.base');
          expect(await card.locator('.waits').textContent()).toContain(
            `session ${other.pid}, <img src=x onerror=alert(1)>`,
          );
          expect(await card.locator('.what').textContent()).toBe('rollout of production');
          expect(await card.locator('.tag').textContent()).toBe('running');
          expect(await tab.locator('img').count()).toBe(0);
          // without a script: the same, by loading it
          const plain = await browser.newPage({
            javaScriptEnabled: false,
            extraHTTPHeaders: { authorization: `Bearer ${stage.token}` },
          });
          await plain.goto(`${stage.origin}/releases/${gated.sealed.seal}`);
          expect(await plain.textContent('#running')).toContain('holds ShareLock on public.base');
          expect(await plain.textContent('main')).toContain('Without scripts');
          const line = plain.locator('figure').first();
          await line.locator('summary').click();
          expect((await line.locator('tbody tr').allTextContents()).map((row) => row.split('yes')[0])).toEqual([
            '1-firstFirstdone',
            '2-eachEachdone',
            '3-lastLastrunning',
            '4-barredBarredbarred',
          ]);
          const targets = await plain.locator('table', { hasText: 'Rollout' }).locator('tbody tr').allTextContents();
          expect(targets[0]).toContain('1-first, 2-each');
          expect(targets[0]).toContain('ana, ben');
          expect(targets[1]).toContain('could not be asked');
          expect(await plain.locator('#tiers tbody th a').allTextContents()).toEqual(['production', 'elsewhere']);
          expect(targets[1]).toContain('not known: closed');
          await shoot(tab, 'rollout');
          rollout.process.kill('SIGKILL');
          await rollout.ended;
          await expect.poll(() => card.locator('.tag').textContent(), { timeout: 30_000 }).toBe('lost');
          expect(await tab.textContent('#said')).toContain('rollout of production: lost');
          // the line of tiers followed the target by itself
          expect(await tab.locator('#tiers g title').allTextContents()).toEqual(
            expect.arrayContaining(['2-each · Each · done · yes · none']),
          );
          // the other session was left alone
          expect((await other.run('select 1')).command).toBe('SELECT');
          await other.run('commit');
          const again = stage.start('rollout');
          expect((await again.ended).told).toMatch(/^done +3-last /m);
          await expect.poll(() => tab.locator('#running .tag').first().textContent(), { timeout: 60_000 }).toBe('done');
          await tab.goto(`${stage.origin}/releases/${gated.sealed.seal}`);
          const rows = await tab.locator('#history tbody tr').allTextContents();
          expect(rows.filter((row) => /Tier .* rolled out to production\s*applied/.test(row))).toHaveLength(4);
          expect(rows.some((row) => /Tier 3-last .*not applied/.test(row))).toBe(true);
          expect(await tab.textContent('main')).toContain('nothing remains');
          await shoot(tab, 'done');
        });
      }),
  );

  it('shows hostile text as text, and evidence that is not as it should be as unreadable', { timeout: 120_000 }, () =>
    withStage(async (stage) => {
      const { seal } = stage.gated.sealed;
      const store = openStore(stage.setup);
      const bad = '<script>document.title="owned"</script>\u202e"\'';
      const verdict = { decision: 'BLOCKED', reasons: [{ kind: 'unreachable', problem: bad }] };
      await store.append({ kind: 'gate', seal, body: gateBody({ seal, verdict }) }, now());
      await store.append({ kind: 'rehearsal', seal, body: { outcome: bad } }, now());
      const tab = await visit(browser, stage);
      expect(await tab.title()).toBe(`${seal.slice(7, 19)} · One Roof`);
      const text = (await tab.textContent('main')) ?? '';
      expect(text).toContain('<script>document.title="owned"</script>\\u{202e}"\'');
      expect(text).toContain('unreadable');
      expect(text).toContain('seal it again');
      expect(await tab.locator('main script').count()).toBe(0);
      const none = await tab.goto(`${stage.origin}/releases/${encodeURIComponent(bad)}`);
      expect(none?.status()).toBe(404);
    }),
  );
});
