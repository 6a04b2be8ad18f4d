import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs', 'THREATS.md'), 'utf8');

/** What docs/THREATS.md names: a file of test/, without its ending, and the titles that follow it. */
interface Cited {
  readonly file: string;
  readonly titles: readonly string[];
}

/** As it is written: `gate/attacks`: *a title*; *another title*. */
function citedIn(text: string): readonly Cited[] {
  return [...text.matchAll(/`([a-z0-9-]+(?:\/[a-z0-9-]+)+)`:((?: \*[^*\n]+\*;?)+)/g)].map(
    ([, file = '', titles = '']) => ({
      file,
      titles: [...titles.matchAll(/\*([^*]+)\*/g)].map(([, title = '']) => title),
    }),
  );
}

/** A test, or the cases of one. */
function textOf(file: string): string | null {
  const found = [`${file}.test.ts`, `${file}.ts`]
    .map((name) => join(root, 'test', name))
    .find((path) => existsSync(path));
  return found === undefined ? null : readFileSync(found, 'utf8');
}

/** What a text cites that is not there. A title is a whole text in quotes. */
function missing(text: string): readonly string[] {
  return citedIn(text).flatMap(({ file, titles }) => {
    const source = textOf(file);
    if (source === null) return [file];
    const isThere = (title: string): boolean => [`'`, '`', '"'].some((quote) => source.includes(quote + title + quote));
    return titles.filter((title) => !isThere(title)).map((title) => `${file}: ${title}`);
  });
}

/** The cells of each row of a table whose last heading but one, or last, is "Test". */
function rowsIn(text: string): readonly { readonly row: string; readonly test: string }[] {
  return text.split(/\n\n+/).flatMap((part) => {
    const [heading = '', , ...rows] = part.split('\n').map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    const at = heading.indexOf('Test');
    return at < 0 ? [] : rows.map((cells) => ({ row: cells[0] ?? '', test: cells[at] ?? '' }));
  });
}

describe('docs/THREATS.md', () => {
  it('names tests that exist, by file and title', () => {
    expect(citedIn(page).length).toBeGreaterThan(80);
    expect(missing(page)).toEqual([]);
  });

  it('names a test for each attack, or says that there is none', () => {
    const rows = rowsIn(page);
    expect(rows.length).toBeGreaterThan(60);
    const without = rows.filter(({ test }) => test !== 'no test' && citedIn(test).length === 0);
    expect(without).toEqual([]);
    // every name of a test is one that the check above reads
    const names = [...page.matchAll(/\| `[a-z]+\/[a-z0-9/-]+`/g)].length;
    expect(rows.filter(({ test }) => test !== 'no test')).toHaveLength(names);
  });

  it('names every file of attacks on the gate', () => {
    const named = new Set(citedIn(page).map(({ file }) => file));
    const attacks = readdirSync(join(root, 'test', 'gate')).filter((name) => /^attacks.*\.test\.ts$/.test(name));
    expect(attacks.length).toBeGreaterThan(8);
    expect(attacks.filter((name) => !named.has(`gate/${name.slice(0, -'.test.ts'.length)}`))).toEqual([]);
  });

  it('would be found out where a test is gone or has another title', () => {
    expect(missing('`gate/attacks`: *lets exactly one of eight racing executors run the tier*')).toEqual([]);
    expect(missing('`gate/attacks`: *lets exactly one of eight racing executors run*; *nothing at all*')).toEqual([
      'gate/attacks: lets exactly one of eight racing executors run',
      'gate/attacks: nothing at all',
    ]);
    expect(missing('`gate/attacked`: *the seats*')).toEqual(['gate/attacked']);
  });

  it('has links that lead somewhere', () => {
    const slug = (heading: string): string =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-');
    const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => `#${slug(heading)}`);
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    const leadsNowhere = (link: string): boolean =>
      link.startsWith('#') ? !headings.includes(link) : !existsSync(join(root, 'docs', link));
    expect(links.length).toBeGreaterThan(15);
    expect(links.filter(leadsNowhere)).toEqual([]);
    expect(['#nowhere', 'NOTHING.md'].filter(leadsNowhere)).toEqual(['#nowhere', 'NOTHING.md']);
  });

  it('is what README and SECURITY lead to', () => {
    for (const [file, link] of [
      ['README.md', 'docs/THREATS.md'],
      ['SECURITY.md', 'docs/THREATS.md'],
    ] as const)
      expect(readFileSync(join(root, file), 'utf8')).toContain(`](${link})`);
  });
});
