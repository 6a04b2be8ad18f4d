import { type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, withDatabase, withSession } from '../database.io.ts';
import { type Signer } from '../gate/cycle.io.ts';
import { halfWay, type Place, rowsOf, withPlace } from '../runbooks/place.io.ts';
import { credentialOf } from '../site/people.io.ts';
import { addAuthenticator, hasBrowser, launch } from '../signing/browser.io.ts';
import { type Shown } from './people.io.ts';

let browser: Browser;
beforeAll(async () => {
  if (hasBrowser()) browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

/** A person opens the page in a browser of their own, compares, types the code that the terminal shows, and touches the key. */
async function sign({ url, code }: Shown, who: Signer): Promise<{ readonly page: string; readonly said: string }> {
  const tab = await (await browser.newContext()).newPage();
  await (await addAuthenticator(tab, 'verifies')).add(credentialOf(who));
  await tab.goto(url);
  const page = await tab.locator('main').innerText();
  await tab.fill('#code', code);
  await tab.click('form button');
  await tab.waitForSelector('output.go, output.no');
  const said = (await tab.textContent('output')) ?? '';
  await tab.context().close();
  return { page, said };
}

/** What a command says to type next, where it refuses: the first `oneroof …` of its hint. */
const fixOf = (text: string): string =>
  /(?:hint: |"fix": ").*?(oneroof [^"\n;,]+?)(?: \(|[;,"\n]|$)/.exec(text)?.[1] ?? '';

const within = (use: (place: Place) => Promise<void>): Promise<void> =>
  withDatabase('18', (database) => withPlace('18', { database }, use));

describe.skipIf(!hasBrowser())('the built command, with passkeys in a browser', () => {
  it(
    'abandons a release from start to end',
    () =>
      within(async (place) => {
        const { type, gated } = place;
        const { ben, ira } = gated.people;
        await halfWay(place);
        const busy = await type('oneroof uninstall production --apply');
        expect(busy).toMatchObject({ status: 3, stdout: '' });
        expect(busy.stderr).toContain('[GATE_BUSY]');
        const named = fixOf(busy.stderr).replace('RELEASE', 'release');
        expect(named).toBe('oneroof abandon release');
        const usage = await type(`${named} --json`);
        expect(usage.status).toBe(2);
        expect(JSON.parse(usage.stdout)).toMatchObject({ schema: 'oneroof/error/1', problems: [{ code: 'USAGE' }] });
        const line = fixOf(usage.stdout.replaceAll('\\"', "'")).replace('…', 'release');
        expect(line).toBe("oneroof abandon release --reason 'why'");
        // one person of a level that fills one seat, and somebody ends the command: what was signed is kept
        const seen: string[] = [];
        const first = await type(line, async (shown, interrupt) => {
          const { page, said } = await sign(shown, ira);
          seen.push(page, said);
          seen.push((await sign(shown, ira)).said);
          interrupt();
        });
        expect(first).toMatchObject({ status: 4, stdout: '' });
        expect(first.stderr).toContain('IRA has signed');
        expect(first.stderr).toContain('[INTERRUPTED]');
        expect(first.stderr).toContain('run the command again: the others sign the same statement');
        expect(seen[0]).toContain('HALF WAY, rolled out in part, 1 step');
        expect(seen[1]).toContain('missing: seats: 1 of 2');
        expect(seen[2]).toContain('duplicate');
        const codes: string[] = [];
        const second = await type(`${line} --json`, async (shown) => {
          codes.push(shown.code);
          expect((await sign(shown, ben)).said).toContain('nothing is missing');
        });
        expect(second.status, second.stderr).toBe(0);
        expect(first.stderr).toContain(`type ${codes[0] ?? 'none'}`);
        expect(JSON.parse(second.stdout)).toMatchObject({
          schema: 'oneroof/abandon/1',
          exit: 0,
          target: 'production',
          seal: gated.sealed.seal,
          persons: ['ben', 'ira'],
          reason: 'why',
        });
        expect(await rowsOf(gated.database)).toBe('1,2');
        for (const again of [line, 'oneroof ratify release', 'oneroof ratify release --rollback']) {
          const refused = await type(again);
          expect(refused, again).toMatchObject({ status: 3 });
          expect(refused.stderr).toContain('[ABANDONED]');
          expect(refused.stderr).toContain('another release');
        }
        for (const held of ['oneroof rollout release', 'oneroof rollback release']) {
          const { status, stdout } = await type(held);
          expect(status).toBe(1);
          expect(stdout).toContain('abandoned: ');
        }
        const log = JSON.parse((await type('oneroof log --json')).stdout) as { entries: readonly { kind: string }[] };
        expect(log.entries.map(({ kind }) => kind)).toContain('abandonment');
        // and what the first refusal was about goes now
        expect((await type('oneroof uninstall production --apply')).status).toBe(0);
      }),
    240_000,
  );

  it(
    'adopts a database from start to end',
    () =>
      within(async (place) => {
        const { type, gated } = place;
        const { ana, ben, ira } = gated.people;
        await halfWay(place);
        const usage = await type('oneroof adopt production');
        expect(usage.status).toBe(2);
        expect(usage.stderr).toContain('[USAGE]');
        const line = fixOf(usage.stderr.replaceAll('"', "'")).replace('…', 'production');
        expect(line).toBe("oneroof adopt production --reason 'why'");
        expect((await type(line.replace('production', 'nowhere'))).stderr).toContain('[CONFIG_TARGET_UNKNOWN]');
        const planted = `sha256:${'1'.repeat(64)}`;
        await runSql(gated.database, [
          `insert into gate.documents (kind, digest, body) select 'policy', '${planted}', body from gate.documents where kind = 'policy'`,
        ]);
        const beyond = await type(`${line} --json`);
        expect(beyond.status).toBe(3);
        expect(JSON.parse(beyond.stdout)).toMatchObject({
          schema: 'oneroof/error/1',
          exit: 3,
          problems: [{ code: 'ADOPT_BEYOND', problem: expect.stringContaining(planted) as string }],
        });
        await runSql(gated.database, [`delete from gate.documents where digest = '${planted}'`]);
        const before = await incarnationOf(gated.database);
        const interrupted = await type(line, async (shown, interrupt) => {
          const { page, said } = await sign(shown, ben);
          expect(page).toContain('It gets a new incarnation');
          expect(said).toContain('missing: seats: 1 of 2');
          interrupt();
        });
        expect(interrupted.status).toBe(4);
        expect(await incarnationOf(gated.database)).toBe(before);
        const adopted = await type(`${line} --json`, async (shown) => void (await sign(shown, ana)));
        expect(adopted.status, adopted.stderr).toBe(0);
        const drawn = await incarnationOf(gated.database);
        expect(drawn).not.toBe(before);
        expect(JSON.parse(adopted.stdout)).toMatchObject({
          schema: 'oneroof/adopt/1',
          exit: 0,
          target: 'production',
          incarnation: drawn,
          persons: ['ana', 'ben'],
          lost: [],
        });
        expect(adopted.stderr).toContain('next: ratify what you want to run here');
        // what was half way is closed until people carry its rollback on; then the same command goes, and nothing is left to do
        const held = await type('oneroof rollback release');
        expect(held).toMatchObject({ status: 1 });
        expect(held.stdout).toContain('target: ');
        const carried = await type('oneroof ratify release --rollback', async (shown) => {
          expect((await sign(shown, ira)).said).toContain('author');
          await sign(shown, ana);
          await sign(shown, ben);
        });
        expect(carried.status, carried.stderr).toBe(0);
        expect((await type('oneroof rollback release')).stdout).toContain('1-rows');
        expect(await rowsOf(gated.database)).toBe('1');
        expect((await type('oneroof rollback release')).stdout).toContain('nothing to do');
        expect((await type('oneroof bundle release --out evidence.json')).status).toBe(0);
        const verified = await type('oneroof verify-evidence evidence.json');
        expect(verified.status, verified.stderr).toBe(0);
        expect(verified.stdout).toContain(`incarnation ${before} to ${drawn}`);
      }),
    240_000,
  );
});

async function incarnationOf(database: Place['gated']['database']): Promise<string> {
  return await withSession(database, async (session) => {
    const [row] = await session.query<{ is: string }>(sql`select incarnation::text as is from gate.identity`);
    return row?.is ?? '';
  });
}
