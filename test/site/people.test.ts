import { submitTargetOf } from '../gate/footprint.io.ts';
import { describe, expect, it } from 'vitest';
import { openSession, sql } from '../../src/database/index.ts';
import { statementDigest } from '../../src/evidence/index.ts';
import { describeGate, submitRelease, submitSignature } from '../../src/gate/index.ts';
import { policyDocument, registryDocument, virtualAuthenticator } from '../../src/people/index.ts';
import { documentOf, nextVersion, withKey, without } from '../../src/signing/index.ts';
import { assertion, descriptorOf, type Gated, signer, type Signer } from '../gate/cycle.io.ts';
import { registryIn, signing, withPeople } from './people.io.ts';
import { raw, type Site, withSite } from './site.io.ts';

const eve = signer('eve', 5);
const keyOf = ({ credential, x, y }: Signer, label = 'key') =>
  ({ credential, x, y, aaguid: virtualAuthenticator, device: 'bound', label }) as const;

/** Puts a registry with one person more before the quorum, as somebody who made it elsewhere does; the path of where it is signed. */
async function ask(site: Site, gated: Gated, person = { id: 'eve', name: 'Eve', level: 5, label: 'key' }) {
  const { label, ...who } = person;
  const registry = withKey(nextVersion(gated.registry), who, keyOf(eve, label));
  const text = registryDocument(registry);
  expect(await site.post('/people/changes', { kind: 'registry', text })).toMatchObject({ ok: true });
  const path = `/people/changes/${documentOf({ kind: 'registry', registry }).digest}/production/sign`;
  return { registry, path };
}
const inviteEve = async (site: Site, more: object = {}): Promise<string> => {
  const made = await site.post('/people/invite', { kind: 'person', id: 'eve', name: 'Eve', level: '5', ...more });
  expect(made).toMatchObject({ ok: true });
  return String(made['link']).split('#')[1] ?? '';
};
/** Posts of somebody who was not let in, and holds an invitation. */
const asStranger = (site: Site, path: string, body: object) =>
  site.post(path, body, { headers: { authorization: 'none' } });
const pageText = async (site: Site): Promise<string> => (await site.get('/people', { accept: 'text/html' })).text();
const query = async (site: Site, statement: ReturnType<typeof sql>): Promise<void> => {
  const session = await openSession(site.state, { applicationName: 'test' });
  await session.query(statement).finally(() => session.close());
};

/** Opens the gate for the release, as the people of the site's policy do. */
async function ratified(site: Site, gated: Gated): Promise<void> {
  const body = await gated.ratification();
  const descriptor = await descriptorOf(gated);
  await gated.as('oneroof_relay', async (session) => {
    await submitRelease(session, gated.sealed);
    for (const by of [gated.people.ana, gated.people.ben])
      await submitSignature(session, body, assertion(by, body, { origin: site.origin, rpId: 'localhost' }));
    await submitTargetOf(session, { statement: statementDigest(body), descriptor, place: 0, proof: [] });
  });
}

describe('an invitation', () => {
  it('opens its own page, and nothing else', () =>
    withPeople(async ({ site }) => {
      const secret = await inviteEve(site);
      expect(await asStranger(site, '/invitation/look', { invitation: secret })).toMatchObject({ ok: true });
      for (const headers of [{ authorization: `Bearer ${secret}` }, { cookie: `oneroof=${secret}` }]) {
        for (const path of ['/people', '/', '/people/targets/production/registry.json', '/evidence'])
          expect((await fetch(`${site.origin}${path}`, { headers, redirect: 'manual' })).status).toBe(401);
        for (const path of ['/people/invite', '/people/draft/drop', '/people/draft/ask', '/people/changes'])
          expect(
            await site.post(path, { invitation: secret }, { headers: { authorization: 'none', ...headers } }),
          ).toMatchObject({ status: 401 });
      }
      expect(await asStranger(site, '/enter', { token: secret })).toMatchObject({ status: 403 });
    }));

  it('is over after its time, when withdrawn, and is none where nobody made it; the prompt of one is none for another', () =>
    withPeople(async ({ site }) => {
      const over = { ok: false, code: 'INVITATION_OVER' };
      for (const invitation of ['', 'x', 'a'.repeat(32), 7, null])
        expect(await asStranger(site, '/invitation/look', { invitation })).toMatchObject(over);
      const [one, two] = [await inviteEve(site), await inviteEve(site)];
      const begun = await asStranger(site, '/invitation/begin', { invitation: one });
      const finish = { ceremony: begun['ceremony'], credential: 'AA', clientDataJSON: 'AA', attestationObject: 'AA' };
      expect(await asStranger(site, '/invitation/finish', { invitation: two, ...finish })).toMatchObject({
        ok: false,
        code: 'ceremony',
      });
      // the control: with its own invitation the prompt is there
      expect(await asStranger(site, '/invitation/finish', { invitation: one, ...finish })).toMatchObject({
        ok: false,
        code: 'registration',
      });
      await query(site, sql`update oneroof_server.invitations set until = now()`);
      expect(await asStranger(site, '/invitation/begin', { invitation: one })).toMatchObject(over);
      const third = await inviteEve(site);
      const hash = /name="hash" value="([0-9a-f]{64})"/.exec(await pageText(site))?.[1] ?? '';
      expect(await site.post('/people/invitations/withdraw', { hash })).toMatchObject({ ok: true });
      expect(await asStranger(site, '/invitation/look', { invitation: third })).toMatchObject(over);
      expect(await pageText(site)).not.toContain(third);
    }));

  it('is made for names and levels that a registry can hold, and for nobody twice', () =>
    withPeople(async ({ site }) => {
      const invite = (more: object) =>
        site.post('/people/invite', { kind: 'person', id: 'eve', name: 'Eve', level: 5, ...more });
      expect(await invite({ name: 'Eve\u202Enimda' })).toMatchObject({ ok: false, code: 'REGISTRY_INVALID' });
      expect(await invite({ name: '' })).toMatchObject({ ok: false, code: 'REGISTRY_INVALID' });
      expect(await invite({ id: '../eve' })).toMatchObject({ ok: false, code: 'REGISTRY_INVALID' });
      expect(await invite({ level: 10 })).toMatchObject({ ok: false, code: 'REGISTRY_INVALID' });
      expect(await invite({ hours: 1000 })).toMatchObject({ ok: false, code: 'malformed' });
      expect(await invite({ id: 'ana', name: 'Not Ana' })).toMatchObject({ ok: false, code: 'USAGE' });
      expect(await site.post('/people/invite', { kind: 'device', id: 'nobody' })).toMatchObject({
        ok: false,
        code: 'PERSON_UNKNOWN',
      });
      expect(site.defects).toEqual([]);
    }));

  it('is not made where a passkey would not count: the site is not where the policy says', () =>
    withPeople(
      async ({ site }) => {
        expect(await site.post('/people/invite', { kind: 'device', id: 'ana' })).toMatchObject({
          ok: false,
          code: 'CONFIG_INVALID',
        });
        expect(await pageText(site)).toContain('a passkey of this site would not count');
      },
      { policy: { origin: 'http://localhost:1' } },
    ));
});

describe('a change that the quorum signs on the site', () => {
  it('shows hostile names and labels as text', () =>
    withPeople(async ({ site, gated }) => {
      const hostile = '"><img src=x onerror=alert(1)>';
      const { path } = await ask(site, gated, { id: 'eve', name: `<script>${hostile}`, level: 5, label: hostile });
      const page = await (await site.get(path, { accept: 'text/html' })).text();
      expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;');
      for (const text of [page, await pageText(site)]) {
        expect(text).not.toContain('<img');
        expect(text).not.toContain('<script>');
      }
    }));

  it('counts no one who is not in force, no wrong code, no person twice, no other page, no one without a session', () =>
    withPeople(async ({ site, gated }) => {
      const { path } = await ask(site, gated);
      const acts = path.replace(/\/sign$/, '');
      const [byAna, byEve] = [signing(site, path, gated.people.ana), signing(site, path, eve)];
      expect(await byEve.sign()).toMatchObject({ ok: false, code: 'key-unknown' });
      expect(await site.post(`${acts}/begin`, { code: '000000' })).toMatchObject({ ok: false, code: 'short-code' });
      expect(await byAna.begin({ headers: { authorization: 'none' } })).toMatchObject({ status: 401 });
      expect(await byAna.begin({ headers: { origin: 'https://evil.example' } })).toMatchObject({ status: 403 });
      expect(await byAna.begin({ headers: { 'sec-fetch-site': 'cross-site' } })).toMatchObject({ status: 403 });
      const signed = await site.get(`${acts}/finish`);
      expect(signed.status).toBe(404);
      const { ceremony } = await byAna.begin();
      expect(await byAna.finish(ceremony)).toMatchObject({ ok: true, complete: false });
      expect(await byAna.finish(ceremony)).toMatchObject({ ok: false, code: 'ceremony' });
      expect(await byAna.sign()).toMatchObject({ ok: false, code: 'duplicate' });
      expect((await registryIn(gated)).version).toBe(1);
      expect(site.defects).toEqual([]);
    }));

  it('is the same statement on two servers of one state: begun on one, finished on the other, twice nowhere', () =>
    withPeople(async ({ site, gated }) => {
      const { path, registry } = await ask(site, gated);
      const port = await site.another();
      const [ana, ben] = [signing(site, path, gated.people.ana), signing(site, path, gated.people.ben)];
      const { host } = new URL(site.origin);
      const there = await raw(port, { path, headers: { host, authorization: `Bearer ${site.token}` } });
      expect(there.text).toContain((await ana.read()).code);
      const one = await ana.begin();
      expect(await ana.finish(one['ceremony'], { port })).toMatchObject({ ok: true, complete: false });
      expect(await ana.finish(one['ceremony'])).toMatchObject({ ok: false, code: 'ceremony' });
      const two = await ben.begin({ port });
      expect(await ben.finish(two['ceremony'])).toMatchObject({ ok: true, complete: true });
      expect(await registryIn(gated)).toEqual(registry);
    }));

  it('can be the next policy, as people write it: what it changes and closes is on the page, and it is in force once they signed', () =>
    withPeople(async ({ site, gated }) => {
      const { ana, ben } = gated.people;
      await ratified(site, gated);
      const text = JSON.stringify({
        ...gated.policy,
        name: 'stricter',
        seats: [{ level: 4 }, { level: 4 }],
        window: { longest: '8h', review: '1ms', rollback: '1h' },
        rehearsal: { maxAge: '24h' },
      });
      expect(await site.post('/people/changes', { kind: 'policy', text: 'seats: none' })).toMatchObject({
        ok: false,
        code: 'POLICY_INVALID',
      });
      const { to } = await site.post('/people/changes', { kind: 'policy', text });
      const path = `${String(to)}/production/sign`;
      const page = await (await site.get(path, { accept: 'text/html' })).text();
      expect(page).toContain('name: test → stricter');
      expect(page).toMatch(/<dt>closes<\/dt><dd>ratification sha256:[0-9a-f]{64}/);
      for (const by of [ana, ben]) expect(await signing(site, path, by).sign()).toMatchObject({ ok: true });
      expect(JSON.parse((await gated.as('oneroof_observer', describeGate)).policy)).toMatchObject({ name: 'stricter' });
      expect(await pageText(site)).not.toContain('Waits for the quorum');
      // and back, and again: each time it is signed anew
      for (const document of [policyDocument(gated.policy), text]) {
        const again = await site.post('/people/changes', { kind: 'policy', text: document });
        const sign = `${String(again['to'])}/production/sign`;
        for (const by of [ana, ben]) expect(await signing(site, sign, by).sign()).toMatchObject({ ok: true });
        expect(await pageText(site)).not.toContain('Waits for the quorum');
      }
      expect(JSON.parse((await gated.as('oneroof_observer', describeGate)).policy)).toMatchObject({ name: 'stricter' });
      expect(site.defects).toEqual([]);
    }));

  it('is put in force by whoever opens the page next, where the server ended after the last signature', () =>
    withPeople(async ({ site, gated }) => {
      const { path, registry } = await ask(site, gated);
      const { ana, ben } = gated.people;
      const { body } = await signing(site, path, ana).read();
      await gated.as('oneroof_relay', async (session) => {
        for (const by of [ana, ben])
          await submitSignature(session, body, assertion(by, body, { origin: site.origin, rpId: 'localhost' }));
      });
      expect((await registryIn(gated)).version).toBe(1);
      expect((await site.get(path, { accept: 'text/html' })).status).toBe(200);
      expect(await registryIn(gated)).toEqual(registry);
    }));

  it('is refused before anybody is asked where it follows something else, or would lock everybody out', () =>
    withPeople(async ({ site, gated }) => {
      const registry = without(nextVersion(gated.registry), { person: 'ben', key: null });
      const drop = (person: string) => site.post('/people/draft/drop', { follows: registry.previous, person });
      // ana and ira fill every seat: ben can be spared, and then ana cannot
      expect(await drop('ben')).toMatchObject({ ok: true });
      expect(await drop('ana')).toMatchObject({ ok: false, code: 'SEATS_UNFILLABLE' });
      expect(await drop('nobody')).toMatchObject({ ok: false, code: 'PERSON_UNKNOWN' });
      expect(await pageText(site)).toContain('indispensable');
      const stale = nextVersion(nextVersion(gated.registry));
      const path = (digest: string) => `/people/changes/${digest}/production/sign`;
      await site.post('/people/changes', { kind: 'registry', text: registryDocument(stale) });
      const refused = await site.get(path(documentOf({ kind: 'registry', registry: stale }).digest));
      expect(await refused.json()).toMatchObject({ ok: false, code: 'CHANGE_NOT_NEXT' });
      const policy = { ...gated.policy, rpId: 'elsewhere.example', origin: 'https://elsewhere.example' };
      await site.post('/people/changes', { kind: 'policy', text: policyDocument(policy) });
      const locks = await site.get(path(documentOf({ kind: 'policy', policy }).digest));
      expect(await locks.json()).toMatchObject({ ok: false, code: 'CHANGE_LOCKS_OUT' });
      expect(await site.post('/people/draft/drop', { follows: 'first', person: 'ana' })).toMatchObject({
        ok: false,
        code: 'CHANGE_NOT_NEXT',
      });
      expect(await site.post('/people/draft/discard', { follows: registry.previous })).toMatchObject({ ok: true });
      expect(await pageText(site)).not.toContain('Draft: registry');
      expect(site.defects).toEqual([]);
    }));
});

it('says of a target that it cannot reach that its people are not known, and of one without a gate that nothing is in force', () =>
  withPeople(async ({ site, gated }) => {
    expect(await pageText(site)).toContain('In force on production');
    const targets = `{ far: { url: "postgres://nobody@localhost:1/x" }, bare: { url: "postgres://${site.state.user}@/${site.state.database}?host=${encodeURIComponent(site.state.host)}" } }`;
    await withSite({ targets }, async (other) => {
      const text = await pageText(other);
      expect(text).toMatch(/<strong>far<\/strong> <span class="tag no">not reachable/);
      expect(text).toMatch(/<strong>bare<\/strong> <span class="tag hold">no gate/);
      expect(text).toContain('policy.yaml does not exist');
    });
    expect(gated.registry.version).toBe(1);
  }));
