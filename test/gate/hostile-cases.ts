import { type Forgery } from './hostile.io.ts';

/** Ratified SQL that attacks the gate, what the application had before, and the refusal that it meets. */
export interface HostileCase extends Forgery {
  readonly name: string;
  readonly application?: readonly string[];
  readonly why: string;
}

const run = 'gate.execute_step(text, text)';
const door = `create function public.door() returns integer language sql security definer as 'select 1'`;
const rows = 'insert into t values (2), (3)';
/** A function that plants a door, once it is told to, and at once where it is not. */
const planter = (condition = 'true'): string =>
  `create function public.plant() returns integer language plpgsql as $plant$ begin
     if to_regproc('public.door') is null and ${condition} then execute ${`'${door.replaceAll("'", "''")}'`}; end if; return 1; end $plant$`;
const later = (body: string): string =>
  `create or replace function public.later() returns trigger language plpgsql as $later$ begin ${body}; return null; end $later$`;
const waitingTrigger = [
  later('null'),
  'create constraint trigger later after insert on t deferrable initially deferred for each row execute function public.later()',
];
/** A setting would not last: each step begins without those of the one before. */
const told = 'exists (select from public.t where i = 3)';

/** What a step does at once. */
export const atOnce: readonly HostileCase[] = [
  { name: 'it commits', steps: ['commit'], why: 'EXECUTE' },
  { name: 'it prepares the transaction', steps: [`prepare transaction 'x'`], why: 'EXECUTE' },
  { name: 'it sets the role', steps: ['set role oneroof_executor'], why: 'security-definer' },
  { name: 'it resets the role', steps: ['reset role'], why: 'security-definer' },
  { name: 'it sets the role by function', steps: [`select set_config('role', 'none', true)`], why: 'security-definer' },
  { name: 'it becomes another user', steps: ['set session authorization postgres'], why: 'security-definer' },
  { name: 'it resets the user', steps: ['reset session authorization'], why: 'security-definer|permission denied' },
  {
    name: 'it grants a function of the gate',
    steps: [`grant execute on function ${run} to oneroof_relay`, rows],
    why: 'gate: intact',
  },
  {
    name: 'it changes a function of the gate',
    steps: [rows, `alter function ${run} security invoker`],
    why: 'gate: (guard|intact)',
  },
  {
    name: 'it replaces a function of the gate',
    steps: [`create or replace function gate.settle(path text) returns void language sql as ''`],
    why: 'permission denied for schema gate',
  },
  {
    name: 'it drops a function of the gate',
    steps: [`drop function ${run}`, rows],
    why: 'gate: (guard|intact)|does not exist',
  },
  {
    name: 'it moves a function of the gate away',
    steps: ['alter function gate.waiting() set schema public', rows],
    why: 'gate: (guard|intact)|does not exist',
  },
  { name: 'it plants a definer function', steps: [door, rows], why: 'gate: definer' },
  {
    name: 'it gives a definer function another body',
    application: [
      'create function public.admin() returns integer language sql security definer begin atomic select 1; end',
    ],
    steps: [
      'create or replace function public.admin() returns integer language sql security definer begin atomic select 2; end',
      rows,
    ],
    why: 'gate: definer',
  },
  {
    name: 'it plants a rule',
    steps: ['create rule door as on insert to readiness do also delete from t', rows],
    why: 'gate: definer',
  },
  {
    name: 'it plants a trigger that waits for COMMIT',
    steps: [...waitingTrigger, rows],
    why: 'gate: definer',
  },
  {
    name: 'it grants a table to the executor',
    steps: ['grant select on t to oneroof_executor', rows],
    why: 'gate: intact',
  },
  {
    name: 'it grants a column to the executor',
    steps: ['grant update (i) on t to oneroof_executor', rows],
    why: 'gate: definer',
  },
  { name: 'it grants a table to everybody', steps: ['grant insert on t to public', rows], why: 'gate: definer' },
  {
    name: 'it grants what will be made',
    steps: ['alter default privileges grant insert on tables to public', rows],
    why: 'gate: definer',
  },
  {
    name: 'it grants itself a role',
    steps: ['grant gate_owner to app_owner', rows],
    why: 'denied|admin option|must have',
  },
  {
    name: 'it makes the executor a member',
    steps: ['grant app_owner to oneroof_executor', rows],
    why: 'denied|admin option|must have|gate: intact',
  },
  { name: 'it changes a role', steps: ['alter role app_owner superuser'], why: 'denied|must be superuser' },
  { name: 'it drops the wall', steps: ['drop event trigger oneroof_gate_ddl'], why: 'must be owner|does not exist' },
  {
    name: 'it turns triggers off',
    steps: [`select set_config('session_replication_role', 'replica', true)`],
    why: 'permission denied',
  },
  { name: 'it ends the step itself', steps: [`select gate.finish_step('\\x00')`], why: 'permission denied' },
  {
    name: 'it runs a step itself',
    steps: [`select gate.run_step('x', 'up', '1-rows', 1, 'select 1')`],
    why: 'permission denied',
  },
  { name: 'it writes the tables of the gate', steps: ['delete from gate.steps'], why: 'permission denied' },
  { name: 'it fires the last look early', steps: ['set constraints all immediate', rows], why: 'gate: commit' },
  {
    name: 'it makes an operator that hides another',
    steps: ['create operator public.= (leftarg = text, rightarg = text, function = texteq)', 'drop table t'],
    why: 'invariant|does not exist',
  },
];

/** What would run after the last look, when the transaction is committed. */
export const afterwards: readonly HostileCase[] = [
  {
    name: 'a function of a trigger that was there',
    application: [planter(), ...waitingTrigger],
    steps: [later('perform public.plant()'), rows],
    why: 'gate: definer',
  },
  {
    name: 'a trigger that defers itself again',
    application: [planter(), ...waitingTrigger],
    steps: [
      later(
        `if ${told} then perform public.plant(); else
           set constraints all deferred; insert into public.t values (3); end if`,
      ),
      'insert into t values (2)',
    ],
    why: 'gate: deferred: triggers or constraints of public.t',
  },
  {
    name: 'a cast that a foreign key calls',
    steps: [
      planter(told),
      `create type public.e as enum ('1')`,
      `create function public.cast_e(x public.e) returns integer language plpgsql as 'begin return public.plant(); end'`,
      'create cast (public.e as integer) with function public.cast_e(public.e) as implicit',
      'create table public.p (i integer primary key)',
      'insert into public.p values (1)',
      'create table public.c (e public.e references public.p deferrable initially deferred)',
      `do $$ begin insert into public.c values ('1'); insert into t values (2), (3); end $$`,
    ],
    why: 'gate: definer',
  },
  {
    name: 'a function in an exclusion constraint',
    steps: [
      planter(told),
      `create function public.ex(x integer) returns integer immutable language plpgsql as 'begin perform public.plant(); return x; end'`,
      'create table public.c (i integer, exclude using btree ((public.ex(i)) with =) deferrable initially deferred)',
      `do $$ begin insert into public.c values (1), (1); delete from public.c where ctid = '(0,1)';
         insert into t values (2), (3); end $$`,
    ],
    why: 'gate: definer',
  },
  {
    name: 'a cursor WITH HOLD over a definer function',
    application: [
      `create function public.admin(what text) returns integer language plpgsql security definer as 'begin execute what; return 1; end'`,
    ],
    steps: [`declare c cursor with hold for select public.admin('${door.replaceAll("'", "''")}')`, rows],
    why: 'gate: deferred: cursor c',
  },
  {
    name: 'a metric that writes',
    application: [planter(told)],
    metric: 'select count(*) * public.plant() from t',
    steps: [`do $$ begin insert into t values (2), (3); end $$`],
    why: 'gate: definer',
  },
  {
    name: 'a metric that makes a trigger wait',
    application: [planter(), ...waitingTrigger, 'create function public.value() returns integer language sql return 0'],
    metric: 'select count(*) + public.value() from t where i < 4',
    steps: [
      later('if new.i = 4 then perform public.plant(); end if'),
      `create or replace function public.value() returns integer language plpgsql as $f$ begin
         set constraints all deferred; insert into public.t values (4); return 0; end $f$`,
      rows,
    ],
    why: 'gate: deferred: triggers or constraints of public.t',
  },
];
