/**
 * What people sign of the schema: the objects that a release depends on, or the differences that they accept. `%FOOTPRINT%` is filled in for
 * the server's version when the gate is installed.
 *
 * Source  docs/FORMAT.md "Footprint", docs/decisions/0047-drift-by-name.md
 */
export const footprintFunctions = String.raw`
-- The present state of a footprint. Volatile: it sees what others commit meanwhile. Rows are found by index: hashing a whole catalogue costs time for
-- the whole schema.
create function gate.look(anchors jsonb, known text default null, out objects jsonb, out programs text[], out inside oid[], out versions text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' set "DateStyle" = 'ISO, YMD'
  set "IntervalStyle" = 'postgres' set extra_float_digits = 1 set bytea_output = 'hex' set quote_all_identifiers = off
  set standard_conforming_strings = on set xmlbinary = 'base64' set jit = off set plan_cache_mode = force_generic_plan
  set enable_hashjoin = off set enable_mergejoin = off as $gate$
%FOOTPRINT%
$gate$;

-- Null: it is a footprint, or a list of accepted differences. Otherwise what is wrong with it.
create function gate.footprint_problem(f jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
begin
  if f -> 'format' is distinct from '1' then return 'its format'; end if;
  if gate.has_exactly(f, 'format', 'accepts') then
    if (gate.is_list(f -> 'accepts', 0, 10000) and not exists (select from jsonb_array_elements(gate.elements(f -> 'accepts')) a
      where gate.has_exactly(a, 'object', 'property', 'expected', 'found') is not true or gate.is_name(a -> 'object') is not true or (jsonb_typeof(a -> 'property') in ('string', 'null')) is not true)) is not true then return 'what it accepts'; end if;
    return null;
  end if;
  if gate.has_exactly(f, 'format', 'anchors', 'before', 'after', 'varies', 'whole') is not true then return 'members are missing or unknown'; end if;
  if (gate.has_exactly(f -> 'anchors', 'relations', 'relationNames', 'names', 'schemas', 'owner') and gate.is_text(f #> '{anchors,owner}', '.')
    and not exists (select from unnest(array['relationNames', 'names', 'schemas']) l where gate.is_texts(f -> 'anchors' -> l) is not true)
    and gate.is_list(f #> '{anchors,relations}', 0, 1000000) and not exists (select from jsonb_array_elements(gate.elements(f #> '{anchors,relations}')) r
      where (gate.is_texts(r) and gate.is_list(r, 2, 2)) is not true)) is not true then return 'what it names'; end if;
  if (gate.is_texts(f -> 'varies') and gate.is_text(f -> 'whole', '^sha256:[0-9a-f]{64}$')) is not true then return 'what varies, or its digest'; end if;
  if (gate.are_objects(f -> 'before') and not exists (select from jsonb_each(f -> 'before') o where o.value = 'null')) is not true then return 'what was there before'; end if;
  if (gate.is_list(f -> 'after', 0, 1000000) and not exists (select from jsonb_array_elements(gate.elements(f -> 'after')) a
    where (gate.has_exactly(a, 'direction', 'tier', 'step', 'changes') and gate.is_text(a -> 'direction', '^(up|down)$') and gate.is_tier(a -> 'tier')
      and (a -> 'step' = 'null' or gate.is_whole(a -> 'step', 1, 9007199254740991)) and gate.are_objects(a -> 'changes')) is not true)) is not true then return 'what is there after a tier'; end if;
  return null;
end $gate$;

-- Objects by name, each with the text of its properties; null: it does not exist.
create function gate.are_objects(value jsonb) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
begin
  if jsonb_typeof(value) is distinct from 'object' then return false; end if;
  return not exists (select from jsonb_each(value) o where (case jsonb_typeof(o.value) when 'null' then true
    when 'string' then jsonb_typeof((o.value #>> '{}')::jsonb) = 'object' end) is not true);
exception when data_exception then return false;
end $gate$;

create function gate.is_texts(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_list(value, 0, 1000000) and not exists (select from jsonb_array_elements(gate.elements(value)) e where jsonb_typeof(e) is distinct from 'string')
$gate$;

create function gate.submit_footprint(document text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  named text := gate.digest('footprint', array[convert_to(document, 'UTF8')]); wrong text;
begin
  if (octet_length(document) <= 33554432) is not true then perform gate.refuse('size', 'it is larger than 32 MiB'); end if;
  if current_setting('transaction_isolation') is distinct from 'read committed' then perform gate.refuse('isolation', 'it must be handed in in a READ COMMITTED transaction'); end if;
  if gate.canonical(document::jsonb) is distinct from document then perform gate.refuse('canonical', 'its bytes are not canonical'); end if;
  wrong := gate.footprint_problem(document::jsonb);
  if wrong is not null then perform gate.refuse('footprint', 'it does not have the form of a footprint: ' || wrong); end if;
  lock table gate.footprints in share row exclusive mode;
  perform pg_notify('oneroof', ''); -- then it cannot be prepared; a prepared transaction would hold the lock without a session
  insert into gate.footprints (digest, body, parts) values (named, document, document::jsonb - 'after') on conflict do nothing;
  if found then
    insert into gate.rehearsed_states (footprint, n, direction, tier, step, changes)
      select named, n, a ->> 'direction', a ->> 'tier', (a ->> 'step')::integer, a -> 'changes' from jsonb_array_elements(document::jsonb -> 'after') with ordinality e(a, n);
  end if;
  -- unsigned footprints are bounded, like releases
  delete from gate.footprints f using (
    select u.digest, row_number() over w as place, sum(octet_length(u.body)) over w as octets from gate.footprints u
    where not exists (select from gate.targets t where t.descriptor::jsonb ->> 'schema' = u.digest)
    window w as (order by u.digest = named desc, u.received_at desc, u.digest rows unbounded preceding)) o
  where f.digest = o.digest and f.digest <> named and (o.place > 32 or o.octets > 134217728);
  return named;
end $gate$;

-- What people signed about the schema, without the later states: the footprint of a rollout, or the differences that they accept for a rollback.
create function gate.footprint_of(of_statement text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select f.parts from gate.targets t join gate.footprints f on f.digest = t.descriptor::jsonb ->> 'schema' where t.statement = of_statement
$gate$;

-- The objects in rehearsal after a tier, or after a step of it; null: this state was not rehearsed.
create function gate.rehearsed(of_statement text, of_direction text, of_tier text, of_step integer) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  with signed as (select f.digest, f.parts from gate.targets t join gate.footprints f on f.digest = t.descriptor::jsonb ->> 'schema' where t.statement = of_statement),
  at as (select s.footprint, s.n from signed f join gate.rehearsed_states s on s.footprint = f.digest
    where s.direction = of_direction and s.tier = of_tier and s.step is not distinct from of_step),
  changed as (select distinct on (c.key) c.key, c.value from at join gate.rehearsed_states s on s.footprint = at.footprint and s.n <= at.n
    cross join jsonb_each(s.changes) c order by c.key, s.n desc)
  select jsonb_strip_nulls((f.parts -> 'before') || coalesce((select jsonb_object_agg(c.key, c.value) from changed c), '{}')) from signed f, at
$gate$;
`;
