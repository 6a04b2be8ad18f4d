import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The anchors of a page, as GitHub makes them. */
const anchors = (page: string): readonly string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

function leadsNowhere(file: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const to = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(root, to))) return true;
  return anchor !== undefined && !anchors(text(to)).includes(anchor);
}

describe('the documents', () => {
  it('link to pages and headings that are there', () => {
    const links = pages.flatMap((file) =>
      [
        ...text(file)
          .replaceAll(/```[^]*?```/g, '')
          .matchAll(/\]\(([^)\s]+)\)/g),
      ].map(([, link = '']) => ({ file, link })),
    );
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter(({ file, link }) => leadsNowhere(file, link))).toEqual([]);
    expect(leadsNowhere('README.md', 'docs/NOTHING.md')).toBe(true);
    expect(leadsNowhere('docs/FAQ.md', 'OPERATIONS.md#nowhere')).toBe(true);
  });

  it('are all reached from README', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file) || !file.endsWith('.md') || !existsSync(join(root, file))) return;
      seen.add(file);
      for (const [, link = ''] of text(file).matchAll(/\]\(([^)\s#]+)/g)) visit(join(dirname(file), link));
    };
    visit('README.md');
    const decisions = pages.filter((file) => file.startsWith('docs/decisions/'));
    expect(pages.filter((file) => !seen.has(file) && !decisions.includes(file))).toEqual([]);
  });

  it('begin with a README of at most 120 lines, with its pictures', () => {
    const lines = text('README.md').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(120);
    const pictures = [...text('README.md').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file = '']) => file);
    expect(pictures).toEqual(['docs/pictures/approver.png']);
    expect(readFileSync(join(root, 'docs/pictures/approver.png')).subarray(1, 4).toString()).toBe('PNG');
  });
});
