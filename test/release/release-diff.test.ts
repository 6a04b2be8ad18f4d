import { describe, expect, it } from 'vitest';
import { diffReleases, loadParser } from '../../src/release/index.ts';
import { assemble } from '../../src/release/assemble.ts';
import { type Release } from '../../src/release/index.ts';
import { threeTiers } from './three.fixture.ts';

async function released(
  also: Readonly<Record<string, string>>,
  change = (text: string): string => text,
): Promise<Release> {
  const files = new Map(
    Object.entries(threeTiers({ touches: 'public.c', also })).map(([name, text]) => [
      name,
      name === 'release.yaml' ? change(text) : text,
    ]),
  );
  const { release, problems } = assemble({ folder: '', files, parser: await loadParser() });
  if (release === null) throw new Error(JSON.stringify(problems));
  return release;
}
const plain = { '1 up': 'insert into a values (1)' };
const shown = (parts: ReturnType<typeof diffReleases>): readonly string[] =>
  parts.flatMap(({ name, lines }) => [
    name,
    ...lines.flatMap(({ kind, text }) => (kind === 'new' ? [`+ ${text}`] : kind === 'gone' ? [`- ${text}`] : [])),
  ]);

describe('the difference of two seals of a release', () => {
  it('is nothing where nothing that is sealed differs', async () => {
    expect(diffReleases(await released(plain), await released(plain))).toEqual([]);
    // a comment between statements is not sealed
    const commented = await released({ '1 up': '-- why\ninsert into a values (1)' });
    expect(diffReleases(await released(plain), commented)).toEqual([]);
  });

  it('shows a statement that changed, and one that was added, under the name of its file', async () => {
    const after = await released({ '1 up': 'insert into a values (2);\nselect 1' });
    const [first, ...more] = shown(diffReleases(await released(plain), after));
    expect(first).toMatch(/^tier .*, up\.sql$/);
    expect(more).toEqual(
      expect.arrayContaining(['- insert into a values (1);', '+ insert into a values (2);', '+ select 1;']),
    );
    expect(more.join('\n')).not.toContain('settings');
  });

  it('shows a setting on a line of its own', async () => {
    const after = await released(plain, (text) => text.replace(/^title: .*$/m, 'title: Another title'));
    expect(shown(diffReleases(await released(plain), after))).toEqual([
      'settings',
      expect.stringMatching(/^- title = /),
      '+ title = "Another title"',
    ]);
  });
});
