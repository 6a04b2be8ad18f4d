import { describe, expect, it } from 'vitest';
import { inverseOf } from '../../src/rehearsal/draft/inverse.ts';

const cases: readonly (readonly [sql: string, inverse: string | null])[] = [
  ['ALTER TABLE t RENAME a TO b;', 'ALTER TABLE t RENAME b to a;'],
  [
    'alter table if exists only s.t rename column "A b" to c',
    'alter table if exists only s.t rename column c to "A b";',
  ],
  ['alter table t rename constraint a to b', 'alter table t rename constraint b to a;'],
  ['alter type s.c rename attribute a to b cascade', 'alter type s.c rename attribute b to a;'],
  ["alter type mood rename value 'it''s' to 'x'", "alter type mood rename value 'x' to 'it''s';"],
  ['alter table s.t rename to u', 'alter table s.u rename to t;'],
  ['alter table t rename to "to"', 'alter table "to" rename to t;'],
  ['alter materialized view v\n  rename to w', 'alter materialized view w rename to v;'],
  ['alter function s.f(integer, text) rename to g', 'alter function s.g(integer, text) rename to f;'],
  ['alter trigger a on s.t rename to b', 'alter trigger b on s.t rename to a;'],
  ['alter policy a on t rename to b', 'alter policy b on t rename to a;'],
  ['alter schema a rename to b', 'alter schema b rename to a;'],
  ['alter table s.t set schema r', 'alter table r.t set schema s;'],
  ['alter function f(integer) set schema r', 'alter function r.f(integer) set schema app;'],
  // no rename, or more than one thing
  ['alter table t add column a integer', null],
  ['alter table t rename a to b, add column c integer', null],
  ["comment on table t is 'alter table t rename to u'", null],
  ['create table t (rename text)', null],
];

describe('the inverse of a rename', () => {
  it.each(cases)('of %s', (sql, inverse) => {
    expect(inverseOf({ sql }, 'app')).toBe(inverse);
    // and back
    if (inverse !== null) expect(inverseOf({ sql: inverse }, 'app')?.toLowerCase()).toMatch(/^alter .*;$/s);
  });
});
