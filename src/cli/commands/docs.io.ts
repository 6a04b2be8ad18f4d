import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OneRoofError, printable, stated } from '../../core/index.ts';
import { partsWith } from '../docs-parts.ts';
import { packageFolder } from '../program-edition.io.ts';
import { type CommandRun } from '../verb.ts';

/** Prints a page of the documentation that this program came with, or the names of all pages. */
export const run: CommandRun = async ({ arguments: [page], options }) => {
  const folder = join(packageFolder(), 'docs');
  const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -'.md'.length))
    .toSorted();
  if (page === undefined) return told({ page: null, pages, text: pages.join('\n') });
  const found = pages.find((name) => name.toLowerCase() === page.toLowerCase());
  if (found === undefined)
    throw new OneRoofError('DOCS_UNKNOWN', {
      ...stated`the documentation has no page ${{ page: printable(page) }}`,
      fix: 'oneroof docs lists the pages',
      place: { file: 'docs' },
    });
  const whole = readFileSync(join(folder, `${found}.md`), 'utf8');
  const { heading } = options;
  if (typeof heading !== 'string') return told({ page: found, pages, text: whole });
  const text = partsWith(whole, heading);
  if (text === '')
    throw new OneRoofError('DOCS_UNKNOWN', {
      ...stated`no heading and no row of ${{ page: found }} contains ${{ heading: printable(heading) }}`,
      fix: `read the whole page: oneroof docs ${found}`,
      place: { file: `docs/${found}.md` },
    });
  return told({ page: found, pages, text });
};

function told(data: { readonly page: string | null; readonly pages: readonly string[]; readonly text: string }) {
  return { exit: 0, schema: 'oneroof/docs/1', data, text: data.text } as const;
}
