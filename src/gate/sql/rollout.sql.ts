import { pinned } from './session.sql.ts';

/** How ratified steps run: a tier is entered, its steps run in order, once, and it is left; nothing else can be committed. */
export const rolloutFunctions = String.raw`
-- A session could change the meaning of the ratified bytes: its temporary objects hide the application's
-- (and their triggers would run as its owner), and a transaction with an old snapshot does not see a revocation.
create function gate.require_executor() returns void
language plpgsql set search_path = pg_catalog, pg_temp as $gate$
declare
  app_owner oid;
begin
  if session_user is distinct from 'oneroof_executor' then perform gate.refuse('executor', 'only the executor runs steps'); end if;
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('session', 'the transaction is not READ COMMITTED'); end if;
  -- it does not matter for rights here, but SQL can read it
  if current_setting('role') is distinct from 'none' then perform gate.refuse('session', 'the session has set a role'); end if;
  -- no catalogue has an index on the schema alone: they are read only if the session has a schema for temporary objects
  if pg_my_temp_schema() = 0 then return; end if;
  app_owner := (select to_regrole(quote_ident(i.app_owner)) from gate.identity i);
  if exists (select from pg_class c where c.relnamespace = pg_my_temp_schema() and c.relowner is distinct from app_owner and c.relowner is distinct from 'gate_owner'::regrole::oid)
    or exists (select from pg_proc p where p.pronamespace = pg_my_temp_schema() and p.proowner is distinct from app_owner)
    or exists (select from pg_type t where t.typnamespace = pg_my_temp_schema() and t.typowner is distinct from app_owner and t.typowner is distinct from 'gate_owner'::regrole::oid) then
    perform gate.refuse('session', 'the session has temporary objects');
  end if;
end $gate$;

create function gate.begin_attempt(of_statement text, direction text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  newest bigint; is_free boolean;
begin
  perform gate.require_executor();
  perform gate.require_cycle(of_statement);
  -- a closed cycle is refused without waiting for another attempt; an open one may be closed when the wait has ended. If no one holds
  -- the fence there is no wait, and it is checked once, below
  -- (on a standby no row can be locked, and the check gives the reason)
  if current_setting('transaction_read_only') is not distinct from 'off' then
    perform from gate.fence for update skip locked;
    is_free := found;
  end if;
  if is_free is not true then perform gate.require_open(of_statement, direction); end if;
  perform set_config('idle_in_transaction_session_timeout', gate.idle_bound(), true);
  update gate.fence set epoch = epoch + 1, pid = pg_backend_pid(), taken_at = clock_timestamp() returning epoch into newest;
  -- a transaction that has sent a notification cannot be prepared: otherwise it would hold the fence without any session that could be ended
  perform pg_notify('oneroof', '');
  perform gate.require_open(of_statement, direction);
  perform gate.require_alone(of_statement, direction);
  perform gate.require_not_undone(of_statement, direction);
  return newest;
end $gate$;

-- Runs sealed SELECTs as the role that owns the application's objects.
-- Stable: what it runs cannot write by itself.
create function gate.measure(query text, path text) returns numeric
language plpgsql stable security definer set search_path = pg_catalog, pg_temp %PINNED% as $gate$
declare
  value numeric;
begin
  perform set_config('search_path', path, true);
  execute query into strict value;
  return value;
end $gate$;

create function gate.violations(query text, path text) returns bigint
language plpgsql stable security definer set search_path = pg_catalog, pg_temp %PINNED% as $gate$
declare
  found_rows bigint;
begin
  perform set_config('search_path', path, true);
  execute 'select pg_catalog.count(*) from (' || query || E'\n) q' into found_rows;
  return found_rows;
end $gate$;

create function gate.metric(of_statement text, metric text) returns numeric
language sql security definer set search_path = pg_catalog, pg_temp as $gate$
  select gate.measure(r.queries ->> (m ->> 'query'), gate.path_of(of_statement))
  from gate.statements s join gate.releases r on r.seal = s.subject
    cross join jsonb_array_elements(r.body::jsonb -> 'metrics') m where s.digest = of_statement and m ->> 'name' = metric
$gate$;

-- Null: met. An expectation without any bound is never met.
create function gate.misses(of_statement text, metric text, expectation jsonb) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  value numeric := gate.metric(of_statement, metric);
begin
  if expectation ?| '{equals,atLeast,atMost}'
    and coalesce(value = (expectation ->> 'equals')::numeric, expectation ->> 'equals' is null)
    and coalesce(value >= (expectation ->> 'atLeast')::numeric, expectation ->> 'atLeast' is null)
    and coalesce(value <= (expectation ->> 'atMost')::numeric, expectation ->> 'atMost' is null)
    and value is not null then return null; end if;
  return format('%s = %s, needs %s', metric, coalesce(value::text, 'nothing'), coalesce(nullif(concat_ws(' and ', '= ' || (expectation ->> 'equals'),
    '>= ' || (expectation ->> 'atLeast'), '<= ' || (expectation ->> 'atMost')), ''), 'a bound'));
end $gate$;

create function gate.require_metrics(of_statement text, code text, expectations jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  each_one record; missed text;
begin
  for each_one in select key, value from jsonb_each(coalesce(expectations, '{}')) loop
    missed := gate.misses(of_statement, each_one.key, each_one.value);
    if missed is not null then perform gate.refuse(code, missed); end if;
  end loop;
end $gate$;

create function gate.enter_tier(of_statement text, of_direction text, of_tier text, of_epoch bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  of_definition jsonb := gate.tier_of(of_statement, of_tier); gate_before jsonb; answer text; answer_until timestamptz; open_until timestamptz; newest bigint;
  of_names text[]; of_settings text[]; of_programs text[];
begin
  perform gate.require_executor();
  perform gate.require_cycle(of_statement);
  perform from gate.fence where epoch = of_epoch for update;
  if not found then perform gate.refuse('fence', 'a newer attempt has begun'); end if;
  update gate.fence set pid = pg_backend_pid(), taken_at = clock_timestamp() where pid is distinct from pg_backend_pid();
  -- now() is the time of BEGIN, and ratified SQL may use it. From BEGIN to here takes less than a minute.
  if (clock_timestamp() - transaction_timestamp() <= interval '60 seconds') is not true then
    perform gate.refuse('age', 'the transaction began more than 60 seconds ago; begin another one');
  end if;
  -- steps do not repeat the checks made here: without this, the steps of two rollouts, or of both directions, could be mixed
  if exists (select from gate.tiers t where t.xid = pg_current_xact_id_if_assigned() and t.began = transaction_timestamp()
    and (t.statement, t.direction) is distinct from (of_statement, of_direction)) then
    perform gate.refuse('order', 'this transaction has entered a tier of another rollout, or in the other direction');
  end if;
  -- read before any check: a later registry or policy causes a new check
  newest := (select max(d.number) from gate.documents d);
  open_until := gate.require_open(of_statement, of_direction);
  select e.names, e.settings into of_names, of_settings from gate.enter_session(of_statement, open_until) e;
  perform gate.require_alone(of_statement, of_direction);
  perform gate.require_decided(of_statement);
  if gate.next_tier(of_statement, of_direction) is distinct from of_tier then perform gate.refuse('order', 'this is not the next tier'); end if;
  perform gate.require_not_undone(of_statement, of_direction);
  if of_direction is distinct from 'up' and of_definition ->> 'oneWay' is not null then perform gate.refuse('one-way', 'this tier cannot be rolled back'); end if;
  if of_direction is distinct from 'down' then
    for gate_before in select g from jsonb_array_elements(gate.release_of(of_statement) -> 'gates') g where g ->> 'before' = of_tier loop
      perform gate.require_metrics(of_statement, 'data-gate', jsonb_build_object(gate_before ->> 'metric', gate_before -> 'expectation'));
    end loop;
    select a.answered, a.until into answer, answer_until from gate.require_answered(of_statement, of_tier) a;
    open_until := least(open_until, answer_until);
  end if;
  of_programs := gate.enter_schema(of_statement, of_direction);
  -- after the data gates, because they are SQL of the application too
  perform gate.assert_settled();
  perform gate.assert_intact();
  -- what each step needs is copied from the sealed document once for each tier, and only the transaction that copied it reads it
  insert into gate.tiers (statement, direction, tier, epoch, xid, definers, steps, transaction, path, names, settings, until, documents, answered, programs)
    values (of_statement, of_direction, of_tier, of_epoch, pg_current_xact_id(), gate.definers(),
      array(select jsonb_array_elements_text(of_definition -> of_direction)), of_definition ->> 'transaction', coalesce(gate.path_of(of_statement), ''),
      of_names, of_settings, open_until, newest, answer, of_programs)
    -- changes by others since the previous transaction are accepted; within one transaction a change may come from a step
    on conflict (statement, direction, tier) do update set epoch = excluded.epoch, xid = excluded.xid, steps = excluded.steps,
      definers = case when tiers.xid = excluded.xid then tiers.definers else excluded.definers end,
      programs = case when tiers.xid = excluded.xid then tiers.programs else excluded.programs end,
      transaction = excluded.transaction, path = excluded.path, names = excluded.names, settings = excluded.settings, until = excluded.until, documents = excluded.documents, answered = excluded.answered,
      began = excluded.began;
end $gate$;

-- Only gate.run_step calls it; only that function knows the secret that it returns.
create function gate.claim_step(of_statement text, of_direction text, of_tier text, of_n integer, step text, out secret bytea, out path text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  t gate.tiers; sealed text; wrong text;
begin
  perform gate.require_executor();
  select e.* into t from gate.tiers e
    where (e.statement, e.direction, e.tier) = (of_statement, of_direction, of_tier) and e.xid = pg_current_xact_id() and e.began = transaction_timestamp();
  if not found then perform gate.refuse('order', 'the tier was not entered in this transaction'); end if;
  perform gate.require_still_open(t);
  path := t.path;
  if t.transaction is not distinct from 'outside' then perform gate.refuse('order', 'the steps of this tier run outside of a transaction'); end if;
  perform gate.reset_session(t.names, t.settings, t.until);
  sealed := t.steps[of_n];
  if exists (select from gate.steps s where s.token is not null) then perform gate.refuse('order', 'a step is running'); end if;
  -- numbers have no gaps, because only this function assigns them: the last number is the count
  if of_n is distinct from 1 + (select coalesce(max(s.n), 0) from gate.steps s where (s.statement, s.direction, s.tier) = (of_statement, of_direction, of_tier) and s.done_at is not null) then
    perform gate.refuse('order', 'this is not the next step');
  end if;
  if sealed is null or gate.step_digest(step) is distinct from sealed then
    perform gate.refuse('step', 'these are not the bytes that were ratified');
  end if;
  if step ~* 'current_setting' then
    wrong := gate.foreign_name(array[step], t.names);
    if wrong is not null then perform gate.refuse('setting', wrong); end if;
  end if;
  secret := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
  insert into gate.steps (statement, direction, tier, n, digest, token, epoch)
    values (of_statement, of_direction, of_tier, of_n, sealed, sha256(secret), t.epoch)
    -- some of its batches have run
    on conflict (statement, direction, tier, n) do update set token = excluded.token, epoch = excluded.epoch;
end $gate$;

-- is_done: false while batches of the step remain.
create function gate.finish_step(secret bytea, is_done boolean default true) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  done gate.steps; t gate.tiers;
begin
  update gate.steps set token = null, done_at = case when is_done then clock_timestamp() end where token = sha256(secret) returning * into done;
  if not found then perform gate.refuse('order', 'no such step is running'); end if;
  select e.* into t from gate.tiers e where (e.statement, e.direction, e.tier) = (done.statement, done.direction, done.tier);
  if t.transaction is distinct from 'single' then
    perform gate.settle(t.path);
    perform gate.assert_unharmed(done.statement, done.direction, done.tier);
    perform gate.leave_schema(done.statement, done.direction, done.tier, done.n, t.programs);
  end if;
end $gate$;

-- Owned by the role that owns the application's objects, so that ratified SQL runs with its rights and no others. A separate function, so that
-- its settings apply after the reset that claims the step.
create function gate.execute_step(step text, path text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp %PINNED% as $gate$
begin
  perform pg_catalog.set_config('search_path', path, true);
  execute step;
end $gate$;

-- The application's owner may neither claim nor finish a step: SQL of the application, also what it deferred, runs where no step does.
create function gate.run_step(of_statement text, of_direction text, of_tier text, of_n integer, step text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  claimed record := gate.claim_step(of_statement, of_direction, of_tier, of_n, step);
begin
  perform gate.execute_step(step, claimed.path);
  perform gate.finish_step(claimed.secret);
end $gate$;

create function gate.leave_tier(of_statement text, of_direction text, of_tier text, of_epoch bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  of_definition jsonb := gate.tier_of(of_statement, of_tier); invariants jsonb := gate.release_of(of_statement) -> 'invariants';
  queries jsonb := (select r.queries from gate.releases r join gate.statements s on s.subject = r.seal where s.digest = of_statement);
  t gate.tiers; steps integer; each_check text; ends jsonb;
begin
  perform gate.require_executor();
  select e.* into t from gate.tiers e where (e.statement, e.direction, e.tier, e.epoch) = (of_statement, of_direction, of_tier, of_epoch)
    and e.xid = pg_current_xact_id() and e.began = transaction_timestamp();
  if not found then perform gate.refuse('order', 'the tier was not entered in this transaction'); end if;
  perform gate.require_still_open(t);
  select count(*) into steps from gate.steps s where (s.statement, s.direction, s.tier) = (of_statement, of_direction, of_tier) and s.token is null and s.done_at is not null;
  if steps is distinct from jsonb_array_length(of_definition -> of_direction) then perform gate.refuse('order', 'not all steps of this tier have run'); end if;
  perform gate.reset_session(t.names, t.settings, t.until);
  perform gate.settle(gate.path_of(of_statement));
  if of_direction is distinct from 'down' then
    for each_check in select jsonb_array_elements_text(of_definition -> 'check') loop
      if gate.violations(queries ->> each_check, gate.path_of(of_statement)) is distinct from 0 then perform gate.refuse('check', 'a check of this tier returned rows'); end if;
    end loop;
  end if;
  perform gate.assert_unharmed(of_statement, of_direction, of_tier);
  perform gate.require_metrics(of_statement, 'invariant', invariants -> 'always');
  insert into gate.markers (statement, direction, tier, epoch, steps, schema_after)
    values (of_statement, of_direction, of_tier, of_epoch, steps, case when gate.is_whole_compared(of_statement, of_direction) then gate.whole_digest() end);
  if gate.next_tier(of_statement, of_direction) is null then
    -- the metric of a data gate has opened its gate, and may have changed since
    select jsonb_object_agg(key, value) into ends from jsonb_each(invariants -> case of_direction when 'up' then 'finalized' else 'greenfield' end)
      where of_direction = 'up' or key not in (select g ->> 'metric' from jsonb_array_elements(gate.release_of(of_statement) -> 'gates') g);
    perform gate.require_metrics(of_statement, 'invariant', ends);
  end if;
  -- metrics may call functions that the steps created: COMMIT checks what those did, and nothing may run after that check
  perform gate.assert_settled();
  perform gate.leave_schema(of_statement, of_direction, of_tier, null, t.programs);
end $gate$;

-- At COMMIT: refuses half a tier, a tier whose invariants were not checked, and one that was closed since, and checks the gate
-- again. Refuses PREPARE TRANSACTION, which could be committed long after the window, and a check before COMMIT by SET CONSTRAINTS. A Sync
-- without COMMIT, and a function call by OID, have no query text at all.
create function gate.check_commit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  -- a session could skip the wait for its disk, and for standbys
  if current_setting('synchronous_commit') is distinct from 'remote_apply' then perform set_config('synchronous_commit', 'on', true); end if;
  if (current_query() ~* '^[[:space:]]*(commit|end)([[:space:]]+(work|transaction))?[[:space:]]*;?[[:space:]]*$') is not true then perform gate.refuse('commit', 'a tier ends with COMMIT, sent on its own'); end if;
  if exists (select from gate.steps where token is not null) then perform gate.refuse('order', 'a step is running'); end if;
  if (new.transaction in ('each', 'outside')) is not true and not exists (select from gate.markers m
    where (m.statement, m.direction, m.tier) = (new.statement, new.direction, new.tier)) then
    perform gate.refuse('order', 'the tier was not left before COMMIT');
  end if;
  perform gate.require_tier_open(new.statement, new.direction, new.tier);
  perform gate.assert_unharmed(new.statement, new.direction, new.tier);
  perform gate.commit_schema(new.statement, new.programs);
  return null;
end $gate$;

create constraint trigger whole_tiers after insert or update on gate.tiers deferrable initially deferred for each row execute function gate.check_commit();
`.replaceAll('%PINNED%', () => pinned);
