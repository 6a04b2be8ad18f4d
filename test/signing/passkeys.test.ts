import { type Browser, type Page as Tab } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shortCode, statementDigest } from '../../src/evidence/index.ts';
import { type Passkey, type Policy } from '../../src/people/index.ts';
import { type Signed } from '../../src/signing/index.ts';
import {
  addAuthenticator,
  type Credential,
  freePort,
  hasBrowser,
  launch,
  policyAt,
  registryOf,
  serveEnrolment,
  serveFrame,
  serveSigning,
  statementOf,
} from './browser.io.ts';

const present = hasBrowser();
const hexadecimal64 = /^[0-9a-f]{64}$/;

describe.runIf(present)('passkeys in a real browser', () => {
  let browser: Browser;
  let policy: Policy;
  let key: Passkey;
  let credential: Credential;

  /** Opens a tab of its own with an authenticator; with Ana's passkey in it. */
  const tabWith = async (verifies: 'verifies' | 'does not verify'): Promise<Tab> => {
    const tab = await (await browser.newContext()).newPage();
    const authenticator = await addAuthenticator(tab, verifies);
    await authenticator.add(credential);
    return tab;
  };

  const sign = async (tab: Tab, url: string, code: string): Promise<string> => {
    await tab.goto(url);
    await tab.fill('#code', code);
    return press(tab);
  };

  const press = async (tab: Tab): Promise<string> => {
    await tab.click('button');
    await tab.locator('output.go, output.no').waitFor({ timeout: 60_000 });
    return (await tab.textContent('output')) ?? '';
  };

  const attempt = async (of: {
    readonly code?: string;
    readonly verifies?: 'verifies' | 'does not verify';
    readonly barred?: readonly string[];
    readonly before?: (tab: Tab) => Promise<void>;
  }): Promise<{ said: string; signed: readonly Signed[] }> => {
    const body = statementOf(policy, '1');
    const signed: Signed[] = [];
    const served = await serveSigning({ policy, registry: registryOf(key), body, signed, barred: of.barred ?? [] });
    const tab = await tabWith(of.verifies ?? 'verifies');
    try {
      await of.before?.(tab);
      const said = await sign(tab, served.url, of.code ?? shortCode(statementDigest(body)));
      return { said, signed };
    } finally {
      await tab.context().close();
      await served.close();
    }
  };

  /** Replaces what the page's script gives to the browser, as a hostile extension would. */
  const tampering = (challenge: string) => async (tab: Tab) => {
    await tab.addInitScript(`const real = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => { options.publicKey.challenge = ${challenge}; return real(options); };`);
  };

  beforeAll(async () => {
    browser = await launch();
    policy = policyAt(await freePort());
    const kept: Passkey[] = [];
    const served = await serveEnrolment(policy, (one) => void kept.push(one));
    const tab = await (await browser.newContext()).newPage();
    const authenticator = await addAuthenticator(tab, 'verifies');
    await tab.goto(served.url);
    expect(await press(tab)).toBe('Kept.');
    await served.close();
    key = kept[0] as Passkey;
    credential = (await authenticator.credentials())[0] as Credential;
    await tab.context().close();
  });
  afterAll(async () => browser?.close());

  it('registers an ES256 key with its point, bound to the device', () => {
    expect(key).toMatchObject({
      device: 'bound',
      x: expect.stringMatching(hexadecimal64),
      y: expect.stringMatching(hexadecimal64),
    });
    expect(Buffer.from(key.credential, 'base64url').toString('base64')).toBe(credential.credentialId);
  });

  it('does not register without user verification', async () => {
    const kept: Passkey[] = [];
    const served = await serveEnrolment(policy, (one) => void kept.push(one));
    const tab = await (await browser.newContext()).newPage();
    await addAuthenticator(tab, 'does not verify');
    await tab.goto(served.url);
    expect(await press(tab)).toContain('NotAllowedError');
    expect(kept).toEqual([]);
    await tab.context().close();
    await served.close();
  });

  it('signs the statement that the page shows', async () => {
    const { said, signed } = await attempt({});
    expect(said).toBe('Signed by Ana; nothing is missing.');
    expect(signed.map(({ person }) => person.id)).toEqual(['ana']);
  });

  it('refuses a wrong short code before any prompt', async () => {
    const right = shortCode(statementDigest(statementOf(policy, '1')));
    const { said, signed } = await attempt({ code: right === '000000' ? '000001' : '000000' });
    expect(said).toContain('short-code');
    expect(signed).toEqual([]);
  });

  it('refuses an authenticator that does not verify its person', async () => {
    const { said, signed } = await attempt({ verifies: 'does not verify' });
    expect(said).toContain('NotAllowedError');
    expect(signed).toEqual([]);
  });

  it('refuses an assertion without user verification that a changed page asked for', async () => {
    const { said, signed } = await attempt({
      verifies: 'does not verify',
      before: async (tab) => {
        await tab.addInitScript(`const real = navigator.credentials.get.bind(navigator.credentials);
          navigator.credentials.get = (options) => { options.publicKey.userVerification = 'discouraged'; return real(options); };`);
      },
    });
    expect(said).toContain('user-verification');
    expect(signed).toEqual([]);
  });

  it('refuses the signature of another statement', async () => {
    const { said, signed } = await attempt({ before: tampering('new Uint8Array(32)') });
    expect(said).toContain('challenge');
    expect(signed).toEqual([]);
  });

  it('refuses an author', async () => {
    const { said, signed } = await attempt({ barred: ['ana'] });
    expect(said).toContain('author');
    expect(signed).toEqual([]);
  });

  it('refuses an assertion that was made on another port of the same site', async () => {
    const body = statementOf(policy, '1');
    const other = policyAt(await freePort());
    const elsewhere = await serveSigning({ policy: other, registry: registryOf(key), body, signed: [] });
    const signed: Signed[] = [];
    const served = await serveSigning({ policy, registry: registryOf(key), body, signed });
    const tab = await tabWith('verifies');
    const assertions: unknown[] = [];
    await tab.route('**/finish', async (route) => {
      assertions.push(route.request().postDataJSON());
      await route.abort();
    });
    await tab.goto(elsewhere.url);
    await tab.fill('#code', shortCode(statementDigest(body)));
    await press(tab);
    const post = async (action: string, sent: object): Promise<unknown> => {
      const headers = { 'content-type': 'application/json', origin: policy.origin };
      return (await fetch(`${served.url}${action}`, { method: 'POST', headers, body: JSON.stringify(sent) })).json();
    };
    const begun = await post('begin', { code: shortCode(statementDigest(body)) });
    const { ceremony } = begun as { ceremony: string };
    expect(await post('finish', { ...(assertions[0] as object), ceremony })).toMatchObject({
      ok: false,
      code: 'origin',
    });
    expect(signed).toEqual([]);
    await tab.context().close();
    await Promise.all([elsewhere.close(), served.close()]);
  });

  it('shows a script in a title, in SQL and in a notice as text', async () => {
    const attack = '<img src=x onerror="document.title=1"><script>document.title=2</script></pre>';
    const served = await serveSigning({
      policy,
      registry: registryOf(key),
      body: statementOf(policy, '1'),
      signed: [],
      view: {
        title: attack,
        facts: [[attack, attack]],
        text: `select 1; -- ${attack}\n\u202eevil`,
        standing: { complete: false, signed: [attack], missing: [attack] },
      },
    });
    const tab = await (await browser.newContext()).newPage();
    await tab.goto(served.url);
    expect(await tab.textContent('#text')).toBe(`select 1; -- ${attack}\n\\u{202e}evil`);
    expect(await tab.textContent('h1')).toBe(attack);
    expect(await tab.locator('img').count()).toBe(0);
    expect(await tab.title()).toBe(`${attack} · One Roof`);
    await tab.context().close();
    await served.close();
  });

  it('is not shown inside another page, and takes no post from one', async () => {
    const served = await serveSigning({
      policy,
      registry: registryOf(key),
      body: statementOf(policy, '1'),
      signed: [],
    });
    const around = await serveFrame(served.url);
    const tab = await (await browser.newContext()).newPage();
    const said: string[] = [];
    tab.on('console', (message) => said.push(message.text()));
    await tab.goto(around.url);
    expect(await tab.frames()[1]?.locator('#code').count()).toBe(0);
    expect(said.join('\n')).toContain('frame-ancestors');
    const posted = await tab.evaluate(
      async (url) =>
        fetch(`${url}begin`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).then(
          () => 'answered',
          () => 'blocked',
        ),
      served.url,
    );
    expect(posted).toBe('blocked');
    await tab.context().close();
    await Promise.all([served.close(), around.close()]);
  });
});
