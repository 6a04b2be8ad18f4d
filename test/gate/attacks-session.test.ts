import { describe, expect, it } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { writeStatement } from '../../src/evidence/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { callerRights, ofTheApplication } from '../../src/gate/callers.ts';
import { runSql, newest, withSession } from '../database.io.ts';
import { assertion, type Gated, release, withGate } from './cycle.io.ts';
import { as, attempt, leave, runAll, step } from './hostile.io.ts';

const executor = 'oneroof_executor';
const [first, second] = ['insert into t values (2)', 'insert into t values (3)'];
const steps = (statement: string): readonly string[] => [step(statement, 1, first), step(statement, 2, second)];
const ratified = (gated: Gated): Promise<string> =>
  gated.ratification().then((body) => gated.ratify(body, [gated.people.ana, gated.people.ben]));

/** What a stolen credential of the executor does around ratified steps, what refuses it, and what it takes where that is taken out. */
interface Theft {
  readonly name: string;
  readonly attack: (gated: Gated, statement: string) => Promise<void>;
  readonly why: string;
  readonly safeguard: readonly (readonly [from: string, to: string])[];
  readonly taken: string;
  readonly files?: Readonly<Record<string, string>>;
}

const temporary = ['class c where c.rel', 'proc p where p.pro', 'type t where t.typ'].map(
  (of) =>
    [
      `exists (select from pg_${of}namespace = pg_my_temp_schema()`,
      `exists (select from pg_${of}namespace = 0`,
    ] as const,
);
const prepare = `prepare transaction 'later'`;

const thefts: readonly Theft[] = [
  {
    name: "its own code, as the trigger of a temporary table that hides the application's",
    attack: (gated, statement) =>
      as(
        gated,
        executor,
        attempt(statement, [
          'create temp table t (i integer)',
          'grant all on pg_temp.t to public',
          `create function pg_temp.take() returns trigger language plpgsql as $f$ begin
             create table if not exists public.taken as select current_user::text as by; return null; end $f$`,
          'create trigger take after insert on pg_temp.t for each row execute function pg_temp.take()',
          ...steps(statement),
          'drop table pg_temp.t',
          'drop function pg_temp.take()',
        ]),
      ),
    why: 'gate: session: the session has temporary objects',
    safeguard: [...temporary, [`order by n), 'pg_temp')`, 'order by n))']],
    taken: 'select by from public.taken',
  },
  {
    name: 'an approval that is kept for later in a prepared transaction',
    attack: async (gated, statement) => {
      await as(gated, executor, attempt(statement, steps(statement), [...leave(statement), prepare]));
      await as(gated, executor, [`commit prepared 'later'`]);
    },
    why: 'gate: commit',
    safeguard: [['if (current_query() ~* ', 'if (true or current_query() ~* ']],
    taken: `select tier as by from gate.markers`,
  },
  {
    name: 'the last look, fired before the end',
    attack: (gated, statement) =>
      as(
        gated,
        executor,
        attempt(statement, steps(statement), [...leave(statement), 'set constraints all immediate', 'commit']),
      ),
    why: 'gate: commit',
    safeguard: [['if (current_query() ~* ', 'if (true or current_query() ~* ']],
    taken: `select tier as by from gate.markers`,
  },
  {
    name: 'a transaction that began before the revocation',
    attack: (gated, statement) =>
      gated.as(executor, async (session) => {
        await session.run('begin isolation level repeatable read');
        await session.run('select gate.status()');
        const { ben } = gated.people;
        const body = writeStatement({
          kind: 'revocation',
          subject: { name: 'small', digest: statement as never },
          predicate: { reason: 'no', nonce: '1' },
        });
        await gated.as('oneroof_relay', (relay) => submitSignature(relay, body, assertion(ben, body)));
        await runAll(
          session,
          attempt(statement, steps(statement)).filter((text) => text !== 'begin'),
        );
      }),
    why: 'gate: session: the transaction is not READ COMMITTED',
    safeguard: [[`is distinct from 'read committed' then`, `is distinct from 'read committed' and false then`]],
    taken: `select tier as by from gate.markers`,
  },
  {
    name: 'a setting under which the ratified bytes say something else',
    files: { ...release, 'tiers/1-rows/up.sql': String.raw`insert into t select length('\\');` },
    attack: async (gated, statement) => {
      await as(gated, executor, [
        'set standard_conforming_strings = off',
        ...attempt(statement, [
          String.raw`select gate.run_step('${statement}', 'up', '1-rows', 1, $s$insert into t select length('\\')$s$)`,
        ]),
      ]);
      // ratified was the number of two backslashes
      const found = await withSession(gated.database, (session) =>
        session.query(sql`select from public.t where i = 2`),
      );
      if (found.length === 1) throw new Error('it ran as it was ratified');
    },
    why: 'it ran as it was ratified',
    safeguard: [
      [`set "standard_conforming_strings" = 'on'`, ''],
      [`execute 'reset all';`, ''],
    ],
    taken: `select i::text as by from public.t where i = 1 offset 1`,
  },
];

describe.each(newest)('a stolen credential of the executor on PostgreSQL %s', (version) => {
  it.each(thefts)('does not get $name', ({ files, attack, why, taken }) =>
    withGate(version, files === undefined ? {} : { files }, async (gated) => {
      await expect(attack(gated, await ratified(gated))).rejects.toThrow(why);
      const found = await withSession(gated.database, (session) => session.run(taken)).catch(() => null);
      expect(found?.rows ?? 0).toBe(0);
    }),
  );
  it.each(thefts)('would get $name, if the gate did not look', ({ files, attack, safeguard, taken }) => {
    const change = (text: string): string =>
      safeguard.reduce((before, [from, to]) => {
        expect(before).toContain(from);
        return before.replaceAll(from, to);
      }, text);
    return withGate(version, { change, ...(files === undefined ? {} : { files }) }, async (gated) => {
      await attack(gated, await ratified(gated));
      const { rows } = await withSession(gated.database, (session) => session.run(taken));
      expect(rows).toBe(1);
    });
  });
});

/** What the server answers: the SQLSTATE. */
const stateOf = (session: Session, text: string): Promise<string> =>
  session.run(text).then(
    () => 'done',
    (error: unknown) => String((error as { code?: unknown }).code),
  );

describe.each(newest)('the credentials of the gate on PostgreSQL %s', (version) => {
  it('call the functions that are theirs, and nothing else of the gate', { timeout: 60_000 }, () =>
    withGate(version, {}, async (gated) => {
      const [functions, tables] = await withSession(gated.database, async (session) => [
        await session.query<{ name: string; call: string; oid: string; strict: string }>(sql`
          select p.proname as name, p.oid::text, p.proisstrict::text as strict, format('select gate.%I(%s)', p.proname,
            (select string_agg(case when p.provariadic <> 0 and n = p.pronargs then 'variadic ' else '' end || 'null::' || t::regtype::text, ', ' order by n) from unnest(p.proargtypes::oid[]) with ordinality a(t, n))) as call
          from pg_proc p where p.pronamespace = 'gate'::regnamespace and p.prorettype <> all ('{trigger,event_trigger}'::regtype[])`),
        await session.query<{ name: string }>(
          sql`select c.oid::regclass::text as name from pg_class c where c.relnamespace = 'gate'::regnamespace and c.relkind in ('r', 'S')`,
        ),
      ]);
      expect(functions.length).toBeGreaterThan(40);
      for (const role of [executor, 'oneroof_relay', 'oneroof_observer', 'app_owner'])
        await gated.as(role, async (session) => {
          const runs = role === 'app_owner' ? ofTheApplication : (callerRights[role] ?? []);
          for (const { name, call, oid, strict } of functions) {
            const [may] = await session.query<{ yes: string }>(
              sql`select has_function_privilege(${oid}::oid, 'execute')::text as yes`,
            );
            // a strict function is not even called with nulls
            const state = strict === 'true' ? (may?.yes === 'true' ? 'done' : '42501') : await stateOf(session, call);
            if (runs.includes(name)) expect(state, `${role}: ${call}`).not.toBe('42501');
            else expect(state, `${role}: ${call}`).toBe('42501');
          }
          for (const { name } of tables)
            for (const text of [
              `select * from ${name}`,
              `insert into ${name} default values`,
              `update ${name} set ctid = null`,
              `delete from ${name}`,
              `truncate ${name} cascade`,
              `drop table ${name}`,
              `comment on table ${name} is 'mine'`,
            ])
              expect(['42501', '42809', '55000', '0A000'], `${role}: ${text}`).toContain(await stateOf(session, text));
        });
      await withSession(gated.database, (session) => session.query(sql`select gate.assert_intact()`));
    }),
  );

  it('do not become another role, read no secrets, and leave the server alone', () =>
    withGate(version, { application: ['create sequence numbers'] }, async (gated) => {
      for (const role of [executor, 'oneroof_relay', 'oneroof_observer'])
        await gated.as(role, async (session) => {
          for (const text of [
            'set role app_owner',
            'set role gate_owner',
            'set session authorization postgres',
            'alter role oneroof_executor superuser',
            'alter role gate_owner login',
            `alter role app_owner password 'x'`,
            'grant gate_owner to oneroof_executor',
            'create role mine',
            'select * from pg_authid',
            `copy (select 1) to program 'cat'`,
            `copy (select 1) to '/tmp/mine'`,
            `select pg_read_file('PG_VERSION')`,
            'alter system set fsync = off',
            `select pg_reload_conf()`,
            'create schema mine',
            'create table public.mine (i integer)',
            `select nextval('public.numbers')`,
            'insert into public.t values (9)',
            'select gate.measure(null, null)',
            'create function public.mine() returns integer language sql as $$select 1$$',
            'create event trigger mine on ddl_command_end execute function gate.guard_ddl()',
            'drop event trigger oneroof_gate_ddl',
            `select set_config('session_replication_role', 'replica', false)`,
            'create extension dblink',
          ])
            expect(['42501', '42704'], `${role}: ${text}`).toContain(await stateOf(session, text));
          // what PostgreSQL lets every role do moves nothing in the gate
          for (const text of [
            'notify mine',
            'select pg_advisory_lock(1)',
            'create temp table statements (i integer)',
            `select set_config('gate.open', 'yes', false)`,
            'select lo_creat(-1)',
          ])
            await session.run(text);
        });
      await withSession(gated.database, (session) => session.query(sql`select gate.assert_intact()`));
      const statement = await ratified(gated);
      await as(gated, executor, attempt(statement, steps(statement)));
    }));

  it('of the relay do not change what was handed in', () =>
    withGate(version, {}, async (gated) => {
      const statement = await ratified(gated);
      await runSql(gated.database, ['set role oneroof_relay']);
      for (const text of [
        `select gate.submit_target('${statement}', '{}', 0, '{}')`,
        `select gate.submit_release('{}', '{"sha256:00": "select 1"}')`,
        `select gate.accept('policy', '{}')`,
        `select gate.accept('ratification', '{}')`,
      ])
        await expect(as(gated, 'oneroof_relay', [text]), text).rejects.toThrow(/^gate: /);
      await as(gated, executor, attempt(statement, steps(statement)));
    }));
});

describe.each(newest)('a session whose strings mean something else, on PostgreSQL %s', (version) => {
  it('is told the same by every function of the gate that reads a backslash', { timeout: 60_000 }, () =>
    withGate(version, {}, (gated) =>
      withSession(gated.database, async (session) => {
        const said = async (setting: 'on' | 'off'): Promise<unknown> => {
          await session.run(`set standard_conforming_strings = ${setting}`);
          return session.query(sql`select gate.canonical('{"b":1,"a":2}'::jsonb) as canonical,
            gate.utf16_order('b') <> gate.utf16_order('a') as ordered,
            gate.check_assertion(sha256('x'), 'https://[a]', 'a', 'any', 'x', 'y', 'a', 'b', 'c') as assertion`);
        };
        expect(await said('off')).toEqual(await said('on'));
        const functions = await session.query<{
          name: string;
        }>(sql`select p.oid::regprocedure::text as name from pg_proc p
          where p.pronamespace = 'gate'::regnamespace and p.prosrc ~ ${String.raw`(^|[^E])'[^'\n]*\\[^'\n]*'`}
            and not coalesce(p.proconfig, '{}') @> '{standard_conforming_strings=on}'`);
        expect(functions).toEqual([]);
      }),
    ),
  );
});
