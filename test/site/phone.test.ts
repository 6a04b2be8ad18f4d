import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digest } from '../../src/core/index.ts';
import { type Dossier } from '../../src/dossier/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { writeDocument } from '../../src/html/index.ts';
import { type Policy, type Ratification } from '../../src/people/index.ts';
import { loadParser } from '../../src/release/index.ts';
import { statementPage } from '../../src/site/statements/approver-page.ts';
import { dossierBody } from '../evidence-kinds/bodies.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';

const shots = process.env['ONEROOF_SHOTS'] ?? '';
const at = '2026-06-03T08:00:00.000Z';
const digits = digest('seal', ['small']);

/** The page of a statement that waits, with a title as releases have them. */
async function drawn(more: { readonly production: boolean; readonly state?: 'open' }): Promise<string> {
  const body = dossierBody().dossier as unknown as Dossier;
  const dossier: Dossier = {
    ...body,
    release: { ...body.release, name: 'ownership', title: 'Every governed collection has an owner', summary: 'Why.' },
    risks: [{ weight: 'stop', title: 'A long lock', text: 'It holds ACCESS EXCLUSIVE.', part: 'locks' }],
  };
  return writeDocument(
    statementPage({
      dossier,
      text: 'text',
      textDigest: digest('dossier', ['text']),
      pieces: (await loadParser()).pieces,
      statement: digits,
      body: '{}',
      ratification: { opens: { what: 'rollout' }, notBefore: at, expires: at, rehearsedAt: at } as Ratification,
      name: 'ownership',
      seal: digits,
      last: 3,
      target: 'production',
      standing: { state: more.state ?? 'waits', text: '1 of 2 seats are filled', persons: ['Ana Example'], done: [] },
      review: null,
      beside: { late: [], stale: [] },
      fresh: 'not asked',
      earlier: null,
      now: null,
      policy: { name: 'production', production: more.production } as Policy,
      declines: [{ statement: digits as string as StatementDigest, persons: ['Ben Example'], reason: 'later', at }],
      accepts: [],
      unsignable: null,
    } as unknown as Parameters<typeof statementPage>[0]),
    'site',
  );
}

it('calls a statement whose seats are filled ratified, and never open: the gate may be closed for another reason', async () => {
  const page = await drawn({ production: true, state: 'open' });
  expect(page.match(/>ratified</g)).toHaveLength(2);
  expect(page).not.toMatch(/class="tag [a-z]+">open</);
});

describe.skipIf(!hasBrowser())('the page of an approver, on a phone', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  async function opened(more: { readonly production: boolean }): Promise<Tab> {
    const tab = await browser.newPage({ viewport: { width: 390, height: 844 } });
    await tab.setContent(await drawn(more));
    await tab.evaluate("document.getElementById('linked').textContent = 'Connected: this page updates itself.'");
    if (shots !== '') {
      mkdirSync(shots, { recursive: true });
      await tab.screenshot({ path: join(shots, `phone-${more.production}.png`) });
    }
    return tab;
  }

  it.each([{ production: true }, { production: false }])(
    'shows who has signed, and all tiles of what was measured, on the first screen: %o',
    async (more) => {
      const tab = await opened(more);
      const bottoms = await tab
        .locator('main .cards.tight .card')
        .evaluateAll((cards) => cards.map((card) => card.getBoundingClientRect().bottom));
      expect(bottoms).toHaveLength(5);
      expect(Math.max(...bottoms)).toBeLessThanOrEqual(844);
      const words = (await tab.locator('main .cards.tight').innerText()).split('\n');
      for (const word of ['Risks', '1 to stop for', 'Rollback', 'Time', 'Longest wait for others', 'Rows written'])
        expect(words).toContain(word);
      expect((await tab.locator('#stands').boundingBox())?.y).toBeLessThan(500);
      // what was said goes to where people look
      expect(await tab.locator('#follow').isVisible()).toBe(true);
      expect(await tab.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    },
  );
});
