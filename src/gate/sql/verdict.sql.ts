/**
 * What a rollout or rollback would find now, for those who only read. It calls the same functions that refuse a tier, so that the verdict
 * and the tier cannot differ. It opens nothing and writes nothing.
 *
 * Source  docs/RULES.md "The verdict"; docs/decisions/0049-one-verdict.md
 */
export const verdictFunctions = String.raw`
-- Null: the check refuses nothing. Otherwise why, 'code: text'. The checks of entering a tier and of beginning an attempt, one by one.
create function gate.refusal(of_check text, of_statement text, of_direction text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  said text;
begin
  case of_check
    when 'cycle' then perform gate.require_cycle(of_statement);
    when 'open' then perform gate.require_open(of_statement, of_direction);
    when 'alone' then perform gate.require_alone(of_statement, of_direction);
    when 'not undone' then perform gate.require_not_undone(of_statement, of_direction);
    when 'drift' then return gate.drift(of_statement, of_direction);
    when 'intact' then perform gate.assert_intact();
  end case;
  return null;
exception when sqlstate 'OR001' then
  get stacked diagnostics said = message_text;
  return regexp_replace(said, '^gate: ', '');
end $gate$;

-- Null: the hold point before a tier is answered, or the policy has none there.
create function gate.unanswered(of_cycle text, of_tier text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  said text;
begin
  perform gate.require_answered(of_cycle, of_tier);
  return null;
exception when sqlstate 'OR001' then
  get stacked diagnostics said = message_text;
  return regexp_replace(said, '^gate: ', '');
end $gate$;

-- why null: met. A metric that cannot be measured is not met; the server's message is left out, because it may contain data of the table.
-- locked: others hold a lock on what it reads, so it may be measured later.
create function gate.unmet(of_statement text, code text, metric text, expectation jsonb, out why text, out locked boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  sealed jsonb := gate.release_of(of_statement) -> 'settings'; custom jsonb := coalesce(sealed -> 'custom', '{}'); before jsonb;
begin
  locked := false;
  -- under the settings of a tier, whatever the settings of this session; restored afterwards, because the session asks about other releases too
  select coalesce(jsonb_object_agg(key, coalesce(current_setting(key, true), '')), '{}') into before from jsonb_each_text(custom);
  perform set_config('TimeZone', coalesce(sealed ->> 'timezone', 'UTC'), true);
  perform set_config(key, value, true) from jsonb_each_text(custom);
  why := code || ': ' || gate.misses(of_statement, metric, expectation);
  perform set_config(key, value, true) from jsonb_each_text(before);
exception when others then
  locked := sqlstate = '55P03';
  why := format('%s: %s could not be measured (SQLSTATE %s)', code, metric, sqlstate);
end $gate$;

-- Whether its metrics may be measured for a reader: they are SQL of the application's owner, so people must have ratified them, and
-- the transaction must not be able to write, whatever they call. Stops: an observer who makes the gate run SQL that a relay handed in.
create function gate.may_measure(of_statement text, of_direction text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select current_setting('transaction_read_only') = 'on' and (gate.why_closed(of_statement, of_direction) is null
    or exists (select from gate.markers m where m.statement = of_statement))
$gate$;

-- All checks that a rollout or rollback of a cycle would meet, in its order, each 'code: text' with the tier from which on it closes; tier null:
-- nothing runs. next: the next tier; null: none remains. measured: whether the metrics were measured; locked: whether another session's lock
-- prevented a measurement. notAsked: checks that need the executor's session, or what exists only after the steps have run. waits: the
-- sessions that a tier would wait for.
create function gate.verdict(of_statement text, of_direction text) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  next_one text := gate.next_tier(of_statement, of_direction); release jsonb := gate.release_of(of_statement); invariants jsonb := release -> 'invariants';
  is_spent boolean := of_direction is not distinct from 'up' and exists (select from gate.steps s where s.statement = of_statement and s.direction = 'down');
  is_idle boolean := of_direction is not distinct from 'down' and next_one is null;
  measures boolean := not is_spent and of_direction is not distinct from 'up' and gate.may_measure(of_statement, of_direction);
  closed jsonb := '[]'; why text; each_check text; one record; is_ahead boolean := false; was_locked boolean := false; expected jsonb;
begin
  foreach each_check in array array['cycle', 'open', 'alone', 'not undone'] loop
    why := gate.refusal(each_check, of_statement, of_direction);
    if why is not null then closed := closed || jsonb_build_object('tier', null, 'why', why); end if;
  end loop;
  -- the tiers from the next one on, in the order in which they run; none if none remains
  for one in select t ->> 'id' as id, t ->> 'oneWay' as one_way from jsonb_array_elements(release -> 'tiers') with ordinality as e(t, n)
    where t ->> 'barred' is null order by case of_direction when 'up' then n else -n end
  loop
    is_ahead := is_ahead or one.id is not distinct from next_one;
    if is_ahead is not true or is_spent then continue; end if;
    if of_direction is not distinct from 'down' then
      if one.one_way is not null then closed := closed || jsonb_build_object('tier', one.id, 'why', 'one-way: this tier cannot be rolled back'); end if;
      continue;
    end if;
    if measures then
      for expected in select g from jsonb_array_elements(release -> 'gates') g where g ->> 'before' = one.id loop
        select u.why, was_locked or u.locked into why, was_locked from gate.unmet(of_statement, 'data-gate', expected ->> 'metric', expected -> 'expectation') u;
        if why is not null then closed := closed || jsonb_build_object('tier', one.id, 'why', why); end if;
      end loop;
    end if;
    why := gate.unanswered(of_statement, one.id);
    if why is not null then closed := closed || jsonb_build_object('tier', one.id, 'why', why); end if;
  end loop;
  if not is_spent and not is_idle then
    foreach each_check in array array['drift', 'intact'] loop
      why := gate.refusal(each_check, of_statement, of_direction);
      if why is not null then closed := closed || jsonb_build_object('tier', null, 'why', why); end if;
    end loop;
  end if;
  if measures then
    -- what must hold before the first tier, between two, or after the last one
    select coalesce(jsonb_object_agg(key, value), '{}') into expected
      from jsonb_each(coalesce(invariants -> case when next_one is null then 'finalized' when exists (select from gate.steps s where s.statement = of_statement) then '' else 'greenfield' end, '{}'))
      where next_one is null or key not in (select g ->> 'metric' from jsonb_array_elements(release -> 'gates') g);
    for one in select key, value from jsonb_each(coalesce(invariants -> 'always', '{}')) union all select key, value from jsonb_each(expected) loop
      select u.why, was_locked or u.locked into why, was_locked from gate.unmet(of_statement, 'invariant', one.key, one.value) u;
      if why is not null then closed := closed || jsonb_build_object('tier', null, 'why', why); end if;
    end loop;
  end if;
  return jsonb_build_object('next', next_one, 'closed', closed, 'measured', measures, 'locked', was_locked,
    'notAsked', to_jsonb(array['executor', 'session', 'setting', 'age', 'fence', 'step', 'check', 'invariant', 'deferred', 'definer', 'commit', 'loopback', 'outside']),
    'waits', (select coalesce(jsonb_agg(distinct l.pid), '[]') from pg_locks l where l.relation = 'gate.fence'::regclass and l.granted
      and l.pid is distinct from pg_backend_pid() and l.mode in ('RowShareLock', 'RowExclusiveLock', 'ExclusiveLock')
      and l.database = (select d.oid from pg_database d where d.datname = current_database())));
end $gate$;
`;
