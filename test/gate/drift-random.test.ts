import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDrift } from '../../src/gate/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { count, seed } from '../counts.ts';
import { versions } from '../database.io.ts';
import { type Gated, withGate } from './cycle.io.ts';
import { application, asOwner, filesOf, ratifyDrifting, tierWith } from './drift-application.io.ts';

/**
 * A change that others make, how it is undone, and what the rule says of it: the objects and properties that the release depends on. Without names it
 * closes nothing. Written from what the footprint is meant to be, not from how it is read.
 */
interface Drift {
  readonly change: string;
  readonly back: string;
  readonly names: readonly string[];
}

const differ = (change: string, back: string, ...names: readonly string[]): Drift => ({ change, back, names });

/** The tables of the footprint, with what hangs on each; and another team's, of which the same may be done. */
const tables: readonly (readonly [table: string, column: string, isRelated: boolean])[] = [
  ['orders', 'shown', true],
  ['quiet', 'word', true],
  ['theirs', 'word', false],
];

const onTable = tables.flatMap(([table, column, isRelated]) => {
  const full = `public.${table}`;
  const of = (change: string, back: string, ...names: readonly string[]): Drift =>
    differ(change, back, ...(isRelated ? names : []));
  const alter = `alter table ${full}`;
  return [
    of(`comment on table ${full} is 'd'`, `comment on table ${full} is null`, `table: ${full} comment`),
    of(
      `comment on column ${full}.${column} is 'd'`,
      `comment on column ${full}.${column} is null`,
      `column: ${full}.${column} comment`,
    ),
    of(`grant select on ${full} to public`, `revoke select on ${full} from public`, `table: ${full} privileges`),
    of(`${alter} add column d_more text`, `${alter} drop column d_more`, `column: ${full}.d_more`),
    of(
      `${alter} alter column ${column} set not null`,
      `${alter} alter column ${column} drop not null`,
      `column: ${full}.${column} notNull`,
    ),
    of(
      `${alter} alter column ${column} set storage external`,
      `${alter} alter column ${column} set storage extended`,
      `column: ${full}.${column} storage`,
    ),
    of(`create index d_${table} on ${full} (${column})`, `drop index public.d_${table}`, `index: public.d_${table}`),
    of(
      `create statistics public.d_s_${table} on id, ${column} from ${full}`,
      `drop statistics public.d_s_${table}`,
      `statistics: public.d_s_${table}`,
    ),
    of(
      `${alter} add constraint d_check check (id <> 5)`,
      `${alter} drop constraint d_check`,
      `constraint: ${full}.d_check`,
    ),
    of(
      `create trigger d_trigger before delete on ${full} for each row execute function public.stamp()`,
      `drop trigger d_trigger on ${full}`,
      `trigger: ${full}.d_trigger`,
    ),
    of(`create policy d_policy on ${full}`, `drop policy d_policy on ${full}`, `policy: ${full}.d_policy`),
    of(
      `create rule d_rule as on delete to ${full} do also notify d`,
      `drop rule d_rule on ${full}`,
      `rule: ${full}.d_rule`,
    ),
    of(`${alter} enable row level security`, `${alter} disable row level security`, `table: ${full} rowSecurity`),
    of(`${alter} set (fillfactor = 50)`, `${alter} reset (fillfactor)`, `table: ${full} options`),
    of(
      `create view public.d_over_${table} as select ${column} from ${full}`,
      `drop view public.d_over_${table}`,
      `view: public.d_over_${table}`,
      `column: public.d_over_${table}.${column}`,
    ),
    of(
      `create table public.d_child_${table} () inherits (${full})`,
      `drop table public.d_child_${table}`,
      `table: public.d_child_${table}`,
    ),
    // what no client can tell
    differ(`${alter} alter column ${column} set statistics 7`, `${alter} alter column ${column} set statistics -1`),
    differ(
      `${alter} add column d_hole text`,
      `${alter} drop column d_hole`,
      ...(isRelated ? [`column: ${full}.d_hole`] : []),
    ),
  ];
});

const others: readonly Drift[] = [
  differ(
    `alter function public.say(integer) stable`,
    `alter function public.say(integer) volatile`,
    'function: public.say(integer) volatility',
  ),
  differ(
    `alter function public.stamp() security definer`,
    `alter function public.stamp() security invoker`,
    'function: public.stamp() securityDefiner',
  ),
  differ(`alter function public.any_mood(integer) stable`, `alter function public.any_mood(integer) volatile`),
  differ(
    `create function public.say(bigint) returns text language sql as 'select 1'`,
    `drop function public.say(bigint)`,
    'function: public.say(bigint)',
  ),
  differ(
    `create function public.d_say(bigint) returns text language sql as 'select 1'`,
    `drop function public.d_say(bigint)`,
  ),
  differ(`comment on type public.mood is 'd'`, `comment on type public.mood is null`, 'type: public.mood comment'),
  differ(
    `alter domain public.short add constraint d_short check (value <> 'd') not valid`,
    `alter domain public.short drop constraint d_short`,
    'constraint: public.short.d_short',
  ),
  differ(`create type public.d_type as (a integer)`, `drop type public.d_type`),
  differ(`create domain public.d_domain as text`, `drop domain public.d_domain`),
  differ(`create sequence public.d_sequence`, `drop sequence public.d_sequence`),
  differ(
    `create table public.extra (i integer)`,
    `drop table public.extra`,
    'table: public.extra',
    'column: public.extra.i',
  ),
  differ(`create table public.d_table (i integer primary key)`, `drop table public.d_table`),
  differ(
    `create table public.d_partition partition of public.parts for values from (0) to (9)`,
    `drop table public.d_partition`,
    'table: public.d_partition',
  ),
  differ(
    `create table public.d_their_partition partition of public.their_parts for values from (0) to (9)`,
    `drop table public.d_their_partition`,
  ),
  differ(
    `create operator public.=== (function = int8eq, leftarg = bigint, rightarg = bigint)`,
    `drop operator public.===(bigint, bigint)`,
    'operator: public."==="(bigint, bigint)',
  ),
  differ(
    `create operator public.=#= (function = int8eq, leftarg = bigint, rightarg = bigint)`,
    `drop operator public.=#=(bigint, bigint)`,
  ),
  differ(
    `create cast (bigint as public.mood) with inout`,
    `drop cast (bigint as public.mood)`,
    'cast: (bigint AS public.mood)',
  ),
  differ(`comment on view public.shown is 'd'`, `comment on view public.shown is null`, 'view: public.shown comment'),
  differ(`comment on view public.theirs_shown is 'd'`, `comment on view public.theirs_shown is null`),
  differ(
    `create materialized view public.d_totals as select count(*) as n from public.theirs`,
    `drop materialized view public.d_totals`,
  ),
  differ(
    `comment on constraint fine on public.orders is 'd'`,
    `comment on constraint fine on public.orders is null`,
    'constraint: public.orders.fine comment',
  ),
  differ(
    `alter default privileges in schema public grant select on tables to public`,
    `alter default privileges in schema public revoke select on tables from public`,
    'default privileges',
  ),
];

const all = [...onTable, ...others];

/** Whether one of the differences is the one that the rule names: an object, or a property of it. */
const isNamed = (name: string, found: readonly string[]): boolean => {
  if (name === 'default privileges') return found.some((one) => one.startsWith('default privileges: '));
  return found.includes(name);
};

describe.each(versions)('random drift on PostgreSQL %s', (version) => {
  it(
    'closes both directions by the names of what the release depends on, and by nothing else',
    { timeout: 600_000 },
    () =>
      withGate(version, { files: filesOf()!, application }, async (gated: Gated) => {
        const statement = (await ratifyDrifting(gated)) as StatementDigest;
        const found = async (direction: 'up' | 'down'): Promise<readonly string[]> =>
          (await gated.as('oneroof_observer', (session) => readDrift(session, { statement, direction }))).map(
            ({ object, property }) => (property === null ? object : `${object} ${property}`),
          );
        const judge = (direction: 'up' | 'down') =>
          fc.asyncProperty(fc.uniqueArray(fc.nat(all.length - 1), { minLength: 1, maxLength: 5 }), async (picked) => {
            const drifts = picked.map((at) => all[at] as Drift);
            await asOwner(
              gated,
              drifts.map(({ change }) => change),
            );
            const seen = await found(direction);
            await asOwner(
              gated,
              drifts.toReversed().map(({ back }) => back),
            );
            const names = drifts.flatMap((one) => one.names);
            expect(names.filter((name) => !isNamed(name, seen))).toEqual([]);
            if (names.length === 0) expect(seen).toEqual([]);
            expect(await found(direction)).toEqual([]);
          });
        const runs = { numRuns: count('drifts'), seed };
        // each of them alone first: nothing hides behind another
        const wrong: unknown[] = [];
        for (const one of all) {
          await asOwner(gated, [one.change]);
          const seen = await found('up');
          await asOwner(gated, [one.back]);
          const missing = one.names.filter((name) => !isNamed(name, seen));
          if (missing.length > 0 || (one.names.length === 0 && seen.length > 0))
            wrong.push([one.change, missing, seen]);
        }
        expect(wrong).toEqual([]);
        await fc.assert(judge('up'), runs);
        for (const tier of ['1-rows', '2-column']) await tierWith(gated, { statement, tier });
        await fc.assert(judge('down'), runs);
        for (const tier of ['2-column', '1-rows']) await tierWith(gated, { statement, direction: 'down', tier });
      }),
  );
});
