import { setTimeout as sleep } from 'node:timers/promises';
import { OneRoofError, stated, type Stated } from '../core/index.ts';
import { statementHash } from '../evidence/index.ts';
import { type Policy } from '../people/index.ts';
import { notForProduction } from '../signing/index.ts';
import { type DemoAuthenticator, signWithDemo } from './demo-authenticator.io.ts';

/** A page for signing, as the terminal shows it. */
export interface ShownPage {
  readonly url: string;
  readonly code: string;
}

/** Reads a page's address and code out of what `oneroof ratify` says; null where it says something else. */
export function shownPage(line: string): ShownPage | null {
  const [, url, code] = /^open (\S+) and type ([0-9a-f]{6});/.exec(line) ?? [];
  return url === undefined || code === undefined ? null : { url, code };
}

/**
 * Does on a page what a browser and a person would: reads the statement, types the code, signs, hands it in. With a key of software,
 * so never for production.
 *
 * Errors  DEMO_IN_PRODUCTION; PAGE_UNREACHED; INTERNAL where the page takes no signature, or does not say what it is.
 */
export async function signOnPage(
  { url, code }: ShownPage,
  by: { readonly authenticator: DemoAuthenticator; readonly policy: Policy },
): Promise<string> {
  const page = await (await reach(url)).text();
  if (!page.includes(notForProduction)) throw broken(stated`the page does not say ${{ expected: notForProduction }}`);
  const body = statementOn(page);
  const sendTo = async (action: string, sent: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', origin: by.policy.origin };
    const answer = await reach(url + action, { method: 'POST', headers, body: JSON.stringify(sent) });
    return (await answer.json()) as Record<string, unknown>;
  };
  const post = async (action: string, sent: object): Promise<Record<string, unknown>> => {
    let said = await sendTo(action, sent);
    // a person reads for longer than the review of this policy takes
    for (let tries = 0; said['code'] === 'review' && tries < mostTries; tries += 1) {
      await sleep(tryAgain);
      said = await sendTo(action, sent);
    }
    if (said['ok'] !== true) throw broken(stated`${{ code: String(said['code']) }}: ${{ why: String(said['text']) }}`);
    return said;
  };
  const { ceremony, challenge } = await post('begin', { code });
  // what is signed is what the page showed, to the byte
  if (challenge !== encode(statementHash(body)))
    throw broken(stated`the page shows another statement than it asks for`);
  const made = signWithDemo(by.authenticator, body, by.policy);
  const done = await post('finish', {
    ceremony,
    credential: made.credential,
    authenticatorData: encode(made.authenticatorData),
    clientDataJSON: encode(made.clientDataJSON),
    signature: encode(made.signature),
  });
  return String(done['text']);
}

/** The page is on this machine: where it cannot be reached, its network does not lead to itself. */
async function reach(url: string, sent: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, sent);
  } catch (cause) {
    const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new OneRoofError('PAGE_UNREACHED', {
      ...stated`the page at ${{ origin: new URL(url).origin }} is served and cannot be reached from this machine itself: ${{ why }}`,
      fix: 'let the machine reach itself: `ip link set lo up`, and a line `127.0.0.1 localhost` in /etc/hosts; the demo needs no other network',
      cause,
    });
  }
}

/** Milliseconds; the review of the demo's policy takes a second. */
const tryAgain = 200;
const mostTries = 50;

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** The statement that stands on the page, canonical JSON. */
function statementOn(page: string): string {
  const text = page.replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
  const from = text.indexOf('{"_type":"https://in-toto.io/Statement/v1"');
  const to = text.indexOf('</', from);
  if (from < 0 || to < 0) throw broken(stated`the page shows no statement`);
  return text.slice(from, to);
}

function broken(what: Stated): OneRoofError {
  return new OneRoofError('INTERNAL', { ...what, fix: 'this is a defect of One Roof: please report it' });
}
