import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, release, withGate } from './cycle.io.ts';
import { as, attempt, ratifyHostile, step } from './hostile.io.ts';
import { ownedServers } from './owned.io.ts';

/** What a stolen credential of the executor brings along, under which a ratified step would write into `taken`. */
interface Theft {
  readonly name: string;
  readonly application?: readonly string[];
  /** Made by a superuser, in this database. */
  readonly extension?: string;
  readonly step: string;
  /** Options of the session as it connects. */
  readonly client?: string;
  /** Set for its role; a role may do so for all databases by itself, a superuser for this one. */
  readonly earlier?: readonly string[];
  readonly before?: readonly string[];
  readonly between?: readonly string[];
  /** What refuses it, or what the server says; null: the step runs as it was ratified. */
  readonly why: RegExp | null;
  /** What is taken out for the attack to succeed. */
  readonly safeguard: readonly (readonly [from: string, to: string])[];
  /** Rows: it succeeded. */
  readonly taken?: string;
}

const refusal = [`if wrong is not null then perform gate.refuse('setting', wrong); end if;`, ''] as const;
const reset = [`execute 'reset all';`, ''] as const;
const asserts = `do $$ begin assert false, 'not so'; insert into public.taken values ('x'); end $$`;
const evil = (condition: string): string => `insert into public.taken select 'x' where ${condition}`;
const mode = evil(`current_setting('app.mode', true) = 'evil'`);

const thefts: readonly Theft[] = [
  {
    name: 'an ASSERT that is skipped',
    step: asserts,
    before: ['set plpgsql.check_asserts = off'],
    why: /^gate: setting: plpgsql.check_asserts was set by this session/,
    safeguard: [refusal, reset],
  },
  {
    name: 'an ASSERT that is skipped, from the connection on',
    step: asserts,
    client: '-c plpgsql.check_asserts=off',
    why: /^gate: setting: plpgsql.check_asserts was set by the client/,
    safeguard: [refusal],
  },
  {
    name: 'an ASSERT that is skipped by a setting within the transaction',
    step: asserts,
    between: ['set plpgsql.check_asserts = off'],
    why: /not so/,
    safeguard: [reset],
  },
  {
    name: 'an ASSERT that is skipped by a setting of the transaction alone',
    step: asserts,
    between: [`select set_config('plpgsql.check_asserts', 'off', true)`],
    why: /not so/,
    safeguard: [reset],
  },
  {
    name: 'rows that an index leaves out',
    application: [
      'create table public.docs (a integer[])',
      'insert into public.docs select array[1, i] from generate_series(1, 30000) i',
      'create index on public.docs using gin (a)',
    ],
    step: evil(`(select count(*) from public.docs where a @> '{1}') < 30000`),
    before: ['set gin_fuzzy_search_limit = 1', 'set enable_seqscan = off'],
    why: /^gate: setting: enable_seqscan/,
    safeguard: [refusal, reset],
  },
  {
    name: 'another meaning of an abbreviation',
    step: evil(`'2024-01-01 00:00 EST'::timestamptz < '2024-01-01'`),
    before: [`set timezone_abbreviations = 'Australia'`],
    why: /^gate: setting: timezone_abbreviations/,
    safeguard: [refusal, reset],
  },
  {
    name: 'another time zone',
    step: evil(`'2024-01-01 00:00'::timestamptz <> '2024-01-01 00:00+00'`),
    client: '-c timezone=Asia/Tokyo',
    between: [`set timezone = 'Asia/Tokyo'`],
    why: null,
    safeguard: [
      [`names := array['TimeZone', `, 'names := array['],
      [`settings := array[coalesce(sealed ->> 'timezone', 'UTC'), `, 'settings := array['],
    ],
  },
  {
    name: 'another language of a text',
    step: evil(`length(to_tsvector('the cats')) = 1`),
    before: [`set default_text_search_config = 'pg_catalog.english'`],
    why: /^gate: setting: default_text_search_config/,
    safeguard: [refusal, reset],
  },
  {
    name: 'a branch by a setting of its own making',
    step: mode,
    before: [`set app.mode = 'evil'`],
    why: null,
    safeguard: [reset, refusal],
  },
  {
    name: 'a branch by a setting of its own making, within the transaction',
    step: mode,
    between: [`set app.mode = 'evil'`],
    why: null,
    safeguard: [reset, refusal],
  },
  {
    name: 'a branch by a setting of its own making, from the connection on',
    step: mode,
    client: '-c app.mode=evil',
    why: /^gate: setting: app.mode, which SQL of this database reads/,
    safeguard: [refusal],
  },
  ...(
    [
      [
        'a function',
        `create function public.f() returns text language plpgsql as $$ begin return current_setting('app.mode', true); end $$`,
      ],
      [
        'a function of SQL',
        `create function public.f() returns text language sql begin atomic select current_setting('app.mode', true); end`,
      ],
      ['a view', `create view public.v as select current_setting('app.mode', true) as m; `],
      ['a default', `create table public.d (i integer, m text default current_setting('app.mode', true))`],
    ] as const
  ).map(
    ([what, made]): Theft => ({
      name: `a branch of ${what} by a setting of its own making, from the connection on`,
      application: [made],
      step: made.includes('public.f()')
        ? evil(`public.f() = 'evil'`)
        : made.includes('public.v')
          ? evil(`(select m from public.v) = 'evil'`)
          : `with d as (insert into public.d (i) values (1) returning m) insert into public.taken select 'x' from d where m = 'evil'`,
      client: '-c app.mode=evil',
      why: /^gate: setting: app.mode, which SQL of this database reads/,
      safeguard: [refusal],
    }),
  ),
  {
    name: 'a branch by the name of the session',
    step: evil(`current_setting('application_name') = 'evil'`),
    before: [`set application_name = 'evil'`],
    why: null,
    safeguard: [[`set "application_name" = 'oneroof attempt'`, ''], reset],
  },
  {
    name: 'a branch by what its client is told',
    step: evil(`current_setting('client_min_messages') = 'error'`),
    before: [`set client_min_messages = 'error'`],
    why: null,
    safeguard: [[`set "client_min_messages" = 'notice'`, ''], reset],
  },
  {
    name: 'a branch by the role that it has set',
    step: evil(`current_setting('role') <> 'none'`),
    before: ['set role oneroof_executor'],
    why: /^gate: session: the session has set a role/,
    safeguard: [[`if current_setting('role') is distinct from 'none' then`, 'if false then']],
  },
  {
    name: 'the numbers of random()',
    step: `insert into public.taken select random()::text`,
    between: ['select setseed(0.5)'],
    why: null,
    safeguard: [[`perform setseed((`, `perform ((`]],
    taken: `select from public.taken where v = (select random()::text from (select setseed(0.5) offset 0) s)`,
  },
  {
    name: 'a setting of its role',
    step: asserts,
    earlier: [`alter role oneroof_executor in database %DATABASE% set plpgsql.check_asserts = off`],
    why: /^gate: setting: plpgsql.check_asserts was set by ALTER ROLE/,
    safeguard: [refusal],
  },
  {
    name: 'a setting of its own making of its role',
    step: mode,
    earlier: [`alter role oneroof_executor in database %DATABASE% set app.mode = 'evil'`],
    why: /^gate: setting: app.mode was set by ALTER ROLE oneroof_executor/,
    safeguard: [refusal],
  },
  {
    name: 'a setting of an extension whose library is not loaded yet',
    extension: 'pg_trgm',
    step: evil(`not ('hello' operator(public.%) 'hallo')`),
    before: ['set pg_trgm.similarity_threshold = 0.9'],
    why: /^gate: setting: pg_trgm.similarity_threshold was set by this session/,
    safeguard: [refusal, reset],
  },
  {
    name: 'a setting of an extension whose library is not loaded yet, from the connection on',
    extension: 'pg_trgm',
    step: evil(`not ('hello' operator(public.%) 'hallo')`),
    client: '-c pg_trgm.similarity_threshold=0.9',
    why: /^gate: setting: pg_trgm.similarity_threshold was set by the client/,
    safeguard: [['perform fmgr_c_validator(one_of_library);', 'null;']],
  },
  {
    name: 'a function of the application that was planned under other settings',
    application: [
      `create function public.f() returns integer language plpgsql as $$ begin return extract(month from '02-03-04'::date); end $$`,
    ],
    step: evil('public.f() = 2'),
    before: [
      'set search_path = public, pg_temp',
      `set datestyle = 'ISO, MDY'`,
      'select public.f()',
      'select public.f()',
    ],
    why: null,
    safeguard: [[`execute 'discard plans';`, '']],
  },
  {
    name: 'a branch by any other setting',
    step: evil(`current_setting('enable_sort') = 'off'`),
    between: [`select set_config('enable_sort', 'off', false)`],
    why: null,
    safeguard: [reset],
  },
];

/** Runs an attempt with what a thief brings, in one session that begins with these options. */
async function steal(gated: Gated, theft: Theft): Promise<void> {
  const { client = '', earlier = [], before = [], between = [], step: text } = theft;
  const statement = await ratifyHostile(gated, { steps: [text] });
  const { host, port, database } = gated.database;
  const open = async (options: string): Promise<pg.Client> => {
    const session = new pg.Client({ host, port, database, user: 'oneroof_executor', options });
    await session.connect();
    return session;
  };
  await runSql(
    gated.database,
    earlier.map((text) => text.replace('%DATABASE%', database)),
  );
  const session = await open(client);
  try {
    for (const text of before) await session.query(text);
    const { rows } = await session.query<{ e: string }>(`select gate.begin_attempt('${statement}', 'up')::text as e`);
    const epoch = rows[0]?.e ?? '';
    await session.query('begin');
    await session.query(`select gate.enter_tier($1, 'up', '1-rows', $2)`, [statement, epoch]);
    for (const text of between) await session.query(text);
    await session.query(`select gate.run_step($1, 'up', '1-rows', 1, $2)`, [statement, text]);
    await session.query(`select gate.leave_tier($1, 'up', '1-rows', $2)`, [statement, epoch]);
    await session.query('commit');
  } finally {
    await session.end();
  }
}

const planOf = ({ application = [] }: Theft, change?: (text: string) => string): GatedPlan => ({
  application: ['create table public.taken (v text)', ...application],
  ...(change === undefined ? {} : { change }),
});

const found = (gated: Gated, { taken = 'select from public.taken' }: Theft): Promise<number> =>
  withSession(gated.database, async (session) => (await session.run(taken)).rows ?? 0);

async function prepare(gated: Gated, { extension }: Theft): Promise<void> {
  if (extension !== undefined)
    await withSession(gated.database, (session) => session.run(`create extension ${extension} schema public`));
}

const taking =
  ({ safeguard }: Theft) =>
  (text: string): string =>
    safeguard.reduce((before, [from, to]) => {
      expect(before).toContain(from);
      return before.replaceAll(from, to);
    }, text);

const owned = ownedServers();
beforeAll(() => owned.start(versions));
afterAll(() => owned.stop());

const installs = versions.flatMap((version) => [
  {
    version,
    as: 'superuser',
    within: <T>(plan: GatedPlan, use: (gated: Gated) => Promise<T>) => withGate(version, plan, use),
  },
  {
    version,
    as: 'owner',
    within: <T>(plan: GatedPlan, use: (gated: Gated) => Promise<T>) => owned.withGate(version, plan, use),
  },
]);

describe.each(installs)(
  'what an executor brings along on PostgreSQL $version, installed by a $as',
  ({ as, within }) => {
    it.concurrent.each(thefts)('does not get it $name', { timeout: 120_000 }, (theft) =>
      within(planOf(theft), async (gated) => {
        await prepare(gated, theft);
        const attack = steal(gated, theft);
        if (theft.why === null) await attack;
        else await expect(attack).rejects.toThrow(theft.why);
        expect(await found(gated, theft)).toBe(0);
        if (theft.earlier !== undefined)
          await withSession(gated.database, (session) => session.query(sql`select gate.assert_intact()`));
      }),
    );
    it.concurrent.each(as === 'superuser' ? thefts : [])(
      'would get it $name, if the gate did not look',
      { timeout: 120_000 },
      (theft) =>
        within(planOf(theft, taking(theft)), async (gated) => {
          await prepare(gated, theft);
          await steal(gated, theft);
          expect(await found(gated, theft)).toBe(1);
        }),
    );
  },
);

describe.each(versions)('a setting that a release declares, on PostgreSQL %s', (version) => {
  const up = `insert into t select 2 where current_setting('app.mode') = 'blue';\ninsert into t values (3);\n`;
  const files = {
    ...release,
    'release.yaml':
      release['release.yaml']?.replace('touches:', 'settings: { custom: { app.mode: blue } }\ntouches:') ?? '',
    'tiers/1-rows/up.sql': up,
  };
  it('has its value in each step and metric, whatever the session brings', () =>
    withGate(version, { files }, async (gated) => {
      const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
      const steps = gated.sealed.release.tiers[0]?.up.map(({ sql: text }, at) => step(statement, at + 1, text)) ?? [];
      await as(gated, 'oneroof_executor', [
        `set app.mode = 'evil'`,
        ...attempt(statement, [`set app.mode = 'evil'`, ...steps]),
      ]);
      const [row] = await withSession(gated.database, (session) =>
        session.query<{ rows: string }>(sql`select count(*)::text as rows from public.t`),
      );
      expect(row?.rows).toBe('3');
    }));
});

describe.each(versions)('a setting of the database, on PostgreSQL %s', (version) => {
  it('is part of the schema that people sign, and is compared', () =>
    withGate(version, {}, async (gated) => {
      const people = [gated.people.ana, gated.people.ben];
      const enter = (statement: string): Promise<void> =>
        as(gated, 'oneroof_executor', [...attempt(statement, [], ['rollback'])]);
      const before = await gated.ratify(await gated.ratification(), people);
      await enter(before);
      const { database } = gated.database;
      await runSql(gated.database, [`alter database ${database} set plpgsql.check_asserts = off`]);
      await expect(enter(before)).rejects.toThrow('gate: schema');
      await enter(await gated.ratify(await gated.ratification(), people));
    }));
});
