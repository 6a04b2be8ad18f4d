import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, now } from '../../src/core/index.ts';
import { sql } from '../../src/database/index.ts';
import { isOfKind, openFolderStore, statementDigest } from '../../src/evidence/index.ts';
import { isOf, policyDigest, type Policy, readHistory, registryDocument } from '../../src/people/index.ts';
import { readable } from '../../src/evidence-kinds/index.ts';
import { ratificationStage, sealStage } from '../../src/pipeline.io.ts';
import { runSql, withSession } from '../database.io.ts';
import { type Gated, release, type Signer } from '../gate/cycle.io.ts';
import { attemptOn, ratifyFor } from '../gate/purpose.io.ts';
import { hasBrowser, launch } from '../signing/browser.io.ts';
import { tabOf, withPeople } from './people.io.ts';
import { type Site } from './site.io.ts';

let browser: Browser;
beforeAll(async () => {
  if (hasBrowser()) browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

const files = {
  ...release,
  'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
  'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
};

/** Steps of the first tier, run by hand under one ratification. */
async function run(gated: Gated, statement: string, step: number): Promise<void> {
  await attemptOn(gated, { statement }, async (attempt) => {
    await attempt.begin();
    await attempt.enter();
    await attempt.step(step);
    await attempt.commit();
  });
}

/** A site whose log and database know of a release that is half way. */
async function withHalfWay(
  use: (of: { readonly site: Site; readonly gated: Gated; readonly statement: string }) => Promise<void>,
): Promise<void> {
  await withPeople(
    async ({ site, gated }) => {
      pin(site, gated, {});
      await runSql(gated.database, [`revoke temporary on database ${gated.database.database} from public`]);
      const store = readable(openFolderStore(join(site.folder, '.oneroof', 'evidence')));
      const course = await sealStage(gated.folder, store);
      const statement = await ratifyFor(gated, { what: 'rollout' });
      await run(gated, statement, 1);
      await gated.as('oneroof_relay', (session) => ratificationStage(course, { target: 'production', session }));
      await store.append({ kind: 'execution', seal: gated.sealed.seal, body: ranOn(gated, statement, {}) }, now());
      await use({ site, gated, statement });
    },
    { files },
  );
}

const ranOn = (gated: Gated, statement: string, more: object) => ({
  version: 1,
  release: 'small',
  seal: gated.sealed.seal,
  target: 'production',
  direction: 'up',
  tier: '1-rows',
  epoch: '1',
  phase: 'applied',
  reason: null,
  at: now(),
  statement,
  steps: [1, 1],
  ...more,
});

/** What the host is told to trust. */
function pin({ folder }: Site, { policy, registry }: Gated, more: Partial<Policy>): void {
  const written = {
    ...policy,
    window: { longest: '24h', review: '1ms', rollback: '1h' },
    rehearsal: { maxAge: '24h' },
    ...more,
  };
  writeFileSync(join(folder, 'policy.yaml'), JSON.stringify(written));
  writeFileSync(join(folder, 'registry.json'), registryDocument(registry));
}

/** Reads the digits on the page as a person does, types them, touches the key. */
async function sign(by: { readonly site: Site; readonly who: Signer; readonly path: string }): Promise<string> {
  const { tab } = await tabOf(browser, by.site, [by.who]);
  await tab.goto(`${by.site.origin}${by.path}`);
  await tab.fill('#code', (await tab.textContent('#statement b')) ?? '');
  await tab.click('form button');
  await tab.waitForSelector('output.go, output.no');
  const said = (await tab.textContent('output')) ?? '';
  await tab.context().close();
  return said;
}

async function askOn(tab: Tab, form: string, reason: string): Promise<string> {
  await tab.click(`${form} summary`);
  await tab.fill(`${form} textarea`, reason);
  await tab.click(`${form} button`);
  await tab.waitForURL('**/sign');
  return new URL(tab.url()).pathname;
}

/** What the page shows to be signed, without its furniture. */
const shownOn = async (tab: Tab): Promise<string> => (await tab.locator('[data-signed]').allTextContents()).join('\n');

const stranger = ({ folder }: Site) =>
  openFolderStore(join(folder, '.oneroof', 'evidence'), { keyFile: join(folder, 'stranger') });

const incarnationOf = (gated: Gated): Promise<string> =>
  withSession(gated.database, async (session) => {
    const [row] = await session.query<{ is: string }>(sql`select incarnation::text as is from gate.identity`);
    return row?.is ?? '';
  });

describe.skipIf(!hasBrowser())('on the site, in a browser', () => {
  it(
    'a quorum abandons a release, each from their own machine, by what the database says and not the log',
    { timeout: 180_000 },
    () =>
      withHalfWay(async ({ site, gated, statement }) => {
        const { ben, ira } = gated.people;
        const { seal } = gated.sealed;
        const at = `/releases/${seal}/targets/production`;
        const { tab } = await tabOf(browser, site, []);
        await tab.goto(`${site.origin}${at}`);
        const path = await askOn(tab, '#abandon', 'the rest <b>comes</b> later');
        const before = await shownOn(tab);
        expect(before).toContain('HALF WAY, rolled out in part, 1 step');
        expect(before).toContain('No ratification of this seal opens anything here any more');
        expect(before).toContain('the rest <b>comes</b> later');
        // the negative control of what follows: what is not signed here is not shown as signed
        await stranger(site).append(
          {
            kind: 'execution',
            seal,
            body: ranOn(gated, statement, { steps: [2, 2] }),
          },
          now(),
        );
        const [piece] = (await site.store.of(seal)).filter(({ entry }) => entry.kind === 'ratification');
        if (piece?.readable !== true) throw new Error('nothing was recorded');
        const held = piece.body as { readonly statement: object };
        const planted = '{"predicate":{"reason":"all is rolled back"}}';
        await stranger(site).append(
          {
            kind: 'abandonment',
            seal,
            body: {
              ...held,
              facts: null,
              statement: {
                ...held.statement,
                kind: 'abandonment',
                descriptor: null,
                acceptedAt: now(),
                body: planted,
                digest: statementDigest(planted),
              },
            },
          },
          now(),
        );
        await tab.reload();
        expect(await shownOn(tab)).toBe(before);
        expect(await abandonedIn(gated)).toBe(0);
        // what the database says does change it: another step, another statement
        const digits = await tab.textContent('#statement');
        await run(gated, statement, 2);
        await tab.reload();
        expect(await shownOn(tab)).toContain('rolled out in part, 2 steps');
        expect(await tab.textContent('#statement')).not.toBe(digits);
        // the author too may end what they wrote; nobody twice
        expect(await sign({ site, who: ira, path })).toContain('Signed by IRA; missing: seats: 1 of 2');
        expect(await sign({ site, who: ira, path })).toContain('duplicate');
        expect(await abandonedIn(gated)).toBe(0);
        expect(await sign({ site, who: ben, path })).toContain('nothing is missing');
        expect(await abandonedIn(gated)).toBe(1);
        await expect.poll(async () => (await site.get(path)).status, { timeout: 10_000 }).toBe(303);
        await tab.goto(`${site.origin}${at}`);
        expect(await tab.textContent('#abandoned')).toContain('another release');
        expect(await tab.locator('#abandon').count()).toBe(0);
        for (const [address, body] of [
          [`${at}/abandon`, { reason: 'again' }],
          [`${at}/propose`, { hours: '1' }],
        ] as const)
          expect(await site.post(address, body)).toMatchObject({
            ok: false,
            code: 'ABANDONED',
            text: expect.stringContaining('opens nothing there any more') as string,
            fix: expect.stringContaining('another release') as string,
          });
        const kept = readHistory(gated.sealed, await readable(site.store).of(seal)).recorded.filter(
          isOf('abandonment'),
        );
        expect(kept.map(({ signed }) => signed.map(({ id }) => id))).toEqual([['ira', 'ben']]);
        expect(site.defects).toEqual([]);
      }),
  );

  it('a quorum adopts a database, whose planted policy no planted record vouches for', { timeout: 180_000 }, () =>
    withHalfWay(async ({ site, gated, statement }) => {
      const { ana, ben } = gated.people;
      const { seal } = gated.sealed;
      const before = await incarnationOf(gated);
      const { tab } = await tabOf(browser, site, []);
      // a policy that one person alone would be the quorum of, in the database, and in a record of the log
      const weak = { ...gated.policy, name: 'weak', quorum: [{ level: 1, device: 'any' }] } as Policy;
      const text = canonicalJson(weak);
      await runSql(gated.database, [
        `insert into gate.documents (kind, digest, body) values ('policy', '${policyDigest(weak)}', $weak$${text}$weak$)`,
      ]);
      const [piece] = (await readable(site.store).of(seal)).filter((one) => isOfKind(one, 'ratification'));
      if (piece?.readable !== true) throw new Error('nothing was recorded');
      const honest = piece.body as { readonly rules: { readonly first: object; readonly links: readonly object[] } };
      const link = { kind: 'policy', document: text, acceptedAt: now(), body: '', signatures: [], withdrawals: [] };
      const vouching = [
        { ...honest.rules, links: [...honest.rules.links, link] },
        { ...honest.rules, first: { ...honest.rules.first, policy: text } },
      ];
      // also with the key of this host itself, which may record
      for (const [store, rules] of [
        [stranger(site), vouching[0]],
        [site.store, vouching[0]],
        [site.store, vouching[1]],
      ] as const)
        await store.append({ kind: 'ratification', seal, body: { ...honest, rules } }, now());
      const asked = { target: 'production', reason: 'restored' };
      expect(await site.post('/people/adoptions', asked)).toMatchObject({ ok: false, code: 'ADOPT_BEYOND' });
      await runSql(gated.database, [`delete from gate.documents where digest = '${policyDigest(weak)}'`]);
      // a row that nobody recorded, but that a stranger's record tells of
      const row = `insert into gate.tiers select (r).* from (select jsonb_populate_record(t, '{"tier": "9-planted"}') as r from gate.tiers t limit 1) x`;
      await runSql(gated.database, [
        'set session_replication_role = replica',
        row,
        `insert into gate.markers (statement, direction, tier, epoch, steps, schema_after) select statement, direction, tier, 1, 1, '' from gate.tiers where tier = '9-planted'`,
      ]);
      await stranger(site).append(
        { kind: 'execution', seal, body: ranOn(gated, statement, { tier: '9-planted' }) },
        now(),
      );
      expect(await site.post('/people/adoptions', asked)).toMatchObject({ ok: false, code: 'ADOPT_BEYOND' });
      // the negative control: the host's own record of it counts
      await site.store.append({ kind: 'execution', seal, body: ranOn(gated, statement, { tier: '9-planted' }) }, now());
      expect(await site.post('/people/adoptions', asked)).toMatchObject({ ok: true });
      await runSql(gated.database, [
        `set session_replication_role = replica`,
        `delete from gate.markers where tier = '9-planted'`,
        `delete from gate.tiers where tier = '9-planted'`,
      ]);

      await tab.goto(`${site.origin}/people`);
      const path = await askOn(tab, '#adopt', 'moved');
      const shown = await shownOn(tab);
      expect(shown).toContain('It gets a new incarnation');
      expect(shown).toContain('tier 9-planted, rolled out');
      expect(shown).toContain('HALF WAY');
      expect(await sign({ site, who: ana, path })).toContain('missing: seats: 1 of 2');
      expect(await incarnationOf(gated)).toBe(before);
      expect(await sign({ site, who: ben, path })).toContain('nothing is missing');
      const after = await incarnationOf(gated);
      expect(after).not.toBe(before);
      await expect.poll(async () => (await site.get(path)).status, { timeout: 10_000 }).toBe(303);
      const kept = (await readable(site.store).of(seal)).filter((one) => isOfKind(one, 'adoption'));
      expect(kept).toMatchObject([
        {
          readable: true,
          body: {
            statement: { adopted: { before, incarnation: after } },
            compared: { lost: [expect.stringContaining('9-planted')] },
          },
        },
      ]);
      expect(site.defects).toEqual([]);
    }),
  );

  it('lets nobody ask who was not let in, and nothing be signed that nobody asked for', { timeout: 60_000 }, () =>
    withHalfWay(async ({ site, gated }) => {
      const at = `/releases/${gated.sealed.seal}/targets/production/abandon`;
      for (const [path, body] of [
        [at, { reason: 'x' }],
        ['/people/adoptions', { target: 'production', reason: 'x' }],
        [`${at}/begin`, { code: 'abcdef' }],
      ] as const)
        expect(await site.post(path, body, { headers: { authorization: 'Bearer no' } })).toMatchObject({ status: 401 });
      for (const path of [at, '/people/adoptions/production']) {
        expect(await site.post(`${path}/begin`, { code: 'abcdef' })).toMatchObject({ ok: false, code: 'settled' });
        expect((await site.get(`${path}/sign`)).status).toBe(303);
      }
      for (const [path, body] of [
        [at, {}],
        [at, { reason: ' ' }],
        ['/people/adoptions', { target: 'production' }],
      ] as const)
        expect(await site.post(path, body)).toMatchObject({ ok: false, code: 'malformed' });
    }),
  );
});

async function abandonedIn(gated: Gated): Promise<number> {
  return await withSession(gated.database, async (session) => {
    const [row] = await session.query<{ n: string }>(sql`select count(*)::text as n from gate.abandoned`);
    return Number(row?.n);
  });
}
