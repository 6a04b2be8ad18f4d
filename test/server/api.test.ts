import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { expect, it } from 'vitest';
import { withSite } from './site.io.ts';

const file = join(import.meta.dirname, '..', '..', 'docs', 'openapi.json');

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get: {
          readonly responses: Readonly<
            Record<
              string,
              {
                readonly content: {
                  readonly 'application/json': { readonly schema: Parameters<typeof z.fromJSONSchema>[0] };
                };
              }
            >
          >;
        };
      }
    >
  >;
}

it('answers every address of its OpenAPI document in the form that the document describes', () =>
  withSite({}, async (site) => {
    const text = await (await site.get('/api/openapi.json')).text();
    expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    const described = JSON.parse(text) as Described;
    const { digest } = (await site.store.entries())[0] ?? { digest: '' };
    const fill = (path: string): string =>
      path.replace('{seal}', site.sealed.seal).replace('{target}', 'production').replace('{digest}', digest);
    expect(Object.keys(described.paths).length).toBeGreaterThan(7);
    for (const [path, { get }] of Object.entries(described.paths)) {
      const answer = await site.get(fill(path));
      expect([path, answer.status]).toEqual([path, 200]);
      const form = z.fromJSONSchema(get.responses['200']?.content['application/json'].schema ?? false);
      const read = form.safeParse(await answer.json());
      expect([path, read.error?.message ?? null]).toEqual([path, null]);
      const locked = await fetch(`${site.origin}${fill(path)}`);
      expect(locked.status).toBe(401);
      expect(
        z
          .fromJSONSchema(get.responses['401']?.content['application/json'].schema ?? false)
          .safeParse(await locked.json()).success,
      ).toBe(true);
      if (!path.includes('{')) continue;
      const missing = await site.get(fill(path).replaceAll(/sha256:[0-9a-f]{64}/g, `sha256:${'0'.repeat(64)}`));
      expect([path, missing.status]).toEqual([path, 404]);
    }
    expect(site.defects).toEqual([]);
  }));

it('would find an answer of another form', () => {
  const form = z.fromJSONSchema({
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  });
  expect(form.safeParse({ a: 1 }).success).toBe(false);
  expect(form.safeParse({ a: 'x', b: 1 }).success).toBe(false);
});

it('says that a target which cannot be reached is closed', () =>
  withSite({}, async (site) => {
    const answer = await site.get(`/api/releases/${site.sealed.seal}/targets/production`);
    expect(await answer.json()).toMatchObject({ gate: 'closed', next: null, ratification: null });
  }));
