import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page as Tab } from 'playwright-core';
import { expect, it } from 'vitest';
import { openStore } from '../../src/store.io.ts';
import { sql } from '../../src/database/index.ts';
import { readSealed } from '../../src/release/index.ts';
import { shortCode, type StatementDigest, writeStatement } from '../../src/evidence/index.ts';
import { withSession } from '../database.io.ts';
import { assertion, type Signer } from '../gate/cycle.io.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { type Stage, withStage } from './live.io.ts';

type Answer = Readonly<Record<string, unknown>>;

/** The site, as a browser that was let in speaks with it. */
function visitor({ origin, token }: Stage) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', origin };
  const post = async (path: string, body: object, more: Readonly<Record<string, string>> = {}): Promise<Answer> => {
    const answer = await fetch(origin + path, {
      method: 'POST',
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as Answer;
  };
  const read = async (path: string): Promise<string> =>
    (await (await fetch(origin + path, { headers })).text()).replace(/&#(\d+);/g, (_, number: string) =>
      String.fromCharCode(Number(number)),
    );
  return { post, read };
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** What a passkey of somebody answers to a prompt over a statement. */
function signedBy(by: Signer, body: string, { origin }: Stage, ceremony: unknown): object {
  const made = assertion(by, body, { origin, rpId: 'localhost' });
  return {
    ceremony,
    credential: made.credential,
    authenticatorData: encode(made.authenticatorData),
    clientDataJSON: encode(made.clientDataJSON),
    signature: encode(made.signature),
  };
}

it(
  'asks, takes two signatures, is declined and revoked: each once, by whom it may be, and recorded',
  { timeout: 300_000 },
  () =>
    withStage(async (stage) => {
      const { gated } = stage;
      const { ana, ben, ira } = gated.people;
      const { post, read } = visitor(stage);
      for (const words of [['seal'], ['rehearse', '--golden'], ['gate']] as const) {
        const [verb, ...more] = words;
        const { code, told } = await stage.start(verb, ...more).ended;
        // nobody has ratified it, so the look says that it may not run
        expect(code, told).toBe(verb === 'gate' ? 1 : 0);
      }
      const { seal } = gated.sealed;
      const target = `/releases/${encodeURIComponent(seal)}/targets/production`;
      expect(await read(target)).toContain('Nobody was asked yet');
      const asked = await post(`${target}/propose`, { hours: '2' });
      expect(asked).toMatchObject({ ok: true });
      const page = String(asked['to']);
      const statement = decodeURIComponent(page.split('/')[2] ?? '') as StatementDigest;
      // whoever asks again is led to the same statement, so that all sign the same bytes
      expect(await post(`${target}/propose`, { hours: '' })).toEqual(asked);
      const shown = await read(page);
      const body = /\{"_type":"https:\/\/in-toto.io\/Statement\/v1".*?"subject":\[.*?\]\}/s.exec(shown)?.[0] ?? '';
      expect(shown).toContain('NOT FOR PRODUCTION');
      expect(shown).toContain('0 of 2 seats');
      expect(shown).not.toContain('What changed since the last seal');
      const code = shortCode(statement);
      const ratify = async (
        by: Signer,
        of: { readonly body?: string; readonly site?: Stage } = {},
      ): Promise<Answer> => {
        const begun = await post(`${page}/ratify/begin`, { code });
        expect(begun).toMatchObject({ ok: true, rpId: 'localhost' });
        return post(`${page}/ratify/finish`, {
          signed: signedBy(by, of.body ?? body, of.site ?? stage, begun['ceremony']),
        });
      };
      expect(await post(`${page}/ratify/begin`, { code: '000000' })).toMatchObject({ ok: false, code: 'short-code' });
      expect(await post(`${page}/ratify/finish`, { signed: signedBy(ana, body, stage, 'f'.repeat(32)) })).toMatchObject(
        { code: 'ceremony' },
      );
      expect(await ratify(ira)).toMatchObject({ ok: false, code: 'author' });
      expect(await ratify(ana, { site: { ...stage, origin: 'http://localhost:1' } })).toMatchObject({
        ok: false,
        code: 'origin',
      });
      const other = writeStatement({
        kind: 'ratification',
        subject: { name: 'x', digest: 'a'.repeat(64) },
        predicate: {},
      });
      expect(await ratify(ana, { body: other })).toMatchObject({ ok: false, code: 'challenge' });
      expect(await ratify(ana)).toMatchObject({ ok: true, complete: false });
      expect(await ratify(ana)).toMatchObject({ ok: false, code: 'duplicate' });
      expect(await read(page)).toMatch(/waits for signatures.*1 of 2 seats/s);
      const close = async (act: 'decline' | 'revoke', by: Signer, reason: string): Promise<Answer> => {
        const begun = await post(`${page}/${act}/begin`, { code, reason });
        expect(begun).toMatchObject({ ok: true });
        const nonce = String(begun['nonce']);
        const { name } = gated.sealed.release;
        const made =
          act === 'decline'
            ? writeStatement({
                kind: 'decline',
                subject: { name, digest: seal },
                predicate: { decision: 'decline', reason, statement, nonce },
              })
            : writeStatement({
                kind: 'revocation',
                subject: { name, digest: statement },
                predicate: { reason, nonce },
              });
        const signed = signedBy(by, made, stage, begun['ceremony']);
        // another reason than the one that was signed is another statement
        expect(await post(`${page}/${act}/finish`, { reason: 'another', nonce, signed })).toMatchObject({
          ok: false,
        });
        return post(`${page}/${act}/finish`, { reason, nonce, signed });
      };
      expect(await post(`${page}/decline/begin`, { code, reason: ' ' })).toMatchObject({ ok: false, code: 'reason' });
      expect(await post(`${page}/decline/begin`, { code: '', reason: 'x' })).toMatchObject({ code: 'short-code' });
      expect(await close('decline', ben, 'not <b>asked</b>')).toMatchObject({ ok: true });
      expect(await read(page)).toMatch(/declined.*not <b>asked<\/b>/s);
      expect(await ratify(ben)).toMatchObject({ ok: true, complete: true });
      expect(await read(page)).toContain('Every seat is filled');
      expect(await read(target)).toContain('OPEN');
      // the next seal is compared with the one that people ratified, and with that one only as this database says it
      const up = join(gated.folder, 'tiers', readdirSync(join(gated.folder, 'tiers'))[0] ?? '', 'up.sql');
      writeFileSync(up, `${readFileSync(up, 'utf8').trimEnd()};\ninsert into a values (2);\n`);
      for (const words of [['seal'], ['rehearse']] as const) {
        const { code: exit, told } = await stage.start(words[0]).ended;
        expect(exit, told).toBe(0);
      }
      const again = (await readSealed(gated.folder)).seal;
      const next = await post(`/releases/${encodeURIComponent(again)}/targets/production/propose`, { hours: '2' });
      expect(next).toMatchObject({ ok: true });
      const changed = await read(String(next['to']));
      expect(changed).toMatch(/What changed since the last seal.*ratified here/s);
      expect(changed).toContain(`Compared with the seal <code>${seal.slice(7, 19)}</code>`);
      expect(changed).toMatch(
        /<h3>tier [^<]*, up\.sql<\/h3>.*<span class="go">\n\+ insert into a values \(2\);<\/span>/s,
      );
      expect(await close('revoke', ana, 'stop')).toMatchObject({ ok: true });
      expect(await read(page)).toContain('revoked');
      const kinds = (await openStore(stage.setup).entries())
        .map(({ kind }) => kind)
        .filter((kind) => /dossier|proposal|ratification|decline|revocation/.test(kind));
      expect(kinds).toEqual([
        'dossier',
        'proposal',
        'ratification',
        'decline',
        'ratification',
        'dossier',
        'proposal',
        'revocation',
      ]);
      await withSession(gated.database, async (session) => {
        const [row] = await session.query<{ n: string }>(sql`select count(*)::text as n from gate.signatures`);
        expect(row?.n).toBe('4');
      });
      expect((await read('/statements/sha256%3A00')).includes('there is no such statement')).toBe(true);
    }),
);

/** What others do shows within some seconds, also on a busy machine. */
const soon = { timeout: 20_000 };

it.skipIf(!hasBrowser())(
  'the page of a statement follows what others sign, and touches nothing of whoever is about to sign',
  { timeout: 240_000 },
  () =>
    withStage(async (stage) => {
      const { gated, origin } = stage;
      const { ana, ben } = gated.people;
      const { post } = visitor(stage);
      for (const words of [['seal'], ['rehearse', '--golden'], ['gate']] as const) {
        const [verb, ...more] = words;
        expect((await stage.start(verb, ...more).ended).code).toBe(verb === 'gate' ? 1 : 0);
      }
      const target = `/releases/${encodeURIComponent(gated.sealed.seal)}/targets/production`;
      const browser = await launch();
      try {
        const context = await browser.newContext();
        const open = async (path: string): Promise<Tab> => {
          const tab = await context.newPage();
          await tab.goto(`${origin}${path}`);
          await tab.evaluate(
            `window.same = true; window.prompts = 0; navigator.credentials.get = async () => { window.prompts += 1; };`,
          );
          return tab;
        };
        const first = await context.newPage();
        await first.goto(stage.serving.url);
        await first.waitForURL(`${origin}/`);
        const room = await open(target);
        await room.fill('#hours', '1');
        const page = String((await post(`${target}/propose`, { hours: '2' }))['to']);
        const statement = decodeURIComponent(page.split('/')[2] ?? '') as StatementDigest;
        await expect.poll(() => room.textContent('#proposals'), soon).toContain(statement.slice(7, 19));
        const [reads, types] = [await open(page), await open(page)];
        await types.fill('#ratify-code', 'abc');
        await types.click('summary:has-text("Decline")');
        await types.fill('#decline-reason', 'because');
        await types.focus('#ratify-code');
        const code = shortCode(statement);
        const body = (await reads.textContent('#statement')) ?? '';
        const ratify = async (by: Signer): Promise<Answer> => {
          const begun = await post(`${page}/ratify/begin`, { code });
          return post(`${page}/ratify/finish`, { signed: signedBy(by, body, stage, begun['ceremony']) });
        };
        const unmoved = async (): Promise<void> => {
          const state = `[document.querySelector('#ratify-code').value, document.querySelector('#decline-reason').value, document.activeElement.id, window.same, window.prompts]`;
          expect(await types.evaluate(state)).toEqual(['abc', 'because', 'ratify-code', true, 0]);
        };

        expect(await ratify(ana)).toMatchObject({ ok: true });
        for (const tab of [reads, types]) {
          await expect.poll(() => tab.textContent('#standing'), soon).toContain('ANA');
          expect(await tab.textContent('#told')).toMatch(/1 of 2.*Signed by ANA/);
          expect(await tab.locator('#revoke').isVisible()).toBe(true);
          expect(await tab.locator('#outdated').isVisible()).toBe(false);
        }
        await expect.poll(() => room.textContent('#told'), soon).toContain('1 of 2');
        await unmoved();

        const reason = 'not <b>asked</b>';
        const begun = await post(`${page}/decline/begin`, { code, reason });
        const nonce = String(begun['nonce']);
        const subject = { name: gated.sealed.release.name, digest: gated.sealed.seal };
        const made = writeStatement({
          kind: 'decline',
          subject,
          predicate: { decision: 'decline', reason, statement, nonce },
        });
        const signed = signedBy(ben, made, stage, begun['ceremony']);
        expect(await post(`${page}/decline/finish`, { reason, nonce, signed })).toMatchObject({ ok: true });
        for (const tab of [reads, types])
          await expect.poll(() => tab.textContent('#told'), soon).toBe(`Declined by BEN: ${reason}`);
        await unmoved();

        // the last seat: whoever only reads sees it; where a code is being typed, it cannot be sent any more
        expect(await ratify(ben)).toMatchObject({ ok: true, complete: true });
        await expect.poll(() => reads.textContent('#ratify'), soon).toContain('Every seat is filled');
        expect(await reads.locator('#outdated').isVisible()).toBe(false);
        await types.waitForSelector('#outdated', soon);
        expect(await types.textContent('#told')).toContain('out of date');
        await unmoved();
        const posts: string[] = [];
        types.on('request', (asked) => asked.method() === 'POST' && posts.push(asked.url()));
        await types.fill('#ratify-code', code);
        await types.keyboard.press('Enter');
        await types.click('#ratify button', { force: true });
        // declining is still what it was
        expect(await types.getAttribute('form[data-act$="/decline"] button', 'aria-disabled')).toBe('false');
        await expect.poll(() => room.textContent('#gate'), soon).toContain('OPEN');
        expect(posts).toEqual([]);

        const stop = { reason: 'stop', nonce: '' };
        const revoking = await post(`${page}/revoke/begin`, { code, reason: stop.reason });
        stop.nonce = String(revoking['nonce']);
        const revocation = writeStatement({
          kind: 'revocation',
          subject: { ...subject, digest: statement },
          predicate: stop,
        });
        expect(
          await post(`${page}/revoke/finish`, {
            ...stop,
            signed: signedBy(ana, revocation, stage, revoking['ceremony']),
          }),
        ).toMatchObject({ ok: true });
        await expect.poll(() => reads.textContent('#told'), soon).toContain('revoked');
        await expect.poll(() => room.textContent('#gate'), soon).toContain('CLOSED');
        for (const tab of [reads, room]) expect(await tab.evaluate('[window.same, window.prompts]')).toEqual([true, 0]);
        expect(await room.inputValue('#hours')).toBe('1');
      } finally {
        await browser.close();
      }
    }),
);

it.skipIf(!hasBrowser())(
  'after a rollback nothing is shown as waiting or open that is not, and whoever asks again gets another statement',
  { timeout: 240_000 },
  () =>
    withStage(async (stage) => {
      const { gated, origin } = stage;
      const { post, read } = visitor(stage);
      const run = async (verb: string, ...more: readonly string[]): Promise<void> => {
        const { code, told } = await stage.start(verb, ...more).ended;
        expect(code, told).toBe(verb === 'gate' ? 1 : 0);
      };
      await run('seal');
      await run('rehearse', '--golden');
      await run('gate');
      const target = `/releases/${encodeURIComponent(gated.sealed.seal)}/targets/production`;
      const ask = async (purpose: string): Promise<string> =>
        String((await post(`${target}/propose`, { hours: '1', purpose }))['to']);
      const first = await ask('');
      const body =
        /\{"_type":"https:\/\/in-toto.io\/Statement\/v1".*?"subject":\[.*?\]\}/s.exec(await read(first))?.[0] ?? '';
      for (const by of [gated.people.ana, gated.people.ben]) {
        const begun = await post(`${first}/ratify/begin`, { code: decodeURIComponent(first).slice(19, 25) });
        const signed = signedBy(by, body, stage, begun['ceremony']);
        expect(await post(`${first}/ratify/finish`, { signed })).toMatchObject({ ok: true });
      }
      const browser = await launch();
      try {
        const tab = await browser.newPage();
        await tab.goto(stage.serving.url);
        await tab.waitForURL(`${origin}/`);
        const see = async (path: string, part: string): Promise<string> => {
          await tab.goto('about:blank');
          await tab.goto(`${origin}${path}`);
          return (await tab.locator(part).innerText()).replaceAll(/\s+/g, ' ');
        };
        const button = 'Judge and sign what waits';
        expect(await see(target, '#gate')).toMatch(/^✓?\s*OPEN/);
        expect(await see(target, '#proposals')).toContain('ratified: the target lets it through');
        await run('rollout');
        expect(await see(target, '#gate')).toContain('DONE');
        expect(await see(target, '#proposals')).toContain('ratified, and rolled out');
        const back = await ask('rollback');
        expect(await see(target, '#gate')).toContain(button);
        expect(await see(back, '#stands')).toContain('waits for signatures');
        await run('rollback');
        expect(await see(target, '#gate')).toContain('CLOSED');
        expect(await see(target, '#gate')).not.toContain(button);
        const states = await see(target, '#proposals');
        expect(states).toContain('nothing of what it rolls back is rolled out any more');
        expect(states).not.toMatch(/waits|lets it through/);
        expect(await see(back, '#stands')).toContain('closed nothing of what it rolls back');
        expect(await see(first, '#stands')).toContain('closed the rollback has begun');
        expect(await see(back, '#ratify')).toContain('It cannot be ratified now');
        const again = await ask('');
        expect([first, back]).not.toContain(again);
        expect(await see(target, '#gate')).toContain(button);
        if (process.env['ONEROOF_SHOTS'] !== undefined)
          await tab.screenshot({ path: `${process.env['ONEROOF_SHOTS']}/rolled-back.png`, fullPage: true });
      } finally {
        await browser.close();
      }
    }),
);
