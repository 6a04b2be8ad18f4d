import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initRelease, lintRelease, newTier } from '../../src/release/index.ts';
import { sound, withFolder } from './folder.io.ts';

const codes = async (folder: string): Promise<readonly string[]> =>
  (await lintRelease(folder)).problems.map(({ code }) => code);

test.each(['my-release', '2026', 'null', 'Über release!', '___'])('a new release in %s passes lint', (name) =>
  withFolder({}, async (folder) => {
    const root = join(folder, name);
    const files = await initRelease(root);
    expect(files.map((file) => file.slice(root.length + 1))).toEqual([
      'release.yaml',
      'tiers/1-first/up.sql',
      'tiers/1-first/down.sql',
      'tiers/1-first/check.sql',
      'metrics/rows.sql',
    ]);
    expect((await lintRelease(root)).problems).toEqual([]);
  }),
);

test('a new release overwrites nothing, and writes nothing where one of its files is there', () =>
  withFolder({ 'metrics/rows.sql': 'mine' }, async (folder) => {
    await expect(initRelease(folder)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(existsSync(join(folder, 'release.yaml'))).toBe(false);
    expect(readFileSync(join(folder, 'metrics/rows.sql'), 'utf8')).toBe('mine');
  }));

test('a new release does not replace a file that stands in the place of its folder', () =>
  withFolder({ tiers: 'a file' }, async (folder) => {
    await expect(initRelease(join(folder, 'tiers'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(ALREADY_EXISTS|FILE_UNREADABLE)$/) as string,
    });
    expect(readFileSync(join(folder, 'tiers'), 'utf8')).toBe('a file');
  }));

test('a new tier follows the last one, keeps every comment, and passes as it is', () =>
  withFolder({}, async (folder) => {
    await initRelease(folder);
    const file = join(folder, 'release.yaml');
    const comments = (): readonly string[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('#'));
    const before = comments();
    const files = await newTier(folder, 'backfill-owners');
    expect(files).toEqual([
      join(folder, 'tiers/2-backfill-owners/up.sql'),
      join(folder, 'tiers/2-backfill-owners/down.sql'),
      file,
    ]);
    expect(comments()).toEqual(before);
    expect(await codes(folder)).toEqual([]);
    writeFileSync(files[0] ?? '', 'CREATE TABLE public.b (id integer);\n');
    writeFileSync(files[1] ?? '', 'DROP TABLE public.b;\n');
    const { release } = await lintRelease(folder);
    expect(release?.tiers.map(({ id, title }) => [id, title])).toEqual([
      ['1-first', 'The first tier'],
      ['2-backfill-owners', 'Backfill owners'],
    ]);
  }));

test('a new tier leaves what stands after the list of tiers as it is', () =>
  withFolder(sound, async (folder) => {
    await newTier(folder, '2026');
    expect(readFileSync(join(folder, 'release.yaml'), 'utf8')).toBe(
      sound['release.yaml']
        ?.replace('[public.t]', '[ public.t ]')
        .replace('title: First\n', 'title: First\n  - id: 2-2026\n    title: "2026"\n'),
    );
  }));

test.each(['', 'Upper', '../up', 'a b', 'a--b', '-a', 'a\n', 'x'.repeat(61)])('a tier cannot be named %j', (name) =>
  withFolder(sound, async (folder) => {
    await expect(newTier(folder, name)).rejects.toMatchObject({ code: 'USAGE' });
    expect(readFileSync(join(folder, 'release.yaml'), 'utf8')).toBe(sound['release.yaml']);
  }),
);

test('a new tier overwrites no file, and leaves release.yaml alone then', () =>
  withFolder(sound, async (folder) => {
    mkdirSync(join(folder, 'tiers/2-more'));
    writeFileSync(join(folder, 'tiers/2-more/down.sql'), 'mine');
    await expect(newTier(folder, 'more')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(existsSync(join(folder, 'tiers/2-more/up.sql'))).toBe(false);
    expect(readFileSync(join(folder, 'release.yaml'), 'utf8')).toBe(sound['release.yaml']);
  }));

test('a new tier wants a release whose release.yaml is in form', () =>
  withFolder({ 'release.yaml': 'format: 1\ntiers: 3\n' }, async (folder) => {
    await expect(newTier(folder, 'more')).rejects.toMatchObject({ code: 'YAML_INVALID' });
    await expect(newTier(join(folder, 'absent'), 'more')).rejects.toMatchObject({ code: 'RELEASE_NOT_A_FOLDER' });
  }));
