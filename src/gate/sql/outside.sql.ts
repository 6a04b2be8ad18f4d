import { literal } from '../../database/index.ts';
import { outsideShapes } from '../../release/index.ts';

const shapes = Object.entries(outsideShapes)
  .map(([act, shape]) => `when ${literal(act).text} then ${literal(shape).text}`)
  .join(' ');

/**
 * Runs ratified statements that cannot run in a transaction. The intention is committed first; then the gate sends the ratified text over the
 * loopback, and what became of it is decided by the catalogue alone.
 *
 * Source  docs/FORMAT.md "Tiers outside of a transaction", docs/decisions/0072-loopback.md
 */
export const outsideFunctions = String.raw`
-- The relation that a name means in SQL of the release.
create function gate.relation_named(of_statement text, of_schema text, of_name text) returns oid
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join jsonb_array_elements_text(gate.release_of(of_statement) #> '{settings,searchPath}') with ordinality p(name, place) on p.name = n.nspname
  where c.relname = of_name and case when of_schema is null then p.place is not null else n.nspname = of_schema end order by p.place limit 1
$gate$;

-- What the catalogue says now of the objects that a probe names. OIDs as text.
create function gate.outside_look(of_statement text, probe jsonb) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  act text := probe ->> 'act'; object oid := gate.relation_named(of_statement, probe ->> 'schema', probe ->> case when probe ? 'table' then 'table' else 'name' end); part oid;
begin
  if act in ('create-index', 'drop-index') then
    return jsonb_build_object('table', object::text, 'found', (select jsonb_build_object('oid', c.oid::text, 'kind', c.relkind, 'table', i.indrelid::text,
        'valid', coalesce(i.indisvalid and i.indisready and i.indislive, false))
      from pg_class c left join pg_index i on i.indexrelid = c.oid where case act when 'drop-index' then c.oid = object
        else c.relname = probe ->> 'name' and c.relnamespace = (select t.relnamespace from pg_class t where t.oid = object) end));
  elsif act = 'reindex' then
    return jsonb_build_object('object', object::text, 'indexes', (select coalesce(jsonb_object_agg(i.indexrelid::regclass::text, jsonb_build_object('oid', i.indexrelid::text, 'relation', c.relname,
        'schema', c.relnamespace::regnamespace::text, 'valid', i.indisvalid and i.indisready and i.indislive,
        -- exclusion constraints are passed over by the server, and indexes of partitioned tables have no storage
        'meant', not i.indisexclusion and c.relkind = 'i' and (probe ->> 'object' = 'table' or i.indexrelid in (select t.relid from pg_partition_tree(object) t union select object)))), '{}')
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid in (select t.relid from pg_partition_tree(object) t union select object) or i.indrelid in (select o.indrelid from pg_index o where o.indexrelid in (select t.relid from pg_partition_tree(object) t union select object))));
  elsif act in ('detach', 'finalize') then
    part := gate.relation_named(of_statement, probe ->> 'partitionSchema', probe ->> 'partition');
    return jsonb_build_object('table', object::text, 'partition', part::text, 'attached', exists (select from pg_inherits h where h.inhrelid = part and h.inhparent = object),
      'pending', exists (select from pg_inherits h where h.inhrelid = part and h.inhparent = object and h.inhdetachpending),
      -- CONCURRENTLY calls them as the session's role, which they could leave; all else runs the application's functions as restricted operations of the server
      'calls', exists (select from pg_constraint k join pg_depend d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid
        where k.conrelid = part and k.contype = 'c' and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)));
  elsif act = 'vacuum' then
    return jsonb_build_object('table', object::text);
  end if;
  perform gate.refuse('outside', 'this gate does not know how to look at ' || coalesce(act, 'nothing'));
end $gate$;

-- What the text of a step must match: people sign probe and text, and nothing else compares them here.
create function gate.outside_shape(act text) returns text
language sql immutable set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
  select case act %SHAPES% end
$gate$;

-- Null: the statement may be sent in this state. Otherwise why not.
create function gate.outside_hindrance(probe jsonb, seen jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select case probe ->> 'act'
    when 'create-index' then case when seen ->> 'table' is null then 'its table does not exist' when seen -> 'found' <> 'null' then format('%s exists already, and is not of this release', probe ->> 'name') end
    when 'drop-index' then case when seen -> 'found' = 'null' and probe -> 'missingOk' is distinct from 'true' then format('%s does not exist', probe ->> 'name') end
    when 'reindex' then case when seen ->> 'object' is null then format('%s does not exist', probe ->> 'name') end
    when 'detach' then case when seen -> 'attached' is distinct from 'true' then format('%s is no partition of %s', probe ->> 'partition', probe ->> 'table')
      when seen -> 'calls' is distinct from 'false' then format('a check constraint of %s calls functions that are not of the server', probe ->> 'partition') end
    when 'finalize' then case when seen -> 'pending' is distinct from 'true' then format('the detach of %s is not pending', probe ->> 'partition') end
    when 'vacuum' then case when seen ->> 'table' is null then format('%s does not exist', probe ->> 'name') end
    else 'its probe is unknown' end
$gate$;

-- The invalid copies that REINDEX CONCURRENTLY leaves behind, and that were not there before.
create function gate.reindex_debris(before jsonb, seen jsonb) returns table (schema text, name text, oid text)
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select i.value ->> 'schema', i.value ->> 'relation', i.value ->> 'oid' from jsonb_each(seen -> 'indexes') i
  where i.value -> 'valid' = 'false' and i.value ->> 'relation' ~ '_cc(new|old)[0-9]*$'
    and not exists (select from jsonb_each(before -> 'indexes') b where b.value ->> 'oid' = i.value ->> 'oid') order by i.key
$gate$;

-- done; absent: nothing of it is there, it may be sent again; debris: it was cut off half way; other: an object that is not of this step. An answer
-- counts only for VACUUM, which leaves nothing to look at.
create function gate.outside_verdict(probe jsonb, before jsonb, seen jsonb, answer text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $gate$
  select case probe ->> 'act'
    when 'create-index' then case when seen -> 'found' = 'null' then 'absent'
      when seen #>> '{found,table}' is distinct from before ->> 'table' or seen #>> '{found,kind}' is distinct from 'i' then 'other'
      when seen #> '{found,valid}' = 'true' then 'done' else 'debris' end
    when 'drop-index' then case when seen -> 'found' = 'null' then 'done' when seen #>> '{found,oid}' is distinct from before #>> '{found,oid}' then 'other'
      -- a valid index that is not valid any more: no query uses it, and only the end of the drop makes the schema as in rehearsal
      when before #> '{found,valid}' = 'true' and seen #> '{found,valid}' is distinct from 'true' then 'debris' else 'absent' end
    when 'reindex' then case when exists (select from gate.reindex_debris(before, seen)) then 'debris'
      when not exists (select from jsonb_each(before -> 'indexes') b where b.value -> 'meant' = 'true'
        -- of a table, the server passes over the invalid ones
        and (b.value -> 'valid' = 'true' or probe ->> 'object' = 'index')
        and (seen #>> array['indexes', b.key, 'oid'] is not distinct from b.value ->> 'oid' or seen #> array['indexes', b.key, 'valid'] is distinct from 'true')) then 'done' else 'absent' end
    when 'detach' then case when seen -> 'attached' = 'false' then 'done' when seen -> 'pending' = 'true' then 'debris' else 'absent' end
    when 'finalize' then case when seen -> 'attached' = 'false' then 'done' else 'absent' end
    when 'vacuum' then case when answer = 'done' then 'done' else 'absent' end
    else 'other' end
$gate$;

-- What takes away, or ends, what a statement of the gate left half done.
create function gate.outside_remedy(of_statement text, o gate.outside) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select case
    when o.probe ->> 'act' in ('create-index', 'drop-index') then (select format('drop index concurrently %I.%I', c.relnamespace::regnamespace, c.relname) from pg_class c where c.oid = (gate.outside_look(of_statement, o.probe) #>> '{found,oid}')::oid)
    when o.probe ->> 'act' = 'reindex' then (select format('drop index concurrently %s.%I', d.schema, d.name) from gate.reindex_debris(o.before, gate.outside_look(of_statement, o.probe)) d limit 1)
    when o.probe ->> 'act' = 'detach' then (select format('alter table %s detach partition %s finalize', (s ->> 'table')::oid::regclass, (s ->> 'partition')::oid::regclass) from gate.outside_look(of_statement, o.probe) s) end
$gate$;

create function gate.hold_fence(of_epoch bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  perform gate.require_executor();
  perform set_config('idle_in_transaction_session_timeout', gate.idle_bound(), true);
  perform from gate.fence where epoch = of_epoch for update;
  if not found then perform gate.refuse('fence', 'a newer attempt has begun'); end if;
  perform pg_notify('oneroof', ''); -- it cannot be prepared
end $gate$;

-- Of a ratification. What people abandoned stays as it is: no one decides it any more.
create function gate.undecided(of_statement text) returns setof gate.outside
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select o.* from gate.outside o where o.statement = of_statement and o.undecided
    and not exists (select from gate.statements s join gate.abandoned a on a.seal = s.subject where s.digest = o.statement)
$gate$;

create function gate.require_decided(of_statement text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if exists (select from gate.undecided(of_statement)) then perform gate.refuse('outside', 'a statement of it was sent, and is not decided'); end if;
end $gate$;

-- The intention, in a transaction that has entered the tier: from its commit on, the text may have been sent.
create function gate.outside_begin(of_statement text, of_direction text, of_tier text, of_n integer, step text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  t gate.tiers; the_probe jsonb := gate.tier_of(of_statement, of_tier) #> array['probes', of_direction, (of_n - 1)::text]; seen jsonb; why text; old gate.outside;
begin
  perform gate.require_executor();
  select e.* into t from gate.tiers e
    where (e.statement, e.direction, e.tier) = (of_statement, of_direction, of_tier) and e.xid = pg_current_xact_id() and e.began = transaction_timestamp();
  if not found then perform gate.refuse('order', 'the tier was not entered in this transaction'); end if;
  if t.transaction is distinct from 'outside' then perform gate.refuse('order', 'this tier runs in transactions'); end if;
  perform gate.require_still_open(t);
  if of_n is distinct from 1 + (select coalesce(max(s.n), 0) from gate.steps s where (s.statement, s.direction, s.tier) = (of_statement, of_direction, of_tier)) then
    perform gate.refuse('order', 'this is not the next step');
  end if;
  if t.steps[of_n] is null or gate.step_digest(step) is distinct from t.steps[of_n] then perform gate.refuse('step', 'these are not the bytes that were ratified'); end if;
  if (step ~* gate.outside_shape(the_probe ->> 'act')) is not true then perform gate.refuse('outside', 'its text is not what its probe says'); end if;
  select o.* into old from gate.outside o where (o.statement, o.direction, o.tier, o.n) = (of_statement, of_direction, of_tier, of_n);
  if (coalesce(old.tries, 0) < 10) is not true then perform gate.refuse('outside', format('it was sent %s times, and is not done: %s', old.tries, coalesce(old.answer, 'no answer'))); end if;
  seen := gate.outside_look(of_statement, the_probe);
  why := gate.outside_hindrance(the_probe, seen);
  if why is not null then perform gate.refuse('outside', why); end if;
  perform gate.outside_prepare();
  insert into gate.outside (statement, direction, tier, n, probe, before, session) values (of_statement, of_direction, of_tier, of_n, the_probe, seen, (gate.own_link()).session)
    on conflict (statement, direction, tier, n) do update set before = excluded.before, session = excluded.session, tries = outside.tries + 1, phase = 'sent', pid = null, answer = null, sent_at = null, began_at = clock_timestamp();
end $gate$;

-- The same for what a cut-off statement left: it needs no open gate, because what was ratified is only taken away or ended.
create function gate.outside_clear(of_statement text, of_epoch bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  o gate.outside; busy integer; seen jsonb;
begin
  perform gate.hold_fence(of_epoch);
  perform gate.assert_intact();
  select u.* into o from gate.undecided(of_statement) u where u.phase = 'debris';
  if not found then perform gate.refuse('order', 'there is nothing to clear'); end if;
  -- someone who builds an index of that name at this moment, or repairs it: while they wait they have a lock on the table alone. Autovacuum, which has no user, gives way
  perform pg_stat_clear_snapshot(); -- a transaction keeps what it saw of pg_stat_activity first
  seen := gate.outside_look(of_statement, o.probe);
  select l.pid into busy from pg_locks l where l.database = (select d.oid from pg_database d where d.datname = current_database()) and l.pid <> pg_backend_pid()
    and ((l.relation = (seen #>> '{found,oid}')::oid and l.mode <> 'AccessShareLock')
      or (l.mode = 'ShareUpdateExclusiveLock' and l.relation = coalesce(seen ->> 'table', seen ->> 'object')::oid and exists (select from pg_stat_activity a where a.pid = l.pid and a.usesysid is not null))) limit 1;
  if busy is not null then perform gate.refuse('outside', format('process %s is at work on %s', busy, o.probe ->> 'name')); end if;
  perform gate.outside_prepare();
  update gate.outside u set phase = 'clearing', session = (gate.own_link()).session, pid = null, sent_at = null
    where (u.statement, u.direction, u.tier, u.n) = (o.statement, o.direction, o.tier, o.n);
end $gate$;

-- Sends it, in a transaction of its own, which must end before the server can go on with it. Null: it was sent. Otherwise why there is no connection.
create function gate.outside_send(of_statement text, of_epoch bigint, step text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  o gate.outside; t gate.tiers; c record; remedy text; wait text;
begin
  perform gate.hold_fence(of_epoch);
  perform gate.assert_intact();
  perform gate.require_loopback();
  select u.* into o from gate.undecided(of_statement) u where u.phase in ('sent', 'clearing') and u.sent_at is null;
  if not found then perform gate.refuse('order', 'nothing is to be sent'); end if;
  select e.* into t from gate.tiers e where (e.statement, e.direction, e.tier) = (o.statement, o.direction, o.tier);
  if o.phase = 'sent' then
    perform gate.require_tier_open(o.statement, o.direction, o.tier);
    -- data gates, drift and invariants were checked with the intention
    if (clock_timestamp() - o.began_at <= interval '60 seconds') is not true then perform gate.refuse('age', 'the intention was written more than 60 seconds ago'); end if;
    if gate.step_digest(step) is distinct from t.steps[o.n] then perform gate.refuse('step', 'these are not the bytes that were ratified'); end if;
  else
    remedy := gate.outside_remedy(of_statement, o);
    if remedy is null then perform gate.refuse('outside', 'there is nothing to clear any more'); end if;
  end if;
  wait := case when o.probe ->> 'act' in ('detach', 'finalize') then t.settings[array_position(t.names, 'lock_timeout')] else gate.tier_of(o.statement, o.tier) ->> 'wait' end;
  if (gate.own_link()).session is distinct from o.session then return 'this session has prepared no connection for it'; end if;
  select * into c from gate.outside_connect();
  if c.problem is not null then return c.problem; end if;
  perform gate.outside_settle(c.link, o.statement, t.names, t.settings, coalesce(wait, '2000'));
  execute format('select %I.dblink_send_query($1, $2)', gate.dblink_schema()) using c.link, coalesce(remedy, step);
  update gate.outside u set pid = c.pid, sent_at = clock_timestamp() where (u.statement, u.direction, u.tier, u.n) = (o.statement, o.direction, o.tier, o.n);
  return null;
end $gate$;

-- Whether it still runs; once it has ended, keeps its answer and hangs up. Short, and without a lock: what is sent waits for every older snapshot.
create function gate.outside_poll(of_statement text, of_epoch bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  o gate.outside; own record; busy integer; said text;
begin
  perform gate.require_executor();
  if not exists (select from gate.fence f where f.epoch = of_epoch) then perform gate.refuse('fence', 'a newer attempt has begun'); end if;
  select u.* into o from gate.undecided(of_statement) u where u.phase in ('sent', 'clearing');
  if not found then return false; end if;
  own := gate.own_link();
  -- a connection of this session may be that of another release
  if own.session = o.session then
    begin
      execute format('select %I.dblink_is_busy($1)', gate.dblink_schema()) into busy using own.link;
      if busy = 1 then return true; end if;
      begin
        for i in 1..2 loop execute format('select t.v from %I.dblink_get_result($1) t(v text)', gate.dblink_schema()) using own.link; end loop;
        said := 'done';
      exception when query_canceled or others then
        said := format('%s: %s', sqlstate, sqlerrm);
      end;
      perform gate.outside_hang_up(own.link);
      -- that the debris is gone says nothing of why there was some; and where nothing was noted as sent, an idle connection would say that it is done
      update gate.outside u set answer = said where (u.statement, u.direction, u.tier, u.n) = (o.statement, o.direction, o.tier, o.n) and (o.phase = 'sent' or said <> 'done')
        and o.sent_at is not null;
    exception when sqlstate '08003' then null; -- another session sent it
    end;
  end if;
  return exists (select from gate.runner_sessions() s where s.session = o.session);
end $gate$;

-- Asks the server to end it; what is then there is decided as always.
create function gate.outside_cancel(of_statement text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  own record;
begin
  perform gate.require_executor();
  own := gate.own_link();
  if own.link is not null and exists (select from gate.undecided(of_statement)) then
    execute format('select %I.dblink_cancel_query($1)', gate.dblink_schema()) using own.link;
  end if;
exception when sqlstate '08003' then null;
end $gate$;

-- What became of it: done, absent, or debris. What was sent while the gate was open is recorded when it is done, whatever has closed the gate since:
-- it is there. The schema must be as in rehearsal after this step.
create function gate.outside_decide(of_statement text, of_epoch bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  o gate.outside; seen jsonb; outcome text;
begin
  perform gate.hold_fence(of_epoch);
  select u.* into o from gate.undecided(of_statement) u where u.phase in ('sent', 'clearing');
  if not found then perform gate.refuse('order', 'nothing is to be decided'); end if;
  if exists (select from gate.runner_sessions() s where s.session = o.session) then perform gate.refuse('outside', 'it is still running'); end if;
  perform gate.assert_intact();
  -- the transaction that connects takes the password away; this one was prepared, and did not end
  if o.sent_at is null then perform gate.renew_runner(null); end if;
  seen := gate.outside_look(of_statement, o.probe);
  outcome := gate.outside_verdict(o.probe, o.before, seen, o.answer);
  if (outcome in ('done', 'absent', 'debris')) is not true then perform gate.refuse('outside', format('there is an object named %s that is not of this step', o.probe ->> 'name')); end if;
  if outcome = 'done' then
    insert into gate.steps (statement, direction, tier, n, digest, token, epoch)
      select o.statement, o.direction, o.tier, o.n, t.steps[o.n], null, of_epoch from gate.tiers t where (t.statement, t.direction, t.tier) = (o.statement, o.direction, o.tier);
    perform gate.leave_schema(o.statement, o.direction, o.tier, o.n, (select l.programs from gate.look(gate.footprint_of(of_statement) -> 'anchors') l));
  end if;
  update gate.outside u set phase = outcome where (u.statement, u.direction, u.tier, u.n) = (o.statement, o.direction, o.tier, o.n);
  return outcome;
end $gate$;

-- What was sent and is not decided, and whether it runs now.
create function gate.outside_of(of_statement text) returns table (direction text, tier text, n integer, phase text, tries integer, pid integer, sent boolean, answer text, running boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  select o.direction, o.tier, o.n, o.phase, o.tries, o.pid, o.sent_at is not null, o.answer, exists (select from gate.runner_sessions() s where s.session = o.session)
  from gate.outside o where o.statement = of_statement and o.phase <> 'done'
    and not exists (select from gate.statements s join gate.abandoned a on a.seal = s.subject where s.digest = o.statement) order by o.began_at
$gate$;
`.replaceAll('%SHAPES%', () => shapes);
