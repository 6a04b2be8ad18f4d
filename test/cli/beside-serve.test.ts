import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Connection } from '../../src/database/index.ts';
import { withDatabase } from '../database.io.ts';
import { makePasskey } from '../gate/vendor.io.ts';
import { type Place, withPlace } from '../runbooks/place.io.ts';
import { signOn } from '../signing/desk.io.ts';
import { type Shown } from './people.io.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.io.js');

/** A place where `oneroof serve` can run: its state is in a database of its own. */
const within = (use: (place: Place, state: Connection) => Promise<void>): Promise<void> =>
  withDatabase('18', (database) =>
    withDatabase('18', (state) =>
      withPlace('18', { database }, async (place) => {
        const { host, port } = state;
        const url = `postgres://postgres@/${state.database}?host=${encodeURIComponent(host)}&port=${port}`;
        appendFileSync(join(place.home, 'oneroof.yaml'), `\nserve: { state: { url: "${url}" } }\n`);
        await use(place, state);
      }),
    ),
  );

/** Starts `oneroof serve` in a folder, and waits until it says its address. */
async function serve(folder: string): Promise<{ readonly url: string; readonly end: () => Promise<void> }> {
  const child = spawn(process.execPath, [main, 'serve'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const end = async (): Promise<void> => {
    child.kill('SIGINT');
    await ended;
  };
  onTestFinished(end);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const address = (): string => /open (\S+)/.exec(said)?.[1] ?? '';
  await expect.poll(address, { timeout: 60_000 }).not.toBe('');
  return { url: address(), end };
}

/** Makes a passkey on the page of `oneroof enrol`, as a browser without a model of authenticator does. */
async function enrolOn({ url }: Shown, { origin, rpId }: Place['gated']['policy']): Promise<void> {
  const post = async (action: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { 'content-type': 'application/json', origin };
    return (await (await fetch(url + action, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as never;
  };
  const begun = await post('begin', {});
  const { challenge } = begun['options'] as { challenge: string };
  const { credential, clientDataJSON, attestationObject } = makePasskey({
    challenge,
    origin,
    rpId,
    by: 'nobody',
    aaguid: '00000000-0000-0000-0000-000000000000',
  });
  const made = { ceremony: begun['ceremony'], credential, clientDataJSON, attestationObject };
  expect(await post('finish', made)).toMatchObject({ ok: true });
}

it('while the site is served, every command with a page has it passed on by the site', { timeout: 400_000 }, () =>
  within(async ({ home, gated, type }) => {
    const { ana, ben } = gated.people;
    const seen: string[] = [];
    const by =
      (...persons: readonly (typeof ana)[]) =>
      async (shown: Shown): Promise<void> => {
        seen.push(shown.url);
        for (const one of persons)
          expect(await signOn(shown.said, gated, one, (page) => signedIn(page))).toMatchObject({ ok: true });
      };
    await serve(home);
    const revoked = await type("oneroof revoke release --reason 'not this week'", by(ana));
    expect(revoked, revoked.stderr).toMatchObject({ status: 0 });
    expect(revoked.stderr).toContain('oneroof serve uses this address, and passes on the page of this command');

    // the site has its own page for this one; nobody signs there, and the proposal waits
    const asked = spawn(process.execPath, [main, 'ratify', 'release'], {
      cwd: home,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    asked.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await expect.poll(() => said, { timeout: 60_000 }).toContain('oneroof serve uses this address: open');
    asked.kill('SIGINT');
    await once(asked, 'close');
    const declined = await type("oneroof decline release --reason 'not read'", by(ben));
    expect(declined, declined.stderr).toMatchObject({ status: 0 });

    const enrolled = await type('oneroof enrol --person dan --name Dan --level 2', async (shown) => {
      seen.push(shown.url);
      await enrolOn(shown, gated.policy);
    });
    expect(enrolled, enrolled.stderr).toMatchObject({ status: 0 });
    const next = JSON.parse(readFileSync(join(home, 'registry.next.json'), 'utf8')) as { persons: { id: string }[] };
    expect(next.persons.map(({ id }) => id)).toContain('dan');

    const begun = await type('oneroof ratify --registry registry.next.json', async (shown, interrupt) => {
      await by(ana)(shown);
      interrupt();
    });
    expect(begun.stderr).toContain('[INTERRUPTED]');
    const withdrawn = await type("oneroof revoke --registry registry.next.json --reason 'a mistake'", by(ana));
    expect(withdrawn, withdrawn.stderr).toMatchObject({ status: 0 });
    const changed = await type('oneroof ratify --registry registry.next.json', by(ana, ben));
    expect(changed, changed.stderr).toMatchObject({ status: 0 });
    // another machine made its own draft of the same version, and is later
    const installed = JSON.parse(readFileSync(join(home, 'registry.json'), 'utf8')) as Record<string, unknown>;
    await type('oneroof registry drop ira --out other.json');
    expect(JSON.parse(readFileSync(join(home, 'other.json'), 'utf8'))).toMatchObject({
      version: Number(installed['version']) + 1,
    });
    const late = await type('oneroof ratify --registry other.json');
    expect(late.status).toBe(3);
    expect(late.stderr).toMatch(
      /another draft of version 2 is in force in production: sha256:\w+, signed by (ana, ben|ben, ana), since 20\S+Z; this draft of version 2 is sha256:\w+ \[CHANGE_NOT_NEXT\]/,
    );
    expect(late.stderr).toContain('as version 3: oneroof enrol');
    const abandoned = await type("oneroof abandon release --reason 'for good'", by(ana, ben));
    expect(abandoned, abandoned.stderr).toMatchObject({ status: 0 });

    const { origin } = gated.policy;
    expect(seen).toHaveLength(7);
    for (const url of seen) expect(url).toMatch(new RegExp(`^${origin}/pages/[A-Za-z0-9_-]{32}/$`));
    // each is gone with its command
    for (const url of seen) expect((await fetch(url)).status).toBe(404);
    expect(readdirSync(join(home, '.oneroof', 'server', 'pages'))).toEqual([]);
  }),
);

/** The statement that a page of ours shows: among its facts, or as the text itself. */
function signedIn(page: string): string {
  return /\{"_type":"https:\/\/in-toto.io\/Statement\/v1".*?"subject":\[.*?\]\}/s.exec(page)?.[0] ?? '';
}

it('the site passes on nothing but the page of a command that runs, to its own pages alone', { timeout: 200_000 }, () =>
  within(async ({ home, gated, type }) => {
    const { origin } = gated.policy;
    await serve(home);
    const pages = join(home, '.oneroof', 'server', 'pages');
    const enrol = 'oneroof enrol --person dan --name Dan --level 2';
    const ended = await type(enrol, async ({ url }, interrupt) => {
      expect((await fetch(url)).headers.get('content-security-policy')).toContain("default-src 'none'");
      const post = (headers: Record<string, string>) => fetch(`${url}begin`, { method: 'POST', headers, body: '{}' });
      const json = { 'content-type': 'application/json' };
      expect((await post({ ...json, origin })).status).toBe(200);
      expect((await post({ ...json, origin: 'https://evil.example' })).status).toBe(403);
      expect((await post({ origin })).status).toBe(415);
      const [token = ''] = readdirSync(pages);
      for (const path of [`${'A'.repeat(32)}/`, `..%2Fpages%2F${token}/`, `${token}/%2e%2e%2fbegin`, '../oneroof.yaml'])
        expect((await fetch(`${origin}/pages/${path}`)).status, path).not.toBe(200);
      // what is killed leaves its file, which the next one removes
      writeFileSync(join(pages, 'B'.repeat(32)), JSON.stringify({ pid: 2 ** 22, socket: join(home, 'none') }));
      expect((await fetch(`${origin}/pages/${'B'.repeat(32)}/`)).status).toBe(404);
      interrupt();
    });
    expect(ended.stderr).toContain('[INTERRUPTED]');
    await type(enrol, async (_, interrupt) => {
      expect(existsSync(join(pages, 'B'.repeat(32)))).toBe(false);
      interrupt();
    });
  }),
);

it(
  'where the site cannot pass a page on, or something else has the address, it says what to do',
  {
    timeout: 200_000,
  },
  () =>
    within(async ({ home, gated, type }) => {
      const enrol = 'oneroof enrol --person dan --name Dan --level 2';
      const site = await serve(home);
      const yaml = readFileSync(join(home, 'oneroof.yaml'), 'utf8');
      // another oneroof.yaml than the one that is served
      writeFileSync(join(home, 'oneroof.yaml'), yaml.replace('serve: {', 'serve: { folder: elsewhere,'));
      const refused = await type(enrol);
      expect(refused.status).toBe(4);
      expect(refused.stderr).toMatch(/does not pass on the page of this command.*\[PAGE_UNSERVED\]/);
      expect(refused.stderr).toContain('hint: run this command as that user and with that oneroof.yaml');
      expect(readdirSync(join(home, 'elsewhere', 'pages'))).toEqual([]);
      await site.end();
      const occupy = async (text: string, meanwhile: () => Promise<void>): Promise<void> => {
        const other = createServer((_, answer) => answer.end(text));
        other.listen(Number(new URL(gated.policy.origin).port), '127.0.0.1');
        await once(other, 'listening');
        await meanwhile().finally(() => other.close());
      };
      // it answers as the site does, and cannot reach the page
      await occupy('{"ok":true}', async () => {
        expect((await type(enrol)).stderr).toMatch(/does not pass on the page of this command.*\[PAGE_UNSERVED\]/);
      });
      await occupy('anything', async () => {
        const { stderr } = await type(enrol);
        expect(stderr).toMatch(/EADDRINUSE.*\[PAGE_UNSERVED\]/);
        expect(stderr).toContain('hint: end the program that listens there');
      });
    }),
);
