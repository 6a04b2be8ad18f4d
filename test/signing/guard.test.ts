import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Policy } from '../../src/people/index.ts';
import { enrolmentActions, type ServedPage, servePage, type Signed, signingActions } from '../../src/signing/index.ts';
import { makeDemoAuthenticator, signWithDemo } from '../../src/demo/demo-authenticator.io.ts';
import { draftRegistry, recognise, refuseKey } from '../../src/signing/index.ts';
import { shortCode, statementDigest } from '../../src/evidence/index.ts';
import { freePort, policyAt, registryOf, serveSigning, statementOf } from './browser.io.ts';

const demo = makeDemoAuthenticator();
let policy: Policy;
let served: ServedPage;
const signed: Signed[] = [];
const body = (): string => statementOf(policy, '1');

beforeAll(async () => {
  policy = policyAt(await freePort());
  served = await serveSigning({ policy, registry: registryOf(demo.key), body: body(), signed });
});
afterAll(async () => served.close());

/** Asks as no browser would, with any header. */
function ask(of: {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly send?: string;
}): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> {
  const url = new URL(served.url);
  const options = {
    host: '127.0.0.1',
    port: url.port,
    path: of.path ?? url.pathname,
    method: of.method ?? 'GET',
    headers: { host: url.host, connection: 'close', ...of.headers },
  };
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    });
    asked.on('error', reject);
    asked.end(of.send ?? '');
  });
}

const post = (send: string, headers: Readonly<Record<string, string>> = {}): ReturnType<typeof ask> =>
  ask({
    path: `${new URL(served.url).pathname}begin`,
    method: 'POST',
    headers: { origin: policy.origin, 'content-type': 'application/json', ...headers },
    send,
  });

describe('the page for passkeys', () => {
  it('takes a post of its own page, with the right code', async () => {
    const answer = await post(JSON.stringify({ code: shortCode(statementDigest(body())) }));
    expect([answer.status, JSON.parse(answer.text).ok]).toEqual([200, true]);
  });

  it('forbids scripts, frames, forms and resources of others', async () => {
    const { headers } = await ask({});
    const csp = String(headers['content-security-policy']);
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp).toContain("form-action 'none'");
    expect(csp).toMatch(/script-src 'sha256-[^']+';/);
    expect(csp).not.toContain('unsafe');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['x-frame-options']).toBe('DENY');
  });

  it('serves the one script that the policy names, by the hash of its bytes, and no other file', async () => {
    const { pathname } = new URL(served.url);
    const page = await ask({});
    const [, file = '', integrity = ''] = /<script src="([^"]+)" integrity="([^"]+)">/.exec(page.text) ?? [];
    const script = await ask({ path: `${pathname}${file}` });
    expect([file, script.status, script.headers['content-type']]).toEqual([
      'sign.js',
      200,
      'text/javascript; charset=utf-8',
    ]);
    expect(`sha256-${createHash('sha256').update(script.text).digest('base64')}`).toBe(integrity);
    expect(page.headers['content-security-policy']).toContain(`script-src '${integrity}';`);
    for (const other of ['nothing.js', '..%2findex.js', 'constructor.js'])
      expect((await ask({ path: `${pathname}${other}` })).status).toBe(404);
    expect((await ask({ path: `/${'A'.repeat(32)}/${file}` })).status).toBe(404);
  });

  it.each([
    ['a post of another origin', { origin: 'http://localhost:1' }, 403],
    ['a post without an origin', { origin: '' }, 403],
    ['a post that the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a post of another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['a form', { 'content-type': 'text/plain' }, 415],
    ['another host name', { host: 'attacker.example' }, 403],
  ])('refuses %s', async (_, headers, status) => {
    expect((await post('{}', headers)).status).toBe(status);
  });

  it('does not answer a frame', async () => {
    expect((await ask({ headers: { 'sec-fetch-dest': 'iframe' } })).status).toBe(403);
  });

  it('is read with GET alone, acts with POST alone, and is no proxy', async () => {
    const { pathname } = new URL(served.url);
    const headers = { origin: policy.origin, 'content-type': 'application/json' };
    const acts = { path: `${pathname}begin`, headers };
    for (const method of ['POST', 'PUT', 'HEAD']) expect((await ask({ headers, method })).status).toBe(405);
    for (const method of ['GET', 'HEAD', 'PUT']) expect((await ask({ ...acts, method })).status).toBe(405);
    expect((await ask({ path: served.url })).status).toBe(403);
    expect((await ask({ path: `http://attacker.example${pathname}` })).status).toBe(403);
  });

  it('does not answer a guessed token', async () => {
    const guessed = `/${'A'.repeat(32)}/`;
    expect((await ask({ path: guessed })).status).toBe(404);
    expect((await ask({ path: '/' })).status).toBe(404);
    expect((await ask({ path: '//' })).status).toBe(404);
  });

  it('does not read a body of two megabytes', async () => {
    expect((await post(`{"code":"${'0'.repeat(2_000_000)}"}`)).status).toBe(413);
  });

  it('does not know the members of every object as actions', async () => {
    const path = `${new URL(served.url).pathname}constructor`;
    const headers = { origin: policy.origin, 'content-type': 'application/json' };
    expect((await ask({ path, method: 'POST', headers, send: '{}' })).status).toBe(404);
  });

  it('says so where its address is taken', async () => {
    const again = serveSigning({ policy, registry: registryOf(demo.key), body: body(), signed });
    await expect(again).rejects.toMatchObject({ problems: [{ code: 'PAGE_UNSERVED' }] });
  });
});

describe('a signing ceremony', () => {
  const finishWith = (ceremony: unknown, text: string): object => {
    const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const { credential, authenticatorData, clientDataJSON, signature } = signWithDemo(demo, text, policy);
    return {
      ceremony,
      credential,
      authenticatorData: encode(authenticatorData),
      clientDataJSON: encode(clientDataJSON),
      signature: encode(signature),
    };
  };

  it('takes each prompt once, and only the newest one', async () => {
    const submit = async () => ({ complete: true, signed: ['ana'], missing: [] });
    const actions = signingActions({ body: body(), policy, registry: registryOf(demo.key), barred: [], submit });
    const code = shortCode(statementDigest(body()));
    const first = await actions.begin({ code });
    const second = await actions.begin({ code });
    const [older, newest] = [first, second].map((one) => ('ceremony' in one ? one['ceremony'] : null));
    expect(await actions.finish(finishWith(older, body()))).toMatchObject({ ok: false, code: 'ceremony' });
    expect(await actions.finish(finishWith(newest, body()))).toMatchObject({ ok: true });
    expect(await actions.finish(finishWith(newest, body()))).toMatchObject({ ok: false, code: 'ceremony' });
  });

  it('refuses a key of software for production, made or enrolled', async () => {
    const production = { ...policy, production: true };
    const signature = signWithDemo(demo, body(), policy);
    const recognised = () =>
      recognise({ body: body(), policy: production, registry: registryOf(demo.key), barred: [] }, signature);
    expect(recognised).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ code: 'SOFTWARE_KEY' })] }),
    );
    expect(() => signWithDemo(demo, body(), production)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ code: 'DEMO_IN_PRODUCTION' })] }),
    );
    const virtual = { ...demo.key, aaguid: '01020304-0506-0708-0102-030405060708' };
    expect(refuseKey(demo.key, production, null)?.code).toBe('software-key');
    expect(refuseKey(virtual, production, null)?.code).toBe('software-key');
    expect(refuseKey(virtual, policy, null)).toBeNull();
  });
});

describe('an enrolment', () => {
  it('refuses authenticators that the policy does not name, and a key that somebody has', () => {
    const strict = {
      ...policy,
      authenticators: { aaguids: ['aaaaaaaa-0000-0000-0000-000000000000'], attestation: 'none' as const },
    };
    expect(refuseKey(demo.key, strict, null)?.code).toBe('aaguid');
    expect(refuseKey({ ...demo.key, credential: 'AAAA' }, policy, registryOf(demo.key))?.code).toBe('key-known');
  });

  it('refuses to promise attestation that nobody checks', () => {
    const required = { ...policy, authenticators: { aaguids: null, attestation: 'required' as const } };
    const enrolment = () =>
      enrolmentActions({ policy: required, registry: null, person: { id: 'ana', name: 'Ana' }, keep: async () => '' });
    expect(enrolment).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ code: 'ATTESTATION_UNVERIFIED' })] }),
    );
  });

  it('drafts the next version with the digest of the one before, persons sorted', () => {
    const first = registryOf(demo.key);
    const other = makeDemoAuthenticator().key;
    const second = draftRegistry(first, { id: 'al', name: 'Al', level: 2 }, other);
    expect([first.version, first.previous]).toEqual([1, null]);
    expect(second).toMatchObject({
      version: 2,
      persons: [
        { id: 'al', keys: [other] },
        { id: 'ana', keys: [demo.key] },
      ],
    });
    expect(second.previous).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(() => draftRegistry(first, { id: 'bo', name: null, level: null }, other)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ code: 'PERSON_INCOMPLETE' })] }),
    );
  });
});

it('an action in which something unforeseen happens does not take the next one along', async () => {
  const origin = `http://localhost:${await freePort()}`;
  let tries = 0;
  const once = async (): Promise<{ ok: true; text: string }> => {
    tries += 1;
    if (tries === 1) throw new Error('unforeseen');
    return { ok: true, text: 'done' };
  };
  const page = await servePage({
    origin,
    listen: { host: '127.0.0.1', port: Number(new URL(origin).port) },
    draw: () => Promise.reject(new Error('nobody looks')),
    actions: { once },
  });
  const send = (): Promise<Response> =>
    fetch(`${page.url}once`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: '{}' });
  expect((await send()).status).toBe(500);
  expect(await (await send()).json()).toEqual({ ok: true, text: 'done' });
  await page.close();
});
