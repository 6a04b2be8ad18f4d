/**
 * Who signed what, and whether that is enough. Openness is recomputed from rows each time; nothing stores it.
 * `%SCHEMA_DIGEST%` is filled in for the server's version when the gate is installed.
 */
export const peopleFunctions = String.raw`
create function gate.refuse(code text, problem text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $gate$
begin
  raise exception 'gate: %: %', code, problem using errcode = 'OR001';
end $gate$;

-- The timeline is read from the name of a WAL file: the control file still shows the old one right after a promotion. A standby has none,
-- so that nothing that was ratified is for it.
create function gate.facts() returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select jsonb_build_object('incarnation', i.incarnation, 'uri', i.uri, 'database', current_database(),
    'databaseOid', (select oid::text from pg_database where datname = current_database()),
    'systemIdentifier', (select system_identifier::text from pg_control_system()),
    'timeline', case when not pg_is_in_recovery() then ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint end)
  from gate.identity i
$gate$;

create function gate.schema_digest() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' set "DateStyle" = 'ISO, YMD'
  set "IntervalStyle" = 'postgres' set extra_float_digits = 1 set bytea_output = 'hex' set quote_all_identifiers = off
  set standard_conforming_strings = on set xmlbinary = 'base64' as $gate$
  select %SCHEMA_DIGEST%
$gate$;

create function gate.active(of_kind text) returns gate.documents
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select d from gate.documents d where d.kind = of_kind order by number desc limit 1
$gate$;

-- The persons who signed a statement and count: by the keys of the active registry, without authors.
create function gate.signers(of_statement text) returns table (person text, level integer, bound boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select p ->> 'id', (p ->> 'level')::integer, bool_or(get_byte(s.authenticator_data, 32) & 8 = 0)
  from jsonb_array_elements((gate.active('registry')).body::jsonb -> 'persons') p
    cross join jsonb_array_elements(p -> 'keys') k
    join gate.signatures s on s.statement = of_statement and s.person = p ->> 'id' and s.x = k ->> 'x' and s.y = k ->> 'y'
    join gate.statements t on t.digest = s.statement
  where not coalesce(t.body::jsonb #> '{predicate,authors}', '[]') ?| array[p ->> 'id', p ->> 'name']
    -- the statement's own list is not trusted alone: the sealed release names its authors too
    and not exists (select from gate.releases r cross join jsonb_array_elements(r.body::jsonb -> 'authors') a
      where r.seal = t.subject and (lower(a ->> 'name') in (lower(p ->> 'id'), lower(p ->> 'name'))
        or lower(a ->> 'instructedBy') in (lower(p ->> 'id'), lower(p ->> 'name'))))
  group by p ->> 'id', p ->> 'level'
$gate$;

-- Hall's condition: for every pair of thresholds, the seats from them upwards are no more than the persons who can take one of them.
create function gate.fills(seats jsonb, of_statement text) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if seats is null or jsonb_typeof(seats) <> 'array' or jsonb_array_length(seats) = 0 then return false; end if;
  return not exists (
    select from generate_series(1, 10) any_from cross join generate_series(1, 10) bound_from
    where (select count(*) from jsonb_array_elements(seats) seat
        where (seat ->> 'level')::integer >= case seat ->> 'device' when 'any' then any_from when 'bound' then bound_from else 0 end)
      > (select count(*) from gate.signers(of_statement) p where p.level >= any_from or (p.bound and p.level >= bound_from)));
end $gate$;

create function gate.closed_seats(of_statement text, seats jsonb) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
begin
  if gate.fills(seats, of_statement) is true then return null; end if;
  return format('seats: %s of %s seats are filled', (select count(*) from gate.signers(of_statement)), jsonb_array_length(seats));
end $gate$;

-- Null: open. Otherwise the first reason why not, 'code: text'. Absent and unknown mean closed.
create function gate.why_closed(of_statement text, direction text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
declare
  s gate.statements; p jsonb; policy jsonb; seal_document jsonb; leaf jsonb; seats jsonb; moment timestamptz := clock_timestamp();
  longest interval; opens timestamptz; closes timestamptz;
begin
  select * into s from gate.statements where digest = of_statement and kind = 'ratification';
  if not found then return 'unknown: there is no such ratification'; end if;
  p := s.body::jsonb -> 'predicate';
  if direction not in ('up', 'down') then return 'direction: it is neither up nor down'; end if;
  if p #>> '{registry,digest}' is distinct from (gate.active('registry')).digest then return 'registry: another registry is active'; end if;
  if p ->> 'policy' is distinct from (gate.active('policy')).digest then return 'policy: another policy is active'; end if;
  policy := (gate.active('policy')).body::jsonb;
  select body::jsonb into seal_document from gate.releases where seal = s.subject;
  if not found then return 'release: the sealed release was not submitted'; end if;
  select descriptor::jsonb into leaf from gate.targets where statement = of_statement;
  if not found or leaf - 'schema' - 'format' is distinct from gate.facts() then return 'target: the ratification is for another database'; end if;
  if p ->> 'decision' is distinct from 'ratify' then return 'decision: it does not ratify'; end if;
  seats := case when exists (select from jsonb_array_elements(seal_document -> 'tiers') t where t ->> 'oneWay' is not null)
    then policy -> 'seats' || coalesce(policy -> 'oneWaySeats', '[]') else policy -> 'seats' end;
  if p ->> 'holdPoint' is not null then
    select h -> 'seats' into seats from jsonb_array_elements(policy -> 'holdPoints') h where h ->> 'before' = p ->> 'holdPoint';
    if not found then return 'hold-point: the policy has none before this tier'; end if;
  end if;
  if gate.closed_seats(of_statement, seats) is not null then return gate.closed_seats(of_statement, seats); end if;
  -- a revocation closes the way forward; the way back stays open, or production would be kept half way
  if direction = 'up' and exists (select from gate.statements r join gate.signatures g on g.statement = r.digest
    where r.kind = 'revocation' and r.subject = of_statement) then return 'revoked: a person has revoked it'; end if;
  opens := (p ->> 'notBefore')::timestamptz;
  closes := (p ->> 'expires')::timestamptz;
  longest := make_interval(secs => (policy #>> '{window,longest}')::numeric / 1000);
  if num_nulls(opens, closes, longest) > 0 or closes <= opens or closes - opens > longest then return 'window: it is longer than the policy allows'; end if;
  if moment < opens then return 'window: it is not valid yet'; end if;
  if direction = 'up' and moment > closes then return 'window: it has expired'; end if;
  if direction = 'down' and moment > closes + make_interval(secs => (policy #>> '{window,rollback}')::numeric / 1000) then
    return 'window: the time for the way back is over';
  end if;
  if (select min(received_at) from gate.signatures where statement = of_statement) - (p ->> 'sealedAt')::timestamptz
    >= make_interval(secs => (policy #>> '{window,review}')::numeric / 1000) is not true then
    return 'review: it was signed sooner after sealing than the policy allows';
  end if;
  if direction = 'up' and (moment - (p ->> 'rehearsedAt')::timestamptz
    <= make_interval(secs => (policy #>> '{rehearsal,maxAge}')::numeric / 1000)) is not true then return 'rehearsal: it is too old'; end if;
  if ((p ->> 'rehearsedAt')::timestamptz <= moment) is not true then return 'rehearsal: it would be in the future'; end if;
  if not exists (select from jsonb_array_elements(p -> 'evidence') e where e ->> 'kind' = 'rehearsal') then return 'evidence: no rehearsal is named'; end if;
  return null;
end $gate$;

create function gate.require_open(of_statement text, direction text) returns void
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $gate$
declare
  reason text := gate.why_closed(of_statement, direction);
begin
  if reason is not null then raise exception 'gate: %', reason using errcode = 'OR001'; end if;
end $gate$;
`;
