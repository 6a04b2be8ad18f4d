import { describe, expect, test } from 'vitest';
import { lintRelease } from '../../src/release/index.ts';
import { sampleOf } from '../counts.ts';
import { sound, withFolder } from './folder.io.ts';
import { letThroughByBoth, refusedByBoth } from './gated-cases.ts';

const manifest = sound['release.yaml'] ?? '';
const up = (text: string, yaml = manifest): Readonly<Record<string, string>> => ({
  ...sound,
  'release.yaml': yaml,
  'tiers/1-first/up.sql': text,
});
const problemsOf = (files: Readonly<Record<string, string>>) =>
  withFolder(files, async (folder) => (await lintRelease(folder)).problems);
const codesOf = async (files: Readonly<Record<string, string>>): Promise<readonly string[]> =>
  (await problemsOf(files)).map(({ code }) => code);

/** Some of each code. */
const few = sampleOf(refusedByBoth, { every: 8, kind: ([code]) => code ?? '' });

const allowing = `${manifest}allows: { definer: it was reviewed }\n`;
const barred = manifest.replace('title: First', 'title: First\n    barred: not yet\n    transaction: each');

describe('what the gate would refuse', () => {
  test.each(refusedByBoth)('is refused by the seal with %s: %s', async (code, ...steps) => {
    expect(await codesOf(up(steps.join(';\n')))).toContain(code);
    expect(await codesOf({ ...sound, 'tiers/1-first/down.sql': steps.join(';\n') })).toContain(code);
  });

  test('takes a reason where the gate takes one, and only there', async () => {
    for (const [code, ...steps] of few)
      expect((await codesOf(up(steps.join(';\n'), allowing))).includes(code), steps.at(-1)).toBe(
        code !== 'RULE_DEFINER',
      );
  });

  test('is no matter of a barred tier, which the gate never runs', async () => {
    // these are refused for the sake of the clone too
    const anyway = /security definer|foreign data wrapper/;
    for (const [, ...steps] of few.filter(([, text]) => !anyway.test(text ?? '')))
      expect(await codesOf(up(steps.join(';\n'), barred)), steps.at(-1)).toEqual([]);
  });

  test('and nothing else', async () => {
    expect(await problemsOf(up(letThroughByBoth.join(';\n')))).toEqual([]);
  });

  test('has its place, also inside a body', async () => {
    const text = 'create table n (i integer);\n\n  do $$ begin\n  grant insert on n to public;\nend $$;';
    expect(await problemsOf(up(text))).toMatchObject([
      {
        code: 'RULE_DEFINER',
        place: { file: 'tiers/1-first/up.sql', line: 3, column: 3 },
        problem: 'a right to write for PUBLIC also applies to a role of the gate',
        fix: 'remove it, or say why under `allows: {definer: …}` in release.yaml',
        excerpt: '  do $$ begin',
      },
    ]);
  });

  test('cannot run in a transaction, whatever the tier says', async () => {
    const each = manifest.replace('title: First', 'title: First\n    transaction: each');
    expect(await codesOf(up('create index concurrently i on t (i)', each))).toEqual(['RULE_CONCURRENTLY']);
  });
});
