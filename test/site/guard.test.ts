import { expect, it } from 'vitest';
import { raw, withSite } from './site.io.ts';

it('signs in with the token, tells others nothing, and turns the token into a cookie that no script reads', () =>
  withSite({}, async (site) => {
    expect((await fetch(`${site.origin}/`, { redirect: 'manual' })).status).toBe(401);
    const turned = await fetch(`${site.origin}/releases/x`, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([turned.status, turned.headers.get('location')]).toEqual([303, '/enter']);
    expect((await site.get('/', { authorization: 'Bearer aaaaaaaaaaaaaaaaaaaaaaaa' })).status).toBe(401);
    expect((await site.get('/')).status).toBe(200);
    const post = (token: string) =>
      fetch(`${site.origin}/enter`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: site.origin },
        body: JSON.stringify({ token }),
      });
    expect((await post('wrong')).status).toBe(403);
    const cookie = (await post(site.token)).headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^oneroof=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect((await fetch(`${site.origin}/`, { headers })).status).toBe(200);
    expect((await fetch(`${site.origin}/`, { headers: { cookie: 'oneroof=x' }, redirect: 'manual' })).status).toBe(401);
  }));

it('answers no other host, no frame, no post of another page, no form, no other method, no body that is too long', () =>
  withSite({}, async (site) => {
    const { host } = new URL(site.origin);
    const let_in = { host, authorization: `Bearer ${site.token}` };
    const json = { 'content-type': 'application/json', origin: site.origin };
    // the right token: what the guard lets pass is let in
    const body = JSON.stringify({ token: site.token });
    const enter = { method: 'POST', path: '/enter', body };
    const cases: readonly (readonly [number, Parameters<typeof raw>[1]])[] = [
      [200, { headers: let_in }],
      [200, { ...enter, headers: { ...let_in, ...json } }],
      [403, { headers: { ...let_in, host: 'evil.example' } }],
      [403, { headers: { ...let_in, 'sec-fetch-dest': 'iframe' } }],
      [403, { ...enter, headers: { ...let_in, 'content-type': 'application/json' } }],
      [403, { ...enter, headers: { ...let_in, ...json, origin: 'https://evil.example' } }],
      [403, { ...enter, headers: { ...let_in, ...json, 'sec-fetch-site': 'cross-site' } }],
      [415, { ...enter, headers: { ...let_in, origin: site.origin, 'content-type': 'text/plain' } }],
      [405, { ...enter, method: 'PUT', headers: { ...let_in, ...json } }],
      [
        413,
        {
          method: 'POST',
          path: '/enter',
          headers: { ...let_in, ...json },
          body: JSON.stringify({ token: 'x'.repeat(70_000) }),
        },
      ],
      [403, { method: 'POST', path: '/enter', headers: { ...let_in, ...json }, body: '{"token":' }],
      [403, { method: 'POST', path: '/enter', headers: { ...let_in, ...json }, body: '[[[[]]]]' }],
    ];
    for (const [status, of] of cases)
      expect([(await raw(Number(new URL(site.origin).port), of)).status, of]).toEqual([status, of]);
    for (const path of [
      '/../../etc/passwd',
      '/evidence/..%2f..%2fkey',
      '/evidence/%00',
      '/releases/%2e%2e/report',
      '/constructor',
      '/__proto__',
    ])
      expect([(await raw(Number(new URL(site.origin).port), { path, headers: let_in })).status, path]).toEqual([
        404,
        path,
      ]);
    expect(site.defects).toEqual([]);
  }));

it('sends the same strict headers with every answer', () =>
  withSite({}, async (site) => {
    for (const path of ['/', '/enter', '/evidence', '/nowhere', '/healthz']) {
      const { headers } = await site.get(path, { accept: 'text/html' });
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  }));

it('shows an error of ours with its fix, and nothing of one that nobody foresaw', () =>
  withSite({}, async (site) => {
    const unknown = await site.get(`/releases/${site.sealed.seal}/targets/nowhere/report`, { accept: 'text/html' });
    expect(unknown.status).toBe(400);
    expect(await unknown.text()).toContain('CONFIG_TARGET_UNKNOWN');
  }));
