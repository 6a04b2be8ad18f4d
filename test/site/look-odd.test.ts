import { writeFileSync } from 'node:fs';
import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { openStore } from '../../src/store.io.ts';
import { runSql, withDatabase } from '../database.io.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { withStage } from './live.io.ts';
import { visitor } from './look.io.ts';

/** What an agent may write: markup, turned letters, words without a place to break. */
const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script> \u202egnp.exe ${'x'.repeat(150)}`;
const long = 'a-name-that-is-as-long-as-a-name-can-be-and-then-goes-on-and-on';

/** A release of sixty tiers and six hundred statements; hostile words wherever words may stand. */
function large(): Readonly<Record<string, string>> {
  const text = JSON.stringify(hostile);
  // a statement holds at most so much of a name
  const name = JSON.stringify(hostile.slice(0, 150));
  const tiers = Array.from({ length: 60 }, (_, index) => `${index + 1}-${index === 1 ? long : 'tier'}`);
  const kind = (index: number): string =>
    index === 57 ? `, oneWay: ${text}` : index === 59 ? `, barred: ${text}` : '';
  return {
    'release.yaml': `format: 1
name: ${long}
title: ${text}
summary: ${text}
database: shop
touches: [public.t]
authors:
  - { name: ${name}, kind: agent, instructedBy: ${name} }
metrics:
  rows: ${text}
tiers:
${tiers.map((id, index) => `  - { id: ${id}, title: ${text}${kind(index)} }`).join('\n')}
gates:
  - { id: ready, title: ${text}, metric: rows, atLeast: 1, before: ${tiers[2]} }
options:
  - { id: other, title: ${text}, decision: declined, reason: ${text} }
next:
  - { title: ${text}, gated: false }
`,
    'metrics/rows.sql': 'select count(*) from t\n',
    ...Object.fromEntries(
      tiers.flatMap((id, index) => [
        [
          `tiers/${id}/up.sql`,
          Array.from(
            { length: 10 },
            (_, n) => `insert into t values (${index * 10 + n + 2}); -- </pre>${hostile.slice(0, 60)}\n`,
          ).join(''),
        ],
        ...(index === 57
          ? []
          : [[`tiers/${id}/down.sql`, `delete from t where i between ${index * 10 + 2} and ${index * 10 + 11};\n`]]),
      ]),
    ),
  };
}

/** A release whose second tier fails on the clone, at a place that has a caret. */
const failing = {
  'release.yaml': `format: 1
name: failing
title: Failing
database: shop
touches: [public.t, public.n]
tiers:
  - { id: 1-rows, title: Rows }
  - { id: 2-table, title: Table }
`,
  'tiers/1-rows/up.sql': 'insert into t values (2);\n',
  'tiers/1-rows/down.sql': 'delete from t where i = 2;\n',
  'tiers/2-table/up.sql': 'create table n (i integer);\ninsert into n\n  select nothing from t;\n',
  'tiers/2-table/down.sql': 'drop table if exists n;\n',
};

/** A database that an observer may look at, and that has no gate. */
function withBare(use: (bare: Connection) => Promise<void>): Promise<void> {
  return withDatabase('18', async (bare) => {
    await runSql(bare, [`revoke temporary on database ${bare.database} from public`]);
    await use(bare);
  });
}

describe.skipIf(!hasBrowser())('the pages of a release that is out of the ordinary', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it('hold sixty tiers, six hundred statements, hostile words and long names', { timeout: 400_000 }, () =>
    withStage(
      async (stage) => {
        const seen = await visitor(browser, stage.serving.url);
        const home = `/releases/${encodeURIComponent(stage.gated.sealed.seal)}`;
        const there = `${home}/targets/production`;
        expect((await stage.start('seal').ended).code).toBe(0);
        const { told } = await stage.start('rehearse', '--golden').ended;
        expect(told).toContain('golden generation 1');
        for (const [index, path] of ['/', home, there, `${home}/report`].entries())
          await seen.look(path, `20-large-${index}`);
        await seen.tab.setViewportSize({ width: 1100, height: 900 });
        await seen.tab.goto(`${stage.origin}${there}`);
        await seen.tab.click('form[data-act$="/propose"] button');
        await seen.tab.locator('output.no').or(seen.tab.locator('.digits')).waitFor({ timeout: 90_000 });
        expect(await seen.tab.locator('output.no').allTextContents()).toEqual([]);
        await seen.look(new URL(seen.tab.url()).pathname, '20-large-statement');
        expect(seen.wrong).toEqual([]);
      },
      { files: large() },
    ),
  );

  it('say why a rehearsal failed, where, and what to do; and what cannot be read', { timeout: 200_000 }, () =>
    withBare((beside) =>
      withStage(
        async (stage) => {
          const seen = await visitor(browser, stage.serving.url);
          const home = `/releases/${encodeURIComponent(stage.gated.sealed.seal)}`;
          await stage.start('seal').ended;
          expect((await stage.start('rehearse', '--golden').ended).told).toContain('FAILED');
          for (const [index, path] of ['/', home, `${home}/targets/production`, `${home}/report`].entries())
            await seen.look(path, `21-failed-${index}`);
          await seen.tab.setViewportSize({ width: 1100, height: 900 });
          await seen.tab.goto(`${stage.origin}${home}`);
          const failure = (await seen.tab.textContent('#failure')) ?? '';
          expect(failure).toContain('The clone is kept');
          expect(failure).toContain('  select nothing from t\n         ^');
          await seen.look(`${home}/targets/bare`, '22-bare');
          await seen.tab.setViewportSize({ width: 1100, height: 900 });
          expect(await seen.tab.textContent('main')).toContain('CLOSED');
          // the record of the rehearsal is changed behind the log's back; what is recorded next lets the server read anew
          const rehearsed = (await openStore(stage.setup).of(stage.gated.sealed.seal)).find(
            ({ entry }) => entry.kind === 'rehearsal',
          );
          if (rehearsed === undefined) throw new Error('nothing was rehearsed');
          writeFileSync(openStore(stage.setup).locate(rehearsed.entry), '{"outcome":"passed"}');
          await stage.start('gate').ended;
          await seen.tab.goto(`${stage.origin}${home}`);
          await expect
            .poll(async () => (await seen.tab.reload(), seen.tab.textContent('#history')), { timeout: 60_000 })
            .toContain('Gate read');
          const entry = `/evidence/${encodeURIComponent(rehearsed.entry.digest)}`;
          for (const [index, path] of ['/', home, '/evidence', entry].entries())
            await seen.look(path, `23-unreadable-${index}`);
          expect(await seen.tab.textContent('main')).toContain('unreadable');
          expect(seen.wrong).toEqual([]);
        },
        { files: failing, beside },
      ),
    ),
  );
});
