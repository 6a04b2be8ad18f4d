/**
 * Compares what a release depends on, by name: the objects of its footprint with what people signed, or with what the previous transaction
 * left.
 *
 * Source  docs/FORMAT.md "Footprint", docs/decisions/0047-drift-by-name.md
 */
export const driftFunctions = String.raw`
-- Each property that differs from what is expected; property null: the object was created or dropped. A created or dropped table or column is
-- reported itself, so its column order is not reported too.
create function gate.differences(expected jsonb, found jsonb) returns table (object text, property text, was jsonb, is_now jsonb)
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  with other as (select coalesce(e.key, f.key) as key, e.value::jsonb as e, f.value::jsonb as f
    from jsonb_each_text(expected) e full join jsonb_each_text(found) f on f.key = e.key where e.value is distinct from f.value)
  select o.key, null, o.e, o.f from other o where (o.e is null or o.f is null) and o.key !~ '^column order: '
  union all select o.key, p.key, o.e -> p.key, o.f -> p.key from other o
    cross join lateral (select jsonb_object_keys(o.e) as key union select jsonb_object_keys(o.f)) p
    where o.e is not null and o.f is not null and o.e -> p.key is distinct from o.f -> p.key
      and not (o.key ~ '^column order: ' and (select array_agg(c order by c collate "C") from jsonb_array_elements_text(o.e -> 'columns') c)
        is distinct from (select array_agg(c order by c collate "C") from jsonb_array_elements_text(o.f -> 'columns') c))
$gate$;

-- The differences that people accepted for the rollback of a cycle, by statements that are open now.
create function gate.accepted(of_cycle text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(jsonb_agg(a), '[]') from gate.statements s join gate.statements h on h.subject = s.subject and h.kind = 'ratification'
    cross join lateral gate.opening_alone(h.digest, 'down') o cross join lateral jsonb_array_elements(gate.elements(gate.footprint_of(h.digest) -> 'accepts')) a
  where s.digest = of_cycle and gate.may(h.digest, 'down', 'carry-on') and h.body::jsonb #>> '{predicate,opens,cycle}' = s.digest and o.reason is null
    -- a revocation never closes a rollback, but it withdraws what was accepted for it
    and not exists (select from gate.statements r where r.kind = 'revocation' and r.subject = h.digest)
$gate$;

-- Whether the release declares that this may vary: the definition of a view or sequence, the default of a column.
create function gate.is_declared(footprint jsonb, object text, property text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select (footprint -> 'varies') ? object and property is not null and (property = 'default' or object !~ '^column: ')
$gate$;

-- The differences in the footprint that close a direction, as a list. An accepted object stays accepted if the rollback itself changes it.
create function gate.drift_between(of_statement text, of_direction text, expected jsonb, there jsonb, accepted jsonb, leaving boolean) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  footprint jsonb; news text[];
begin
  if num_nulls(expected, there) is distinct from 0 then return jsonb_build_array(jsonb_build_object('object', 'footprint', 'property', null, 'expected', null, 'found', null)); end if;
  if expected is not distinct from there then return '[]'; end if;
  footprint := gate.footprint_of(of_statement);
  news := gate.expected_news(of_statement, expected);
  return (select coalesce(jsonb_agg(jsonb_build_object('object', d.object, 'property', d.property, 'expected', d.was, 'found', d.is_now) order by d.object collate "C", d.property collate "C"), '[]')
    from gate.differences(expected, there) d
    where gate.is_declared(footprint, d.object, d.property) is not true and not (d.was is null and d.property is null and d.object = any(news))
      and not exists (select from jsonb_array_elements(accepted) a where a ->> 'object' = d.object
        and ((a ->> 'property' is not distinct from d.property and a -> 'found' is not distinct from coalesce(d.is_now, 'null'))
          or (leaving and a ->> 'property' is null and a -> 'found' <> 'null' and d.is_now is not null))));
end $gate$;

-- The first three differences as text.
create function gate.drift_text(differences jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select string_agg(case when d ->> 'object' = 'footprint' then 'this state was not rehearsed' when d ->> 'property' is not null then format('%s: %s is %s; in rehearsal it was %s', o.name, d ->> 'property', left(coalesce(d ->> 'found', 'nothing'), 200), left(coalesce(d ->> 'expected', 'nothing'), 200))
      when d -> 'found' = 'null' then o.name || ' is missing, but existed in rehearsal'
      else o.name || ' did not exist in rehearsal' end, '; ' order by n)
    || case when jsonb_array_length(differences) > 3 then format('; and %s more', jsonb_array_length(differences) - 3) else '' end
  from jsonb_array_elements(differences) with ordinality e(d, n) cross join lateral (select regexp_replace(regexp_replace(d ->> 'object', ': ', ' '), '[[:cntrl:]]', ' ', 'g') as name) o where n <= 3
$gate$;

create function gate.require_same(differences jsonb) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $gate$
begin
  if differences is distinct from '[]' then perform gate.refuse('schema', coalesce(gate.drift_text(differences), 'the schema is not the one that was rehearsed')); end if;
end $gate$;

-- The state from which a cycle begins or continues: what its last transaction left, otherwise what people signed.
create function gate.expected(of_statement text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce((select s.objects from gate.states s where s.statement = of_statement), gate.footprint_of(of_statement) -> 'before')
$gate$;

-- Whether the policy compares the whole schema: then changes that the release does not depend on close a rollout too.
create function gate.is_whole_compared(of_statement text, of_direction text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select of_direction = 'up' and coalesce((gate.named(of_statement, 'policy')).body::jsonb ->> 'drift', 'unrelated') <> 'unrelated'
$gate$;

-- Like gate.look, it releases the locks that it takes to show views.
create function gate.whole_digest() returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  said text;
begin
  begin
    said := gate.schema_digest();
    raise exception using errcode = 'OR000';
  exception when sqlstate 'OR000' then null;
  end;
  return said;
end $gate$;

create function gate.whole_drift(of_statement text, of_direction text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  expected text;
begin
  if gate.is_whole_compared(of_statement, of_direction) is false then return '[]'; end if;
  expected := coalesce((select m.schema_after from gate.markers m where m.statement = of_statement order by m.ordinal desc limit 1), gate.footprint_of(of_statement) ->> 'whole');
  -- in the middle of a tier that commits its steps one by one, no digest of the whole schema was kept
  if exists (select from gate.steps s where s.statement = of_statement and not exists (select from gate.markers m
      where (m.statement, m.tier) = (s.statement, s.tier) and m.direction in (s.direction, 'down'))) then return '[]'; end if;
  if expected is not distinct from gate.whole_digest() then return '[]'; end if;
  return jsonb_build_array(jsonb_build_object('object', 'schema: an object that the release does not depend on, which the policy does not allow (drift: none)', 'property', null, 'expected', null, 'found', ''));
end $gate$;

-- The differences that would close the next tier of a cycle; an empty list: none. It opens nothing.
create function gate.drift_of(of_statement text, of_direction text) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  found_objects jsonb := (gate.look(gate.footprint_of(of_statement) -> 'anchors')).objects;
begin
  return gate.drift_between(of_statement, of_direction, gate.expected(of_statement), found_objects, gate.accepted_until_now(of_statement, of_direction), false)
    || gate.whole_drift(of_statement, of_direction);
end $gate$;

-- Null: the present schema allows entering a tier of this cycle. Otherwise 'schema: text'.
create function gate.drift(of_statement text, of_direction text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  differences jsonb := gate.drift_of(of_statement, of_direction);
begin
  if differences is not distinct from '[]' then return null; end if;
  return 'schema: ' || coalesce(gate.drift_text(differences), 'the schema is not the one that was rehearsed');
end $gate$;

create function gate.accepted_until_now(of_statement text, of_direction text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select case when of_direction = 'down' then gate.accepted(of_statement) || coalesce((select s.accepted from gate.states s where s.statement = of_statement), '[]') else '[]' end
$gate$;

-- Before anyone has signed: how the database differs from the given footprint, with what its release expects. It opens nothing.
create function gate.compare_footprint(footprint jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(jsonb_agg(jsonb_build_object('object', d.object, 'property', d.property, 'expected', d.was, 'found', d.is_now) order by d.object collate "C", d.property collate "C"), '[]')
  from gate.differences(footprint -> 'before', (gate.look(footprint -> 'anchors')).objects) d where gate.is_declared(footprint, d.object, d.property) is not true
    and not (d.was is null and d.property is null and d.object = any(gate.new_partitions(footprint #> '{expects,partitionsOf}', footprint -> 'before')))
$gate$;

create function gate.keep_state(of_statement text, found jsonb, accepted jsonb, seen_versions text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  insert into gate.states (statement, objects, accepted, versions) values (of_statement, found, coalesce(accepted, '[]'), seen_versions)
    on conflict (statement) do update set objects = excluded.objects, accepted = excluded.accepted, versions = excluded.versions
$gate$;

-- Whether this transaction wrote a row: it is visible, and its transaction has not ended. If two transaction ids differ only in the
-- epoch, the one nearer to now is meant; ids below 3 are rows of initdb and frozen rows.
create function gate.is_own(xmin bigint) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp as $gate$
  select case when xmin < 3 then false else coalesce(pg_xact_status((n.now_at + d.ago - case when d.ago > 2147483647 then 4294967296 when d.ago < -2147483648 then -4294967296 else 0 end)::text::xid8) = 'in progress', false) end
  from (select pg_current_xact_id()::text::bigint as now_at) n cross join lateral (select xmin - (n.now_at & 4294967295::bigint) as ago) d
$gate$;

-- Whether this transaction created a relation: ALTER does not rewrite the rows of its system columns. A view has none.
create function gate.is_made_here(relation oid) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(gate.is_own((select a.xmin::text::bigint from pg_attribute a where a.attrelid = relation order by a.attnum limit 1)), false)
$gate$;

-- Others may replace a routine, trigger or rule and restore it before the next check: then its row has another version.
create function gate.require_programs(of_statement text, entered text[], now_there text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  others text[] := array(select p from unnest(now_there) p where not p = any(entered) and gate.is_own(split_part(p, ' ', 3)::bigint) is not true);
  arrived oid[]; other text;
begin
  if cardinality(others) = 0 then return; end if;
  arrived := gate.arrived(of_statement, entered);
  select p into other from unnest(others) p cross join lateral (select split_part(p, ' ', 2)::oid as row) o where (case split_part(p, ' ', 1)
    when 'pg_trigger' then (select array[x.tgrelid] from pg_trigger x where x.oid = o.row)
    when 'pg_attrdef' then (select array[x.adrelid] from pg_attrdef x where x.oid = o.row)
    when 'pg_constraint' then (select array[x.conrelid, x.confrelid] from pg_constraint x where x.oid = o.row)
    when 'pg_class' then array[o.row] || array(select x.indrelid from pg_index x where x.indexrelid = o.row) end && arrived) is not true limit 1;
  if other is not null then
    perform gate.refuse('schema', format('%s was changed by another transaction since the tier was entered', pg_describe_object(split_part(other, ' ', 1)::regclass, split_part(other, ' ', 2)::oid, 0)));
  end if;
end $gate$;

-- Production's data may lead to a branch that no rehearsal took: the locks show it. Locks that were rolled back within the transaction are gone.
-- A TOAST table is reached only through a row of its table, which is locked too.
create function gate.require_inside(inside oid[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  other text;
begin
  select format('%I.%I', n.nspname, o.relname) into other from pg_locks l join pg_class c on c.oid = l.relation
    left join pg_index i on i.indexrelid = c.oid
    join pg_class o on o.oid = coalesce(i.indrelid, c.oid) join pg_namespace n on n.oid = o.relnamespace
  where l.locktype = 'relation' and l.pid = pg_backend_pid() and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and n.nspname not in ('pg_catalog', 'information_schema', 'gate', 'pg_toast') and not (c.oid = any(inside) or o.oid = any(inside))
    and gate.is_made_here(o.oid) is not true
    -- where a session keeps its connection to the database
    and (n.oid = pg_my_temp_schema() and o.relname = 'oneroof_link' and o.relowner = 'gate_owner'::regrole) is not true
    -- a foreign key reads its other end for any rows: it locks rows there, and finds them by an index
    and not (l.mode = case when i.indexrelid is null then 'RowShareLock' else 'AccessShareLock' end and exists (select from pg_constraint f where f.contype = 'f'
      and ((f.conrelid = o.oid and f.confrelid = any(inside)) or (f.confrelid = o.oid and f.conrelid = any(inside)))))
  limit 1;
  if other is not null then perform gate.refuse('schema', format('this tier used %s, but not in rehearsal', other)); end if;
end $gate$;

-- On entering: the footprint is what people signed, or what the last transaction left.
create function gate.enter_schema(of_statement text, of_direction text) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  seen record; passed jsonb; accepted jsonb := gate.accepted_until_now(of_statement, of_direction);
begin
  select l.* into seen from gate.look(gate.footprint_of(of_statement) -> 'anchors') l;
  perform gate.require_same(gate.drift_between(of_statement, of_direction, gate.expected(of_statement), seen.objects, accepted, false));
  perform gate.require_same(gate.whole_drift(of_statement, of_direction));
  perform gate.keep_state(of_statement, seen.objects, accepted, seen.versions);
  return seen.programs;
end $gate$;

-- On leaving, and after each step that commits by itself: the footprint is as rehearsed. The rollback of a tier may end in the state before that tier in
-- the forward run, or in the state after its rollback in rehearsal. A step of a rollback may have been rehearsed after more tiers than this rollout has reached.
create function gate.leave_schema(of_statement text, of_direction text, of_tier text, of_step integer, entered text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  seen record; state gate.states; rehearsed jsonb; differences jsonb; others jsonb; accepted jsonb := gate.accepted_until_now(of_statement, of_direction);
begin
  -- After a batch, whose locks are held meanwhile, objects are not read again if this transaction has written to no catalogue and each row that they
  -- are made of has the version that it had when this transaction entered the tier. What no version shows (a comment by another session) is seen
  -- when the tier is entered again: the tier is not left in the transaction of a batch.
  select s.* into state from gate.states s where s.statement = of_statement;
  select l.* into seen from gate.look(gate.footprint_of(of_statement) -> 'anchors',
    case when gate.own_changes() = 0 and gate.batch_of(of_statement, of_direction, of_tier, of_step) is not null then state.versions end) l;
  if seen.versions = state.versions and seen.objects is null then seen.objects := state.objects; end if;
  rehearsed := gate.rehearsed(of_statement, of_direction, of_tier, of_step);
  if of_step is null or of_direction is distinct from 'down' or (rehearsed is not null and gate.is_way_back(of_statement, of_tier)) then
    differences := gate.drift_between(of_statement, of_direction, rehearsed, seen.objects, accepted, true);
    if differences is distinct from '[]' and of_direction is not distinct from 'down' then
      others := gate.drift_between(of_statement, of_direction, gate.before_tier(of_statement, of_tier), seen.objects, accepted, true);
      if others is not distinct from '[]' then differences := others; end if;
    end if;
    perform gate.require_same(differences);
  end if;
  perform gate.require_programs(of_statement, entered, seen.programs);
  perform gate.require_inside(seen.inside);
  perform gate.keep_state(of_statement, seen.objects, accepted, seen.versions);
end $gate$;

-- Whether a tier is rolled back from the same state as in rehearsal: the rollout was complete.
create function gate.is_way_back(of_statement text, of_tier text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  with tier as (select t ->> 'id' as id, n from jsonb_array_elements(gate.release_of(of_statement) -> 'tiers') with ordinality e(t, n) where t ->> 'barred' is null)
  select not exists (select from tier t join tier o on o.n >= t.n where t.id = of_tier and not exists (select from gate.markers m
    where (m.statement, m.tier, m.direction) = (of_statement, o.id, 'up')))
$gate$;

-- The state before a tier in the forward run: after the previous tier, or before the release.
create function gate.before_tier(of_statement text, of_tier text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  with tier as (select t ->> 'id' as id, n from jsonb_array_elements(gate.release_of(of_statement) -> 'tiers') with ordinality e(t, n) where t ->> 'barred' is null)
  select case when b.id is null then gate.footprint_of(of_statement) -> 'before' else gate.rehearsed(of_statement, 'up', b.id, null) end
  from tier t left join lateral (select o.id from tier o where o.n < t.n order by o.n desc limit 1) b on true where t.id = of_tier
$gate$;

-- At COMMIT: the footprint is as the last check of this transaction saw it. If this transaction has written to no catalogue since, only others
-- can have changed it, and then a row has another version.
create function gate.commit_schema(of_statement text, entered text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  seen record; state gate.states;
begin
  select s.* into state from gate.states s where s.statement = of_statement;
  select l.* into seen from gate.look(gate.footprint_of(of_statement) -> 'anchors', case when gate.is_unchanged(of_statement, gate.own_changes()) then state.versions end) l;
  if state.versions is distinct from seen.versions and state.objects is distinct from seen.objects then
    perform gate.require_same((select coalesce(jsonb_agg(jsonb_build_object('object', d.object, 'property', d.property, 'expected', d.was, 'found', d.is_now) order by d.object collate "C", d.property collate "C"), '[]')
      from gate.differences(state.objects, seen.objects) d where not (d.was is null and d.property is null and d.object = any(gate.expected_news(of_statement, state.objects)))));
  end if;
  perform gate.require_programs(of_statement, entered, seen.programs);
end $gate$;
`;
