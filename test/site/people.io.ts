import { type Browser, type Page as Tab } from 'playwright-core';
import { describeGate } from '../../src/gate/index.ts';
import { type Policy, type Registry } from '../../src/people/index.ts';
import { assertion, type Gated, type Signer, withGate } from '../gate/cycle.io.ts';
import { addAuthenticator, type Authenticator, freePort } from '../signing/browser.io.ts';
import { type PostAs, type Site, withSite } from './site.io.ts';

/** A site over a database with its gate: ana, ben and ira are in force; seats and quorum are one of level 2 and one of level 4. */
export async function withPeople<T>(
  use: (of: { readonly site: Site; readonly gated: Gated }) => Promise<T>,
  plan: {
    readonly policy?: Partial<Policy>;
    readonly registry?: (registry: Registry) => Registry;
    /** Of the release, instead of the usual ones. */
    readonly files?: Readonly<Record<string, string>>;
  } = {},
): Promise<T> {
  const port = await freePort();
  const window = { longest: 86_400_000, review: 1, rollback: 3_600_000 } as Policy['window'];
  const policy = { origin: `http://localhost:${port}`, rpId: 'localhost', window, ...plan.policy };
  return await withGate('18', { policy, ...(plan.files === undefined ? {} : { files: plan.files }) }, async (gated) => {
    const targets = `{ production: { url: "${urlOf(gated, 'oneroof_observer')}", relay: { url: "${urlOf(gated, 'oneroof_relay')}" } } }`;
    return await withSite({ port, targets }, (site) => use({ site, gated }));
  });
}

/** The address of a gated database, for one of its roles. */
export function urlOf({ database }: Pick<Gated, 'database'>, role: string): string {
  return `postgres://${role}@/${database.database}?host=${encodeURIComponent(database.host)}`;
}

/** What is in force, by the gate's own word. */
export async function registryIn(gated: Gated): Promise<Registry> {
  return JSON.parse((await gated.as('oneroof_observer', describeGate)).registry) as Registry;
}

/** Opens a tab that was let in, with an authenticator that holds these keys. */
export async function tabOf(
  browser: Browser,
  site: Site,
  keys: readonly Signer[],
): Promise<{ readonly tab: Tab; readonly authenticator: Authenticator }> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(site.url);
  await tab.waitForURL(`${site.origin}/`);
  const authenticator = await addAuthenticator(tab, 'verifies');
  for (const key of keys) await authenticator.add(credentialOf(key));
  return { tab, authenticator };
}

/** Opens a tab of somebody who was not let in. */
export async function strangersTab(
  browser: Browser,
): Promise<{ readonly tab: Tab; readonly authenticator: Authenticator }> {
  const tab = await (await browser.newContext()).newPage();
  return { tab, authenticator: await addAuthenticator(tab, 'verifies') };
}

/** A key as a virtual authenticator holds it. */
export function credentialOf({ credential, privateKey }: Signer) {
  return {
    credentialId: Buffer.from(credential, 'base64url').toString('base64'),
    isResidentCredential: false,
    rpId: 'localhost',
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
    signCount: 1,
  };
}

/** Where a change is signed. */
export type Asked = Pick<Site, 'origin' | 'get' | 'post'>;

/** Reads the page of a change as a person would: the statement, to the byte, and its code. */
export async function readSignPage(
  site: Asked,
  path: string,
): Promise<{ readonly body: string; readonly code: string }> {
  const html = await (await site.get(path, { accept: 'text/html' })).text();
  const text = html.replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
  const body = /\{"_type":"https:\/\/in-toto.io\/Statement\/v1".*?"subject":\[.*?\]\}/s.exec(text)?.[0] ?? '';
  return { body, code: /id="statement"><b>([0-9a-f]{6})/.exec(html)?.[1] ?? '' };
}

/** Begins and finishes, each perhaps on another server. */
export function signing(site: Asked, path: string, by: Signer) {
  const acts = path.replace(/\/sign$/, '');
  const read = () => readSignPage(site, path);
  const begin = async (as: PostAs = {}) => {
    const { code } = await read();
    return await site.post(`${acts}/begin`, { code }, as);
  };
  const finish = async (ceremony: unknown, as: PostAs = {}) => {
    const { body } = await read();
    const made = assertion(by, body, { origin: site.origin, rpId: 'localhost' });
    const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const sent = {
      ceremony,
      credential: made.credential,
      authenticatorData: encode(made.authenticatorData),
      clientDataJSON: encode(made.clientDataJSON),
      signature: encode(made.signature),
    };
    return await site.post(`${acts}/finish`, sent, as);
  };
  const sign = async () => await finish((await begin())['ceremony']);
  return { read, begin, finish, sign };
}
