import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { outward } from '../../src/site/access/index.ts';
import { withSite } from './site.io.ts';

/** Sends these bytes on a connection of its own; what came back until it was closed, or until so long after. */
async function send(port: number, bytes: string, patience = 1500): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined).on('data', (chunk) => (text += String(chunk)));
  socket.write(bytes);
  await Promise.race([closed, wait(patience)]);
  socket.destroy();
  return text;
}

const statuses = (text: string): readonly string[] => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, n = '']) => n);

it('answers what is no request of a browser with a refusal, and goes on', { timeout: 60_000 }, () =>
  withSite({}, async (site) => {
    const { port } = site;
    const host = `Host: localhost:${port}\r\n`;
    const inside = `${host}Authorization: Bearer ${site.token}\r\n`;
    const refused: readonly string[] = [
      'GET / HTTP/1.0\r\n\r\n',
      'GET / HTTP/1.1\r\n\r\n',
      `GET / HTTP/1.1\r\n${host}Host: evil.example\r\n\r\n`,
      `GET http://evil.example/ HTTP/1.1\r\n${inside}\r\n`,
      `GET http://localhost:${port}/ HTTP/1.1\r\n${inside}\r\n`,
      `OPTIONS * HTTP/1.1\r\n${inside}\r\n`,
      `CONNECT evil.example:443 HTTP/1.1\r\n${inside}\r\n`,
      `TRACE / HTTP/1.1\r\n${inside}\r\n`,
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${inside}\r\n`,
      `GET / HTTP/1.1\r\n${inside}X: ${'a'.repeat(20_000)}\r\n\r\n`,
      `POST /enter HTTP/1.1\r\n${inside}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'garbage\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00',
    ];
    for (const bytes of refused) {
      const text = await send(port, bytes);
      expect([bytes.slice(0, 60), statuses(text).every((one) => one.startsWith('4'))]).toEqual([
        bytes.slice(0, 60),
        true,
      ]);
      expect(text).not.toContain('Set-Cookie');
      expect(text).not.toMatch(/node_modules|at .*\.ts:|\/src\//);
    }
    // good requests behind one another are each answered; with garbage among them the connection ends
    const good = `GET /healthz HTTP/1.1\r\n${inside}\r\n`;
    expect(statuses(await send(port, good.repeat(3)))).toEqual(['200', '200', '200']);
    expect(statuses(await send(port, `${good.repeat(3)}NONSENSE\r\n\r\n${good}`)).at(-1)).toBe('400');
    // what is said of a body that never came is nothing
    expect(statuses(await send(port, `${good}POST /enter HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\n{`))).toContain(
      '200',
    );
    expect((await site.get('/')).status).toBe(200);
    expect(site.defects).toEqual([]);
  }),
);

it('splits no answer by what is asked, and names files by letters alone', () =>
  withSite({ files: { 'release.yaml': (text) => text } }, async (site) => {
    for (const path of [
      '/releases/x%0d%0aSet-Cookie:%20oneroof=evil',
      '/evidence/%0d%0aSet-Cookie:%20oneroof=evil?as=json',
      '/evidence?page=%0d%0aSet-Cookie:%20a=b',
      '/events?release=%0d%0a%0d%0adata:%20x',
    ]) {
      const leave = new AbortController();
      const answer = await fetch(`${site.origin}${path}`, {
        headers: { authorization: `Bearer ${site.token}` },
        signal: leave.signal,
      });
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers.get('set-cookie')).toBeNull();
      leave.abort();
    }
    const bundle = await site.get(`/releases/${site.sealed.seal}/bundle`);
    expect(bundle.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.-]+"$/);
    for (const path of [
      'bundle',
      'report',
      'targets/..%2f..%2fetc',
      'targets/..%2f..%2fetc/report',
      '..%2f..%2fetc%2fpasswd/bundle',
    ])
      for (const seal of ['..%2f..%2f.oneroof%2fevidence%2fkey', '%00', '..'])
        expect((await site.get(`/releases/${seal}/${path}`)).status).toBe(404);
    for (const digest of ['..%2f..%2fkey', '%2fetc%2fpasswd', 'sha256:%2e%2e', '%E0%A4%A'])
      for (const act of ['', '/ratify/begin']) expect((await site.get(`/statements/${digest}${act}`)).status).toBe(404);
    // the target does not answer, and the terminal is told so
    expect(site.defects).toEqual([expect.stringContaining('was not asked for a bundle')]);
  }));

it('a client that sends slowly is let go after some seconds, while others are answered', { timeout: 60_000 }, () =>
  withSite({}, async (site) => {
    // the negative control: Node's own bounds let the same client stay for a minute and more
    const bare = createServer((_, answer) => answer.end());
    await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
    const slow = (port: number, start: string): { readonly socket: Socket; closed: number | null } => {
      const began = performance.now();
      const one = { socket: connect(port, '127.0.0.1'), closed: null as number | null };
      one.socket.on('error', () => undefined).on('data', () => undefined);
      one.socket.once('close', () => (one.closed = performance.now() - began));
      one.socket.write(start);
      const drip = setInterval(() => (one.socket.destroyed ? clearInterval(drip) : one.socket.write('a')), 500);
      return one;
    };
    const host = `Host: localhost:${site.port}`;
    const headers = Array.from({ length: 50 }, () => slow(site.port, `GET / HTTP/1.1\r\n${host}\r\nX: `));
    const body = slow(
      site.port,
      `POST /enter HTTP/1.1\r\n${host}\r\nOrigin: ${site.origin}\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n`,
    );
    const control = slow((bare.address() as AddressInfo).port, 'GET / HTTP/1.1\r\nHost: x\r\nX: ');
    expect((await site.get('/')).status).toBe(200);
    await expect.poll(() => headers.every(({ closed }) => closed !== null), { timeout: 14_000 }).toBe(true);
    await expect.poll(() => body.closed, { timeout: 14_000 }).not.toBeNull();
    expect(control.closed).toBeNull();
    control.socket.destroy();
    bare.close();
    expect((await site.get('/')).status).toBe(200);
    expect(site.defects).toEqual([]);
  }),
);

it('looks up a bounded number of guesses, while signed-in visitors go on', { timeout: 60_000 }, () =>
  withSite({}, async (site) => {
    expect((await site.get('/healthz')).status).toBe(200);
    expect((await site.get('/evidence')).status).toBe(200);
    const guess = (n: number): string => `${n}`.padStart(24, 'x');
    const found: number[] = [];
    for (let n = 0; n < 70; n += 1)
      found.push((await site.get('/evidence', { authorization: `Bearer ${guess(n)}` })).status);
    expect(found.slice(0, 60).every((status) => status === 401)).toBe(true);
    expect(found.slice(60).every((status) => status === 429)).toBe(true);
    const enter = await fetch(`${site.origin}/enter`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: site.origin },
      body: JSON.stringify({ token: guess(1) }),
    });
    expect(enter.status).toBe(429);
    expect((await site.get('/evidence', { authorization: '', cookie: `oneroof=${guess(3)}` })).status).toBe(429);
    expect((await site.get('/evidence')).status).toBe(200);
  }),
);

it('tells strangers nothing, and never says where files are or what passwords are', { timeout: 60_000 }, () =>
  withSite(
    {
      targets: '{ production: { urlFrom: TARGET_URL } }',
      env: { TARGET_URL: 'postgres://observer:s3cret-word@127.0.0.1:1/directus' },
    },
    async (site) => {
      const health = await fetch(`${site.origin}/healthz`);
      expect([health.status, await health.text()]).toEqual([200, '{"ok":true}']);
      expect([...health.headers.keys()].filter((name) => /server|powered|version/.test(name))).toEqual([]);
      const release = `/releases/${site.sealed.seal}`;
      for (const path of [
        '/',
        release,
        `${release}/report`,
        `${release}/targets/production`,
        `${release}/targets/production/report`,
        `${release}/targets/nowhere`,
        `${release}/targets/nowhere/report`,
        '/evidence',
        '/nowhere',
      ])
        for (const accept of ['text/html', 'application/json']) {
          const text = await (await site.get(path, { accept })).text();
          expect([path, text.includes('s3cret-word'), text.includes(site.folder)]).toEqual([path, false, false]);
          expect(text, path).not.toMatch(/node_modules| at .*\.ts:\d+/);
        }
      rmSync(join(site.folder, '.oneroof', 'evidence'), { recursive: true });
      await wait(1100);
      const gone = await (await site.get('/', { accept: 'text/html' })).text();
      expect(gone.includes(site.folder)).toBe(false);
      expect(outward(`${site.folder}/oneroof.yaml: no`)).toBe('…/oneroof.yaml: no');
      expect(outward('see https://a.example/b/c, and/or 1/2; "/srv/x y"')).toBe(
        'see https://a.example/b/c, and/or 1/2; "…/x y"',
      );
    },
  ),
);

it('speaks https itself, with a cookie that only it can set, or lets a proxy do so', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const made = spawnSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${keyFile} -out ${certFile}`.split(
      ' ',
    ),
  );
  expect(made.status, String(made.stderr)).toBe(0);
  const [key, certificate] = [readFileSync(keyFile, 'utf8'), readFileSync(certFile, 'utf8')];
  rmSync(folder, { recursive: true });
  const post = (site: { port: number; token: string; origin: string }, how: 'tls' | 'plain', host: string) =>
    new Promise<{ readonly status: number; readonly cookie: string }>((resolve, reject) => {
      const body = JSON.stringify({ token: site.token });
      const options = {
        host: '127.0.0.1',
        servername: 'localhost',
        port: site.port,
        path: '/enter',
        method: 'POST',
        ca: certificate,
        headers: { host, origin: site.origin, 'content-type': 'application/json', 'content-length': body.length },
      };
      const asked = (how === 'tls' ? secureRequest : request)(options, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode ?? 0, cookie: String(answer.headers['set-cookie'] ?? '') });
      });
      asked.on('error', reject).end(body);
    });
  const strict = /^__Host-oneroof=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/;
  await withSite({ https: { certificate, key } }, async (site) => {
    const entered = await post(site, 'tls', `localhost:${site.port}`);
    expect(entered.status).toBe(200);
    expect(entered.cookie).toMatch(strict);
    expect((await post(site, 'tls', 'evil.example')).status).toBe(403);
    await expect(post(site, 'plain', `localhost:${site.port}`)).rejects.toThrow();
  });
  await withSite({ https: 'proxy' }, async (site) => {
    const entered = await post(site, 'plain', 'roof.example.org');
    expect(entered.status).toBe(200);
    expect(entered.cookie).toMatch(strict);
    // a proxy that puts its own address there is found out at once
    expect((await post(site, 'plain', `127.0.0.1:${site.port}`)).status).toBe(403);
    expect((await post(site, 'plain', 'evil.example')).status).toBe(403);
  });
  await expect(withSite({ https: { certificate: 'none', key: 'none' } }, async () => undefined)).rejects.toMatchObject({
    code: 'PAGE_UNSERVED',
  });
});
