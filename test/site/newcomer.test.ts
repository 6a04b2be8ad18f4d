import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedBinaries } from '../../src/database/index.ts';
import { writePolicy, writeSetup } from '../../src/demo/demo-folder.io.ts';
import { exampleFolder, type DemoProduction, startProduction } from '../../src/demo/demo-production.io.ts';
import { registryDocument } from '../../src/people/index.ts';
import { runSql } from '../database.io.ts';
import { registryOf, signer } from '../gate/cycle.io.ts';
import { freePort, hasBrowser, launch } from '../signing/browser.io.ts';
import { passkeyOf } from './look-people.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');
const shots = process.env['ONEROOF_SHOTS'] ?? '';
/** Where the pictures of README are kept: `npm run pictures` takes them again. */
const pictures = process.env['ONEROOF_PICTURES'] ?? '';

/** As the business's own application writes it: the row that opens the gate on data. */
const approval = `insert into os_proposal_approvals (id, status, date_created, signature_text, first_name, last_name, proposal, contact, esignature_agreement)
values (md5('one-roof')::uuid, 'approved', now(), 'One Roof', 'Contact', '1', md5('proposal1')::uuid, md5('contact1')::uuid, true)`;

interface Ended {
  readonly code: number | null;
  readonly told: string;
}

/** A folder, the built command line in it, and what it started. */
class Desk {
  readonly folder: string;
  readonly running: ChildProcess[] = [];

  constructor(folder: string) {
    this.folder = folder;
  }

  start(...words: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended>; told(): string } {
    const child = spawn(process.execPath, [main, ...words], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.running.push(child);
    let told = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (told += String(chunk)));
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, told })));
    return { child, ended, told: () => told };
  }

  async run(...words: readonly string[]): Promise<string> {
    const { code, told } = await this.start(...words).ended;
    expect([words.join(' '), code, told]).toEqual([words.join(' '), 0, told]);
    return told;
  }
}

async function inProduction(use: (desk: Desk, production: DemoProduction) => Promise<void>): Promise<void> {
  // short: a socket's path has about a hundred characters; the servers run as another user where this is root
  const folder = mkdtempSync(join(tmpdir(), 'n-'));
  chmodSync(folder, 0o755);
  const desk = new Desk(folder);
  const production = await startProduction({ binaries: embeddedBinaries() });
  try {
    await use(desk, production);
  } finally {
    for (const child of desk.running) if (child.exitCode === null) child.kill('SIGINT');
    await Promise.all(
      desk.running.map((child) =>
        child.exitCode === null && child.signalCode === null
          ? new Promise((resolve) => child.once('exit', resolve))
          : null,
      ),
    );
    await production.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function picture(tab: Tab, name: string): Promise<void> {
  if (shots !== '') await tab.screenshot({ path: `${shots}/new-${name}.png`, fullPage: true });
}

/** What an approver sees first, without scrolling. */
async function approver(tab: Tab): Promise<void> {
  if (pictures === '') return;
  const before = tab.viewportSize();
  await tab.setViewportSize({ width: 1200, height: 1100 });
  await tab.evaluate('scrollTo(0, 0)');
  await tab.screenshot({ path: join(pictures, 'approver.png') });
  if (before !== null) await tab.setViewportSize(before);
}

describe.skipIf(!hasBrowser())('somebody who is new', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  it(
    'comes from an empty folder to a release that is rolled out and back, with commands and pages',
    { timeout: 400_000 },
    () =>
      inProduction(async (desk, production) => {
        const { folder } = desk;
        await desk.run('init', 'mine');
        expect(await desk.run('lint', 'mine')).not.toContain('error');
        // what a team fills in: the addresses, who may ratify, and their release
        const port = await freePort();
        writeSetup(folder, production, join(folder, 'golden'));
        writePolicy(folder, { port, seats: '[{ level: 2 }, { level: 4 }]' });
        const people = { ana: signer('ana', 4), ben: signer('ben', 2) };
        writeFileSync(join(folder, 'registry.json'), registryDocument(registryOf(Object.values(people))));
        cpSync(exampleFolder(), join(folder, 'release'), { recursive: true });
        await desk.run('install', 'production', '--app-owner', 'directus', '--apply');

        const serving = desk.start('serve');
        await expect.poll(() => /open (\S+)/.exec(serving.told())?.[1] ?? '', { timeout: 60_000 }).toContain('/enter#');
        const url = /open (\S+)/.exec(serving.told())?.[1] ?? '';
        const { origin } = new URL(url);
        expect(origin).toBe(`http://localhost:${port}`);
        const context = await browser.newContext({ acceptDownloads: true });
        const tab = await context.newPage();
        const failures: string[] = [];
        tab.on('pageerror', (error) => failures.push(String(error)));
        await tab.goto(url);
        await tab.waitForURL(`${origin}/`);
        expect(await tab.textContent('main')).toContain('Nothing was sealed yet');

        await desk.run('seal', 'release');
        await tab.reload();
        await expect
          .poll(async () => (await tab.reload(), tab.locator('tbody tr').count()), { timeout: 60_000 })
          .toBe(1);
        await tab.locator('tbody a').first().click();
        await expect.poll(() => tab.textContent('#link')).toContain('Connected');
        expect(await tab.textContent('#verdicts')).toContain('no rehearsal evidence');
        const rehearsing = desk.start('rehearse', 'release', '--golden');
        const card = tab.locator('#running article', { hasText: 'rehearsal on a clone' });
        await card.waitFor({ timeout: 120_000 });
        expect((await rehearsing.ended).told).toContain('PASSED');
        await expect.poll(() => card.locator('.tag').textContent(), { timeout: 60_000 }).toBe('done');
        await expect
          .poll(() => tab.textContent('#verdicts'), { timeout: 60_000 })
          .not.toContain('no rehearsal evidence');
        expect((await desk.start('gate', 'release').ended).told).toContain('BLOCKED');
        await expect
          .poll(() => tab.textContent('#verdicts'), { timeout: 60_000 })
          .toContain('no ratification of this seal was handed in');
        await picture(tab, '1-people');

        // asking, and two people, each with a passkey
        // the command finds the site at the address of its page, and lets people sign there
        const ratifying = desk.start('ratify', 'release');
        const asked = (): string =>
          /oneroof serve uses this address: open (\S+) and sign/.exec(ratifying.told())?.[1] ?? '';
        await expect.poll(asked, { timeout: 60_000 }).toContain(`${origin}/statements/sha256:`);
        await tab.goto(asked());
        await picture(tab, '2-statement');
        await approver(tab);
        const code = (await tab.locator('.digits b').textContent())?.replaceAll(/\s/g, '') ?? '';
        for (const [name, key] of Object.entries(people)) {
          await (await passkeyOf(tab, key)).use();
          const form = tab.locator('form[data-act$="/ratify"]');
          await form.locator('input').fill(code);
          await form.locator('button').click();
          await tab.locator('#standing', { hasText: name.toUpperCase() }).waitFor({ timeout: 30_000 });
        }
        expect(await ratifying.ended).toMatchObject({
          code: 0,
          told: expect.stringContaining('ratified by') as string,
        });
        // every seat is filled; the gate on data is still closed, and the page of the target says why
        await expect
          .poll(() => tab.locator('#standing .tag').first().textContent(), { timeout: 60_000 })
          .toBe('ratified');
        await picture(tab, '3-signed');
        await tab.locator('.trail a').last().click();
        await tab.locator('#tiers a', { hasText: 'production' }).first().click();
        expect(await tab.textContent('main p.big')).toBe('CLOSED');
        expect(await tab.textContent('main ul')).toContain('ospa = 0, needs >= 1');
        const said = async (): Promise<string | null> => {
          await tab.reload();
          return tab.textContent('main p.big');
        };
        await runSql(production.application, [approval]);
        await expect.poll(said, { timeout: 30_000, interval: 2000 }).toBe('OPEN');
        await picture(tab, '4-open');
        await tab.locator('.trail a').last().click();
        await expect.poll(() => tab.textContent('#link')).toContain('Connected');

        const rolling = desk.start('rollout', 'release');
        const rollout = tab.locator('#running article', { hasText: 'rollout' });
        await rollout.waitFor({ timeout: 60_000 });
        expect(await rolling.ended).toMatchObject({ code: 0 });
        await expect.poll(() => rollout.locator('.tag').textContent(), { timeout: 60_000 }).toBe('done');
        await expect
          .poll(() => tab.textContent('#verdicts'), { timeout: 60_000 })
          .toContain('every tier is rolled out');
        await picture(tab, '5-finalized');
        await desk.run('rollback', 'release');
        await expect.poll(() => tab.textContent('#tiers'), { timeout: 60_000 }).toContain('↩ back');
        await picture(tab, '6-back');

        await tab.locator('a', { hasText: 'Report' }).first().click();
        expect(await tab.locator('h1').count()).toBe(1);
        await tab.goBack();
        const downloading = tab.waitForEvent('download');
        await tab.locator('a', { hasText: 'All evidence as one file' }).click();
        const bundle = join(folder, 'downloaded.json');
        await (await downloading).saveAs(bundle);
        const verified = await desk.run(
          'verify-evidence',
          bundle,
          '--policy',
          'policy.yaml',
          '--registry',
          'registry.json',
        );
        for (const line of [/^holds {2}/m, /^ratified/m, /^rolled out/m, /^rolled back/m])
          expect(verified).toMatch(line);
        expect(failures).toEqual([]);
      }),
  );
});
