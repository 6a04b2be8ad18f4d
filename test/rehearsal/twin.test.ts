import { describe, expect, it } from 'vitest';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { type Release } from '../../src/release/index.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const before = [
  'create table t (id integer primary key, v integer)',
  'insert into t select g, g % 5 from generate_series(1, 1000) g',
  'create table big (id integer primary key, v text)',
  "insert into big select g, repeat('x', 100) from generate_series(1, 60000) g",
  // hint bits that are set by the first reading would count as changed blocks
  'vacuum freeze big',
  'create sequence s',
];

/** Rehearses one tier. */
async function rehearsed(
  sql: { readonly up: readonly string[]; readonly down: readonly string[] },
  more: Partial<Release> & { readonly full?: true } = {},
): Promise<Rehearsal> {
  const { full, ...release } = more;
  return await withHost(before, async ({ host, clones }) => {
    const done = await rehearse({
      release: sealed([tier('1-x', sql)], release),
      host,
      owner: 'test',
      ...(full === undefined ? {} : { full }),
    });
    // the twin never stays, a clone that failed does
    expect(clones.size).toBe(done.outcome === 'failed' ? 1 : 0);
    return done;
  });
}

const codes = (done: Rehearsal): readonly string[] => done.problems.map(({ code }) => code);

describe('the forward on a twin', () => {
  for (const [what, up, named] of [
    ['a time of the clock', 'create table n as select id, clock_timestamp() as made from t', 'public.n.made'],
    ['a random key', 'create table n as select gen_random_uuid() as id, v from t', 'public.n.id'],
    [
      'the order of rows without ORDER BY',
      'create table n as select id, row_number() over () as place from t',
      'public.n.place',
    ],
    ['LIMIT without ORDER BY', 'create table n as select id from t limit 3', 'public.n.id'],
    [
      'a name that is drawn',
      "do $$ begin execute 'create table n_' || floor(random() * 1e9)::bigint || ' (id integer)'; end $$",
      'public.n_',
    ],
  ] as const)
    it(`names what depends on ${what}`, async () => {
      const done = await rehearsed({ up: [up], down: ['drop table if exists n'] });
      expect(codes(done)).toContain('FORWARD_VARIES');
      expect(done.problems[0]?.problem).toContain(named);
      expect(done.stages.find(({ stage }) => stage === 'twin')?.outcome).toBe('failed');
      // nothing is compared with a twin that differs
      expect(done.stages.some(({ stage }) => stage === 'forward-again')).toBe(false);
    });

  it('accepts what the release declares to vary, in both later comparisons, and nothing beside it', async () => {
    const sql = {
      up: ['create table n as select id, clock_timestamp() as made from t'],
      down: ['drop table if exists n'],
    };
    const declared = await rehearsed(sql, { varies: ['public.n.made'] });
    expect(codes(declared)).toEqual([]);
    expect(declared.twin).toMatchObject({ varies: [], declared: ['public.n.made'] });
    expect(declared.repeatable).toBe(true);
    const beside = await rehearsed(sql, { varies: ['public.n.id', 'public.other.made'] });
    expect(codes(beside)).toEqual(['FORWARD_VARIES']);
  });

  it('accepts a default, a view and a sequence that are declared to vary, by the line that it proposes', async () => {
    const sql = {
      up: [
        `do $$ begin
          execute format('create table n (made timestamptz default %L)', clock_timestamp());
          execute format('create view v as select %L::text as at', clock_timestamp());
          execute format('create sequence drawn start %s', extract(epoch from clock_timestamp())::bigint * 1000 + extract(milliseconds from clock_timestamp())::bigint);
        end $$`,
      ],
      down: ['drop view v', 'drop table n', 'drop sequence drawn'],
    };
    const { problems } = await rehearsed(sql, {});
    const named = problems.map(({ fix }) => /\(varies: \[(.*)\]\)/.exec(fix)?.[1] ?? fix);
    expect(named.toSorted()).toEqual(['public.drawn', 'public.n.made', 'public.v']);
    expect(codes(await rehearsed(sql, { varies: named }))).toEqual([]);
  });

  it('names all columns at once where keys are given in another order, beside a time of the clock', async () => {
    const sql = {
      up: [
        'create table n (id serial primary key, t integer not null, made timestamptz default clock_timestamp())',
        'insert into n (t) select id from t',
      ],
      down: ['drop table n'],
    };
    for (const [varies, named] of [
      [[], ['public.n.made', 'public.n.id']],
      [['public.n.made'], ['public.n.id']],
      [['public.n.id'], ['public.n.made']],
    ]) {
      const { problems } = await rehearsed(sql, { varies: varies ?? [] });
      expect(problems.map(({ fix }) => /\(varies: \[(.*)\]\)/.exec(fix)?.[1])).toEqual([named?.join(', ')]);
    }
    expect(codes(await rehearsed(sql, { varies: ['public.n.id', 'public.n.made'] }))).toEqual([]);
  });

  it('stops a forward that ends elsewhere after a rollback: sequences do not roll back', async () => {
    const done = await rehearsed({
      up: ['create table n as select nextval($$s$$) as id'],
      down: ['drop table if exists n'],
    });
    expect(codes(done)).toEqual(['FORWARD_NOT_REPEATABLE']);
    expect(done).toMatchObject({ repeatable: false, proof: { logical: 'equal', strict: 'different' } });
  });

  it('turns the rows of small tables around, and says which kept their order', async () => {
    const done = await rehearsed({
      up: ['update t set v = v + 1', 'update big set v = v where id = 1'],
      down: ['update t set v = v - 1 where (select count(*) from t where v = 0) = 0'],
    });
    expect(done.twin?.prepared.turned).toEqual(['public.t']);
    expect(done.twin?.prepared.kept).toEqual([{ relation: 'public.big', reason: 'it has more than 50,000 rows' }]);
    expect(codes(done)).toEqual([]);
  });

  it('finds a release that only works with the rows in one order', async () => {
    const done = await rehearsed({
      up: [
        'alter table t add constraint first check (id > 0)',
        'do $$ begin if (select id from t limit 1) <> 1 then raise exception $e$order$e$; end if; end $$',
      ],
      down: ['alter table t drop constraint if exists first'],
    });
    expect(done.stages).toContainEqual(expect.objectContaining({ stage: 'twin', outcome: 'failed' }));
    expect(done.problems[0]?.problem).toContain('on the twin');
  });
});

describe('the tables that a release touches', () => {
  for (const [part, up, down] of [
    ['an index', 'create index "i ON public.big USING" on t (v)', 'drop index if exists "i ON public.big USING"'],
    ['a constraint', 'alter table t add constraint c check (id > 0)', 'alter table t drop constraint if exists c'],
    ['row security', 'create policy p on t', 'drop policy if exists p on t'],
    ['a rule', 'create rule r as on insert to t do also nothing', 'drop rule if exists r on t'],
  ] as const)
    it(`are found by ${part} alone`, async () => {
      const done = await rehearsed({ up: [up], down: [down] }, { touches: ['public.big'] });
      expect(done.problems.map(({ code, problem }) => [code, problem.includes('public.t,')])).toEqual([
        ['TOUCHED_UNDECLARED', true],
      ]);
    });
});

describe('the proof of a rollback', () => {
  const sql = {
    up: ["update big set v = 'new' where id = 7", 'alter table t add column w integer'],
    down: ["update big set v = repeat('x', 100) where id = 7", 'alter table t drop column if exists w'],
  };

  it('reads the blocks that changed, and says so', async () => {
    const { proof, outcome } = await rehearsed(sql);
    expect(outcome).toBe('passed');
    expect(proof).toMatchObject({
      method: 'changed blocks',
      fallback: null,
      logical: 'equal',
      strict: 'different',
      relations: 2,
    });
    expect(Number(proof?.rows)).toBeLessThan(2000);
    expect(proof?.blocks).toBeGreaterThan(0);
  });

  it('reads every row where that is asked for', async () => {
    const { proof, outcome } = await rehearsed(sql, { full: true });
    expect(outcome).toBe('passed');
    expect(proof).toMatchObject({ method: 'full', fallback: null, logical: 'equal', rows: '61000' });
  });

  for (const full of [undefined, true as const])
    it(`finds one row that is not as it was, ${full === true ? 'reading every row' : 'reading changed blocks'}`, async () => {
      const damaged = {
        up: sql.up,
        down: ["update big set v = 'y' where id = 7", 'alter table t drop column if exists w'],
      };
      const done = await rehearsed(damaged, full === undefined ? {} : { full });
      expect(codes(done)).toEqual(['BACK_DIFFERS']);
      expect(done.problems[0]?.problem).toContain('public.big');
      expect(done.problems[0]?.problem).toContain('id=7 changed (v)');
      expect(JSON.stringify(done.proof)).not.toContain('xxxxx');
    });

  it('does not pass over a changed table whose rows cannot be compared', async () => {
    const foreign = [
      'create extension postgres_fdw',
      'create server loop foreign data wrapper postgres_fdw',
      'create foreign table f (id integer) server loop',
    ];
    const change = tier('1-x', {
      up: ['alter foreign table f add column v text'],
      down: ['alter foreign table f drop column if exists v'],
    });
    await withHost(foreign, async ({ host }) => {
      const release = sealed([change], { allows: { dispatch: 'the table is in another server' } });
      const done = await rehearse({ release, host, owner: 'test' });
      expect(codes(done)).toEqual(['PROOF_INCOMPLETE']);
      expect(done.proof).toMatchObject({ logical: 'equal', notProven: [{ relation: 'public.f' }] });
    });
  });
});
