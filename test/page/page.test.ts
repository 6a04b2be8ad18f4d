import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, lines, markdownHtml, sqlBlock, writeDocument } from '../../src/page/index.ts';
import { count } from '../counts.ts';
import { loadParser } from '../../src/release/index.ts';

const hostile = '</title><script>alert(1)</script>"\'`<img src=x onerror=alert(1)>\u202e\u0000';

describe('the html tag', () => {
  it('shows text as text wherever it stands, and pieces as they are', () => {
    const { markup } = html`<p title="${hostile}">${hostile}${html`<b>${1}</b>`}${[hostile, null, false]}</p>`;
    expect(markup.match(/<[a-z/]+/g)).toEqual(['<p', '<b', '</b', '</p']);
    expect(markup).not.toMatch(/[\u202e\u0000]/);
  });

  it('lets no text out of an element or a quoted attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { markup } = html`<a title="${text}">${text}</a>${lines(text)}`;
        expect(markup.match(/[<>"]/g)?.join('')).toBe('<"">'.concat('<>'));
      }),
      { numRuns: count('hostileTexts') },
    );
  });
});

describe('a page', () => {
  it('has one title and no script of others', () => {
    const text = writeDocument({ title: hostile, main: html`<h1>${hostile}</h1>` }, 'site');
    expect(text.match(/<script/g)).toBe(null);
    expect(text.match(/<title>/g)).toHaveLength(1);
  });
});

describe('Markdown of ours', () => {
  it('becomes headings, lists, tables and blocks, and nothing else', () => {
    const { markup } = markdownHtml(
      '# A\n\nText `code` **bold** \\*no\\*\n\n- one\n- two &lt;b&gt;\n\n1. first\n\n| H | I |\n| --- | --- |\n| a \\| b | c |\n\n```sh\noneroof <x>\n```\n<script>alert(1)</script>\n[x](javascript:alert(1))',
    );
    expect(markup).toContain('<h1>A</h1>');
    expect(markup).toContain('<code>code</code> <strong>bold</strong> *no*');
    expect(markup).toContain('<li>two &#60;b&#62;</li>');
    expect(markup).toContain('<ol><li>first</li></ol>');
    expect(markup).toContain('<td data-head="H">a | b</td><td data-head="I">c</td>');
    expect(markup).toContain('<code>oneroof &#60;x&#62;</code>');
    expect(markup).not.toMatch(/<script|href/);
  });

  it('loses no word and makes no tag of what others wrote', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        const tags = new Set(
          markdownHtml(text)
            .markup.match(/<\/?[a-z0-9]+/g)
            ?.map((tag) => tag.replace('</', '<')),
        );
        for (const tag of tags)
          expect([
            '<p',
            '<h1',
            '<h2',
            '<h3',
            '<ul',
            '<ol',
            '<li',
            '<pre',
            '<code',
            '<strong',
            '<div',
            '<table',
            '<thead',
            '<tbody',
            '<tr',
            '<th',
            '<td',
          ]).toContain(tag);
      }),
      { numRuns: count('hostileTexts') },
    );
  });
});

describe('SQL in colours', () => {
  it('is every character of the statement, keywords, strings and comments told apart', async () => {
    const parser = await loadParser();
    const sql = 'select \'ä<b>\', 1 -- é\nfrom "t" /* c */';
    const pieces = parser.pieces(sql);
    expect(pieces.map(({ text }) => text).join('')).toBe(sql);
    expect(pieces.filter(({ kind }) => kind !== 'plain').map(({ kind }) => kind)).toEqual([
      'keyword',
      'string',
      'number',
      'comment',
      'keyword',
      'comment',
    ]);
    expect(sqlBlock(pieces).markup).not.toContain('<b>');
    expect(
      parser
        .pieces("select 'open")
        .map(({ text }) => text)
        .join(''),
    ).toBe("select 'open");
  });
});
