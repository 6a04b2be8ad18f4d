import { describe, expect, it, test } from 'vitest';
import { agreementOf } from '../../scripts/corpus/compare.ts';
import { pairsIn } from '../../scripts/corpus/layout.ts';

const files = (all: Readonly<Record<string, string>>): ReadonlyMap<string, string> => new Map(Object.entries(all));

describe('the judge of public repositories', () => {
  it.each([
    ['golang-migrate', { '2_b.up.sql': 'up', '10_c.up.sql': 'c', '2_b.down.sql': 'down' }, ['2_b', '10_c'], 'message'],
    [
      'diesel',
      { '2018-04-13-1_b/up.sql': 'up', '20170101_a/up.sql': 'a' },
      ['20170101_a', '2018-04-13-1_b'],
      'transaction',
    ],
    ['popx', { '1_a.postgres.up.sql': 'own', '1_a.up.sql': 'all', '1_a.mysql.up.sql': 'no' }, ['1_a'], 'transaction'],
    ['popx', { '1_a.autocommit.up.sql': 'up' }, ['1_a'], 'message'],
    ['goose', { '1_a.sql': '-- +goose NO TRANSACTION\n-- +goose Up\nup;' }, ['1_a'], 'statements'],
  ])('reads %s in its order', (layout, all: Record<string, string>, names, sending) => {
    const pairs = pairsIn(layout, files(all));
    expect(pairs.map(({ name }) => name)).toEqual(names);
    expect(pairs[0]?.up.sending).toBe(sending);
  });

  test('joins the files of golang-migrate by their number', () => {
    const pairs = pairsIn('golang-migrate', files({ '1_b.down.sql': 'down', '01_a.up.sql': 'up' }));
    expect(pairs.map(({ name, down }) => [name, down?.text])).toEqual([['01_a', 'down']]);
  });

  test('takes the file of popx that is for PostgreSQL, in any order', () => {
    const own = { '1_a.postgres.up.sql': 'own' };
    const all = { '1_a.up.sql': 'all' };
    for (const both of [
      { ...own, ...all },
      { ...all, ...own },
    ])
      expect(pairsIn('popx', files(both))[0]?.up.text).toBe('own');
  });

  it.each([
    ['agree', [], []],
    ['wrong clean', ['schema differs'], []],
    ['wrong clean', ['no down'], []],
    ['only ours', [], ['data-lost']],
    ['agree', ['rows differ'], ['data-lost']],
    ['partly', ['rows differ'], ['schema-not-restored']],
    ['partly', ['rows differ', 'schema differs'], ['data-lost']],
    ['not judged', ['up fails'], ['not-judged']],
  ] as const)('says %s', (agreement, judge, ours) => {
    expect(agreementOf({ name: 'a', judge, ours })).toBe(agreement);
  });
});
