import { describe, expect, test } from 'vitest';
import { pairsOf } from '../../scripts/pairs/layout.ts';

const found = (files: Readonly<Record<string, string>>) => pairsOf(new Map(Object.entries(files)));

describe('the migrations of a folder', () => {
  test.each([
    ['golang-migrate', { '1_a.up.sql': 'up', '1_a.down.sql': 'down' }, '1_a'],
    ['diesel', { 'a/up.sql': 'up', 'a/down.sql': 'down' }, 'a'],
    ['Flyway', { 'V1__a.sql': 'up', 'U1__a.sql': 'down' }, '1__a'],
    ['pop', { 'a.postgres.up.sql': 'up', 'a.up.sql': 'all', 'a.mysql.up.sql': 'no', 'a.down.sql': 'down' }, 'a'],
    ['a dotted name', { 'V1.A.up.sql': 'up', 'V1.A.down.sql': 'down' }, 'V1.A'],
  ])('are found as %s lays them out', (_, files: Record<string, string>, name) => {
    expect(found(files)).toEqual([{ name, up: 'up', down: 'down', transaction: 'single' }]);
  });

  test.each([
    ['goose', '-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n'],
    ['dbmate', '-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n'],
    ['node-pg-migrate', '-- Up Migration\nselect 1;\n-- Down Migration\nselect 2;\n'],
    ['MyBatis', 'select 1;\n-- //@UNDO\nselect 2;\n'],
  ])('are parted at the markers of %s', (_, text) => {
    const [pair, ...rest] = found({ '1.sql': text });
    expect(rest).toEqual([]);
    expect(pair?.name).toBe('1');
    expect(pair?.up).toMatch(/select 1/);
    expect(pair?.up).not.toMatch(/select 2/);
    expect(pair?.down).toMatch(/select 2/);
  });

  test('are ordered by number, and say where there is no rollback', () => {
    const pairs = found({
      '10_b.up.sql': 'up',
      '9_a.up.sql': 'up',
      '11.sql': '-- +goose Up\nup\n-- +goose Down\n-- nothing\n',
    });
    expect(pairs.map(({ name, down }) => [name, down])).toEqual([
      ['9_a', null],
      ['10_b', null],
      ['11', null],
    ]);
  });

  test('are ordered by date, whether it is written with hyphens or without', () => {
    const at = ['2018-04-13-170549_b', '20170101000000_a', '2019-01-01-000000_c'];
    const pairs = found(Object.fromEntries(at.map((name) => [`${name}/up.sql`, 'up'])));
    expect(pairs.map(({ name }) => name.slice(-1)).join('')).toBe('abc');
  });

  test.each([
    ['what cannot run in one', { 'a.up.sql': 'create index concurrently i on t (a);' }],
    ['goose', { 'a.sql': '-- +goose NO TRANSACTION\n-- +goose Up\nup\n' }],
    ['dbmate', { 'a.sql': '-- migrate:up transaction:false\nup\n' }],
    ['pop', { 'a.postgres.autocommit.up.sql': 'up' }],
    ['diesel', { 'a/up.sql': 'up', 'a/metadata.toml': 'run_in_transaction = false' }],
  ])('run outside of a transaction where %s says so', (_, files: Record<string, string>) => {
    expect(found(files).map(({ transaction }) => transaction)).toEqual(['each']);
  });
});
