/**
 * The files of a release: three tiers, the second one step by step, and a last one that is barred. It is for a database with
 * `base`, where one row has the id 1. `also` is what a tier does besides ("1 up"), to the tables that `touches` adds.
 */
export function threeTiers(of: {
  readonly touches: string;
  readonly also: Readonly<Record<string, string>>;
}): Readonly<Record<string, string>> {
  const steps = (what: string, first: string): string =>
    [first, of.also[what]].flatMap((step) => (step === undefined ? [] : `${step};\n`)).join('');
  return {
    'release.yaml': `format: 1
name: three
title: Three
database: shop
touches: [public.a, public.b, public.base, public.never, ${of.touches}]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
settings: { lockTimeout: 200ms }
metrics:
  rows: rows
invariants:
  greenfield: { rows: 1 }
  finalized: { rows: 1 }
tiers:
  - { id: 1-first, title: First }
  - { id: 2-each, title: Each, transaction: each }
  - { id: 3-last, title: Last }
  - { id: 4-barred, title: Barred, barred: not yet }
`,
    'tiers/1-first/up.sql': steps('1 up', 'create table a (i integer)'),
    'tiers/1-first/down.sql': steps('1 down', 'drop table if exists a'),
    'tiers/2-each/up.sql': steps('2 up', 'create table b (i integer)'),
    'tiers/2-each/down.sql': steps('2 down', 'drop table if exists b'),
    'tiers/3-last/up.sql': steps('3 up', 'update base set id = 2'),
    'tiers/3-last/down.sql': steps('3 down', 'update base set id = 1'),
    'tiers/4-barred/up.sql': steps('4 up', 'create table never (i integer)'),
    'tiers/4-barred/down.sql': steps('4 down', 'drop table if exists never'),
    'metrics/rows.sql': 'select count(*) from base\n',
  };
}
