/**
 * Who signed what, and whether that is enough.
 * The installer replaces `%SCHEMA_DIGEST%` for the server's version, and `%SOFTWARE%` with the models of software authenticators.
 */
export const peopleFunctions = String.raw`
create function gate.refuse(code text, problem text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $gate$
begin
  raise exception 'gate: %: %', code, problem using errcode = 'OR001';
end $gate$;

-- The timeline is read from the name of a WAL file: right after a promotion the control file still shows the old one. A standby has none,
-- so that no ratification applies to it.
create function gate.facts() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select jsonb_build_object('incarnation', i.incarnation, 'uri', i.uri, 'database', current_database(),
    'databaseOid', (select oid::text from pg_database where datname = current_database()),
    'systemIdentifier', (select system_identifier::text from pg_control_system()),
    'timeline', case when not pg_is_in_recovery() then ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint end)
  from gate.identity i
$gate$;

-- Whether a descriptor is for this database, and the gate's rows were created here: a dump that was restored over it, or into a database with its name and
-- OID, does not contain later revocations and runs. The schema in the descriptor is not compared here: tiers change it, so it is checked when each is entered.
create function gate.is_here(descriptor jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(descriptor - 'schema' - 'format' = gate.facts() and (select i.home = 'gate.identity'::regclass::oid from gate.identity i), false)
$gate$;

-- JIT compilation would take longer than the query, and so would planning each call.
create function gate.schema_digest() returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' set "DateStyle" = 'ISO, YMD'
  set "IntervalStyle" = 'postgres' set extra_float_digits = 1 set bytea_output = 'hex' set quote_all_identifiers = off
  set standard_conforming_strings = on set xmlbinary = 'base64' set jit = off set plan_cache_mode = force_generic_plan as $gate$
%SCHEMA_DIGEST%
$gate$;

create function gate.active(of_kind text) returns gate.documents
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select d from gate.documents d where d.kind = of_kind order by number desc limit 1
$gate$;

-- The registry or policy that judges a statement: for a ratification the one that it names, if this database ever accepted it; for all
-- other statements the one in force. Null: none.
create function gate.named(of_statement text, of_kind text) returns gate.documents
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select d from gate.documents d cross join gate.statements s
  where s.digest = of_statement and d.kind = of_kind and (s.kind <> 'ratification'
    or d.digest = s.body::jsonb #>> case of_kind when 'registry' then '{predicate,registry,digest}' else '{predicate,policy}' end::text[])
  order by d.number desc limit 1
$gate$;

-- Whether the policy allows a key of this model to sign. In production neither software nor an unnamed model ever counts.
create function gate.is_allowed(policy jsonb, aaguid text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select coalesce((policy #> '{authenticators,aaguids}' = 'null' or policy #> '{authenticators,aaguids}' ? aaguid)
    and not (policy -> 'production' <> 'false' and aaguid in (%SOFTWARE%)), false)
$gate$;

-- Whether a list names a person, by id or by name.
create function gate.is_named(person jsonb, names jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select exists (select from jsonb_array_elements_text(gate.elements(names)) n where gate.folded(n) in (gate.folded(person ->> 'id'), gate.folded(person ->> 'name')))
$gate$;

-- A key or an id that is in the registry twice identifies no one, so it does not count.
create function gate.is_single(registry jsonb, person jsonb, key jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select (select count(*) from jsonb_array_elements(registry -> 'persons') q where q -> 'id' = person -> 'id') = 1
    and (select count(*) from jsonb_array_elements(registry -> 'persons') q cross join jsonb_array_elements(q -> 'keys') o
      where (o -> 'x' = key -> 'x' and o -> 'y' = key -> 'y') or o -> 'credential' = key -> 'credential') = 1
$gate$;

-- The persons who signed a statement and count, without authors. The origin is compared again, because another policy may have been in force.
create function gate.signers(of_statement text) returns table (person text, level integer, bound boolean, received_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  with rules as materialized (select (gate.named(of_statement, 'registry')).body::jsonb as registry, (gate.named(of_statement, 'policy')).body::jsonb as policy)
  select p ->> 'id', (p ->> 'level')::integer, bool_or(k ->> 'device' = 'bound'), min(s.received_at)
  from rules cross join jsonb_array_elements(registry -> 'persons') p
    cross join jsonb_array_elements(p -> 'keys') k
    join gate.signatures s on s.statement = of_statement and s.person = p ->> 'id' and s.x = k ->> 'x' and s.y = k ->> 'y' and s.credential = k ->> 'credential'
    join gate.statements t on t.digest = s.statement
  where gate.is_single(registry, p, k) and gate.is_allowed(policy, k ->> 'aaguid')
    -- a key that was enrolled as bound and says that it can be backed up is not the key that was enrolled
    and (k ->> 'device' = 'synced' or (k ->> 'device' = 'bound' and get_byte(s.authenticator_data, 32) & 8 = 0))
    and substr(s.authenticator_data, 1, 32) = sha256(convert_to(policy ->> 'rpId', 'UTF8'))
    and starts_with(encode(s.client_data, 'hex'), encode(convert_to('{"type":"webauthn.get","challenge":"' || gate.base64url(gate.statement_hash(t.body))
      || '","origin":"' || (policy ->> 'origin') || '","crossOrigin":false', 'UTF8'), 'hex'))
    and not gate.is_named(p, t.body::jsonb #> '{predicate,authors}')
    -- only its signer can withdraw a signature under a change: a person whom it removes has no veto
    and not (t.kind in ('registry', 'policy', 'abandonment', 'adoption') and exists (select from gate.statements r join gate.signatures w on w.statement = r.digest
      where r.kind = 'revocation' and r.subject = t.digest and w.person = p ->> 'id'))
    -- the statement's own list is not enough: the sealed release names its authors too. They may abandon what they wrote.
    and not exists (select from gate.releases r cross join jsonb_array_elements(r.body::jsonb -> 'authors') a
      where r.seal = t.subject and t.kind <> 'abandonment' and gate.is_named(p, jsonb_build_array(a -> 'name', a -> 'instructedBy')))
  group by p ->> 'id', p ->> 'level'
$gate$;

-- Hall's condition: for every pair of thresholds, there are at most as many seats at or above them as persons who can fill one of these.
create function gate.can_fill(seats jsonb, levels integer[], bounds boolean[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
begin
  if (jsonb_typeof(seats) = 'array' and jsonb_array_length(seats) > 0) is not true or num_nulls(levels, bounds) is distinct from 0 then return false; end if;
  -- a seat without a level would require no one
  if exists (select from jsonb_array_elements(seats) seat where gate.is_whole(seat -> 'level', 1, 9) is not true) then return false; end if;
  return not exists (
    select from generate_series(1, 10) any_from cross join generate_series(1, 10) bound_from
    where (select count(*) from jsonb_array_elements(seats) seat
        where (seat ->> 'level')::integer >= case seat ->> 'device' when 'any' then any_from when 'bound' then bound_from else 0 end)
      > (select count(*) from unnest(levels, bounds) p(level, bound) where p.level >= any_from or (p.bound and p.level >= bound_from)));
end $gate$;

create function gate.fills(seats jsonb, of_statement text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select gate.can_fill(seats, coalesce(array_agg(p.level), '{}'), coalesce(array_agg(p.bound), '{}')) from gate.signers(of_statement) p
$gate$;

create function gate.closed_seats(of_statement text, seats jsonb) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if gate.fills(seats, of_statement) is true then return null; end if;
  return format('seats: %s of %s seats are filled', (select count(*) from gate.signers(of_statement)), jsonb_array_length(seats));
end $gate$;
`;
