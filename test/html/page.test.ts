import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, lines, sqlBlock, writeDocument } from '../../src/html/index.ts';
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
      'name',
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

  it('takes a word that is not reserved for a keyword only where a statement begins with it', async () => {
    const parser = await loadParser();
    const keywords = (sql: string): readonly string[] =>
      parser.pieces(sql).flatMap(({ kind, text }) => (kind === 'keyword' ? [text] : []));
    expect(keywords('/* c */ insert into t (name, type) select owner, key from u; drop index concurrently i')).toEqual(
      'insert into select from drop index concurrently'.split(' '),
    );
    const names = parser.pieces('update a."B" set ä = 1').filter(({ kind }) => kind === 'name');
    expect(names.map(({ text }) => text)).toEqual(['a', '"B"', 'ä']);
  });
});
