import { expect, it } from 'vitest';
import { rehearse } from '../../src/rehearsal/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const view = 'create view v with (security_invoker = true) as select id from t';
const viewComment = "comment on view v is 'what people read'";
const cascaded = ['create view w1 as select id from base', 'create view w2 as select id from base'];
const before = [
  'create table t (id integer primary key)',
  view,
  viewComment,
  'grant select on v to public',
  'create table base (id integer primary key)',
  ...cascaded,
  'grant select on w2 to public',
  "create function f() returns integer language sql security definer set search_path = 'public' as 'select 1'",
  'create view kept as select id from t',
  'grant select on kept to public',
];

it('names what objects lose that the forward makes again, although the rollback is right', async () => {
  const made = tier('1-x', {
    up: [
      'drop view v',
      'create view v as select id from t where id > 0',
      'drop table base cascade',
      'create table base (id bigint primary key)',
      ...cascaded,
      "create or replace function f() returns integer language sql as 'select 2'",
      'revoke select on kept from public',
    ],
    down: [
      'drop view v, w1, w2',
      'drop table base',
      view,
      viewComment,
      'grant select on v to public',
      'create table base (id integer primary key)',
      ...cascaded,
      'grant select on w2 to public',
      "create or replace function f() returns integer language sql security definer set search_path = 'public' as 'select 1'",
      'grant select on kept to public',
    ],
  });
  const done = await withHost(before, ({ host }) =>
    rehearse({
      release: sealed([made], { allows: { definer: 'as before', cascade: 'both are made again' } }),
      host,
      owner: 'test',
      keep: 'never',
    }),
  );
  expect(done.problems).toEqual([]);
  const by = 'tiers/1-x/up.sql:1';
  // what is taken away by its name is not lost: a REVOKE says what it does
  expect(done.changes?.lost?.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { kind: 'function', name: 'public.f()', what: ['SECURITY DEFINER', 'SET search_path=public'], by },
    { kind: 'view', name: 'public.v', what: ['COMMENT', 'security_invoker=true', 'GRANT SELECT to PUBLIC'], by },
    { kind: 'view', name: 'public.w2', what: ['GRANT SELECT to PUBLIC'], by },
  ]);
});
