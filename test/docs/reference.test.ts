import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { z } from 'zod';
import { releasePage, releaseSchemaPage, setupPage } from '../../scripts/reference-page.ts';
import { manifestSchema } from '../../src/release/manifest.ts';
import { initRelease } from '../../src/release/index.ts';
import { setupForm } from '../../src/setup/setup-form.ts';
import { sound, withFolder } from '../release/folder.io.ts';

const root = join(import.meta.dirname, '..', '..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  { file: 'docs/reference/oneroof-yaml.md', page: setupPage, form: setupForm },
  { file: 'docs/reference/release-yaml.md', page: releasePage, form: manifestSchema },
];

/** Every schema below one that has an example, with its place. */
function examples(schema: z.core.JSONSchema.JSONSchema, path = ''): readonly (readonly [string, object, unknown])[] {
  const own = (schema.examples ?? []).map((example) => [path, schema, example] as const);
  const inner = Object.entries(schema).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && key !== 'examples'
      ? examples(value as z.core.JSONSchema.JSONSchema, `${path}/${key}`)
      : [],
  );
  return [...own, ...inner];
}

describe.each(pages)('$file', ({ file, page, form }) => {
  it('is what the form says', () => {
    expect(text(file)).toBe(page());
  });

  it('has a meaning, and an example that its form takes, for each key', () => {
    const keys = Object.keys(form.shape);
    const written = [...text(file).matchAll(/^## (.*)\n\n(.+)\n\nType: .*\n\n```yaml\n([^]*?)\n```/gm)];
    expect(written.map(([, key]) => key)).toEqual(keys);
    for (const [, key = '', meaning, example = ''] of written) {
      expect(meaning, key).toMatch(/\.$/);
      expect(Object.keys(parse(example) as object)).toEqual([key]);
    }
    const whole = written.map(([, , , example]) => example).join('\n');
    expect(form.safeParse(parse(whole)).error?.issues ?? []).toEqual([]);
    expect(form.safeParse(parse(`${whole}\nnothing: 1\n`)).success).toBe(false);
  });

  it('leaves no cell of a table empty', () => {
    const rows = text(file)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => /\| +\|/.test(row))).toEqual([]);
  });
});

describe('docs/release.schema.json', () => {
  const schema = JSON.parse(text('docs/release.schema.json')) as z.core.JSONSchema.JSONSchema;
  const takes = (yaml: string): boolean => z.fromJSONSchema(schema).safeParse(parse(yaml)).success;
  const release = sound['release.yaml'] ?? '';

  it('is what the form says', () => {
    expect(text('docs/release.schema.json')).toBe(releaseSchemaPage());
  });

  it('takes every example of its own', () => {
    const all = examples(schema);
    expect(all.length).toBeGreaterThan(60);
    const wrong = all.filter(([, one, example]) => !z.fromJSONSchema(one as typeof schema).safeParse(example).success);
    expect(wrong.map(([path]) => path)).toEqual([]);
  });

  it('takes what the form takes, and refuses what it refuses', () => {
    expect(takes(text('examples/one-roof/release.yaml'))).toBe(true);
    const changes: readonly (readonly [from: string, to: string])[] = [
      ['title: Small', 'title: Small'],
      ['title: Small', 'titel: Small'],
      ['name: small', 'name: Small'],
      ['format: 1', 'format: 2'],
      ['title: Small', 'title: Small\nsettings: { lockTimeout: 2s }'],
      ['title: Small', 'title: Small\nsettings: { lockTimeout: 2 seconds }'],
      ['title: Small', 'title: Small\nbudgets: { rewrite: 2 }'],
      ['greenfield: { rows: 0 }', 'greenfield: { rows: none }'],
      ['id: 1-first', 'id: first'],
    ];
    for (const [from, to] of changes) {
      const changed = release.replace(from, to);
      expect(takes(changed), to).toBe(manifestSchema.safeParse(parse(changed)).success);
    }
    expect(changes.filter(([from, to]) => takes(release.replace(from, to))).length).toBe(2);
  });

  it('is named by the first line of a new release, which it takes', () =>
    withFolder({}, async (folder) => {
      const [file = ''] = await initRelease(join(folder, 'new'));
      const written = readFileSync(file, 'utf8');
      const [, named = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(written) ?? [];
      expect(existsSync(fileURLToPath(named))).toBe(true);
      expect(JSON.parse(readFileSync(fileURLToPath(named), 'utf8'))).toEqual(schema);
      expect(parseDocument(written).errors).toEqual([]);
      expect(takes(written)).toBe(true);
    }));
});
