import { describe, expect, test } from 'vitest';
import { loadParser } from '../../src/release/index.ts';

const parser = await loadParser();
const titlesOf = (text: string): readonly string[] =>
  parser.parse('up.sql', text).statements.map(({ step }) => step.title);

describe('the title of a statement', () => {
  test.each([
    ['create index concurrently i on s.t (a)', 'CREATE INDEX i ON t'],
    ['create index on t (a)', 'CREATE INDEX ON t'],
    ['drop index concurrently if exists s.i, j, k', 'DROP INDEX i and 2 more'],
    ['drop table "A b"', 'DROP TABLE A b'],
    ['drop materialized view v', 'DROP MATERIALIZED VIEW v'],
    ['drop function s.f(integer)', 'DROP FUNCTION f'],
    ['drop type s.k', 'DROP TYPE k'],
    ['drop schema z', 'DROP SCHEMA z'],
    ['drop trigger g on s.t', 'DROP TRIGGER g'],
    ['truncate a, b', 'TRUNCATE a and 1 more'],
    ["alter type s.k add value 'a'", 'ALTER TYPE k'],
    ["create type k as enum ('a')", 'CREATE TYPE k'],
    ['create type p as (i integer)', 'CREATE TYPE p'],
    ['create domain d as integer', 'CREATE DOMAIN d'],
    ["create function s.f() returns integer language sql as 'select 1'", 'CREATE FUNCTION f'],
    ['create trigger g before insert on t execute function f()', 'CREATE TRIGGER g ON t'],
    ['create policy p on t', 'CREATE POLICY p ON t'],
    ['create sequence q', 'CREATE SEQUENCE q'],
    ['create schema z', 'CREATE SCHEMA z'],
    ['create extension e', 'CREATE EXTENSION e'],
    ['insert into t values (1)', 'INSERT t'],
    ['grant select on a, b to r', 'GRANT'],
    ['do $$ begin end $$', 'DO'],
  ])('of %s names what it is about', (text, title) => {
    expect(titlesOf(text)).toEqual([title]);
  });
});
