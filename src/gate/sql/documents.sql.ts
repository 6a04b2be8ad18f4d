/**
 * What must hold for a registry and a policy before they come into force: no document locks everyone out, and no key fills two seats.
 * The same rules as in src/people/registry-form.ts, src/people/policy-form.ts and `checkAgainst` of src/people/registry.ts.
 *
 * Source  docs/FORMAT.md "Policy", "Registry".
 */
export const documentFunctions = String.raw`
-- The value without an optional member.
create function gate.without(value jsonb, member text) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select case when jsonb_typeof(value) = 'object' then value - member else value end
$gate$;

-- Base64url in its one spelling, as the page for enrolment writes it.
create function gate.is_bytes(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_text(value, '^[A-Za-z0-9_-]+$') and length(value #>> '{}') <= 65536 and gate.from_base64url(value #>> '{}') is not null
$gate$;

-- The attestation of a key is stored here. The program verifies it at enrolment, and so do readers of the evidence; here only its form is checked.
create function gate.key_problem(k jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
begin
  if gate.has_exactly(gate.without(k, 'attestation'), 'credential', 'x', 'y', 'aaguid', 'device', 'label') is not true then return 'a key has missing or unknown members'; end if;
  if (gate.is_text(k -> 'credential', '^[A-Za-z0-9_-]+$') and length(k ->> 'credential') <= 1364
    and gate.from_base64url(k ->> 'credential') is not null) is not true then return 'a credential is not base64url of 1 to 1023 bytes'; end if;
  if (gate.is_text(k -> 'x', '^[0-9a-f]{64}$') and gate.is_text(k -> 'y', '^[0-9a-f]{64}$')) is not true then return 'a public key is not 64 digits twice'; end if;
  if (gate.p256_on_curve(gate.integer_of(decode(k ->> 'x', 'hex')), gate.integer_of(decode(k ->> 'y', 'hex')))) is not true then return 'a public key is not a point of P-256'; end if;
  if gate.is_text(k -> 'aaguid', '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') is not true then return 'an AAGUID is not valid'; end if;
  if (k -> 'attestation') is not null and (gate.has_exactly(k -> 'attestation', 'at', 'object', 'clientData') and gate.is_instant(k #> '{attestation,at}')
    and gate.is_bytes(k #> '{attestation,object}') and gate.is_bytes(k #> '{attestation,clientData}')) is not true then return 'an attestation is not a time and two texts of base64url'; end if;
  if (gate.is_text(k -> 'device', '^(bound|synced)$') and gate.is_shown(k -> 'label')) is not true then return 'a key has no device class or label'; end if;
  return null;
end $gate$;

-- Null: a registry. Otherwise the first thing that is wrong with it.
create function gate.registry_problem(d jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
declare
  person jsonb; key jsonb; wrong text;
begin
  if gate.has_exactly(d, 'format', 'version', 'previous', 'persons', 'software') is not true then return 'members are missing or unknown'; end if;
  if (gate.is_whole(d -> 'format', 1, 1) and gate.is_whole(d -> 'version', 1, 1000000000)) is not true then return 'format or version'; end if;
  if (case when d -> 'version' = '1' then d -> 'previous' = 'null' else gate.is_digest(d -> 'previous') end) is not true then return 'it does not name the previous version'; end if;
  if (gate.is_list(d -> 'persons', 0, 1000000) and gate.is_list(d -> 'software', 0, 1000000)) is not true then return 'persons or software'; end if;
  for person in select jsonb_array_elements(d -> 'persons') loop
    if (gate.has_exactly(person, 'id', 'name', 'level', 'keys') and gate.is_text(person -> 'id', '^[a-z0-9][a-z0-9._-]{0,62}$')
      and gate.is_shown(person -> 'name')) is not true then return 'a person has no id or name'; end if;
    if gate.is_whole(person -> 'level', 1, 9) is not true then return 'a level is not from 1 to 9'; end if;
    if gate.is_list(person -> 'keys', 0, 32) is not true then return 'a person has more than 32 keys'; end if;
    for key in select jsonb_array_elements(person -> 'keys') loop
      wrong := gate.key_problem(key);
      if wrong is not null then return wrong; end if;
    end loop;
  end loop;
  if exists (select from jsonb_array_elements(d -> 'software') s where not (gate.has_exactly(s, 'id', 'key', 'may') and gate.is_text(s -> 'id', '^[a-z0-9][a-z0-9._-]{0,62}$')
    and gate.is_text(s -> 'key', '^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}$'))) then return 'the key of software'; end if;
  if exists (select from jsonb_array_elements(d -> 'software') s where not gate.is_list(s -> 'may', 1, 6)
    or exists (select from jsonb_array_elements(gate.elements(s -> 'may')) m where not gate.is_text(m, '^(look|propose|record|rehearse|review|seal)$'))
    or gate.elements(s -> 'may') is distinct from
      (select jsonb_agg(m order by m collate "C") from (select distinct m from jsonb_array_elements_text(gate.elements(s -> 'may')) m) o)) then
    return 'what software may say'; end if;
  if exists (select from (select p ->> 'id' as id, lag(p ->> 'id') over (order by n) as before from jsonb_array_elements(d -> 'persons') with ordinality as p(p, n)) o
    where id collate "C" < before) then return 'persons are not sorted by id'; end if;
  if exists (select from (select p ->> 'id' as id from jsonb_array_elements(d -> 'persons') p
    union all select s ->> 'id' from jsonb_array_elements(d -> 'software') s) i group by id having count(*) > 1) then return 'an id is duplicated'; end if;
  if exists (select from jsonb_array_elements(d -> 'persons') p cross join jsonb_array_elements(p -> 'keys') k group by k ->> 'x', k ->> 'y' having count(*) > 1) then
    return 'a public key is duplicated';
  end if;
  if exists (select from jsonb_array_elements(d -> 'persons') p cross join jsonb_array_elements(p -> 'keys') k group by k ->> 'credential' having count(*) > 1) then
    return 'a credential is duplicated';
  end if;
  if exists (select from jsonb_array_elements(d -> 'software') s group by s ->> 'key' having count(*) > 1) then return 'a key of software is duplicated'; end if;
  return null;
end $gate$;

create function gate.is_seats(value jsonb, low integer) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_list(value, low, 32) and not exists (select from jsonb_array_elements(gate.elements(value)) s
    where not (gate.has_exactly(s, 'level', 'device') and gate.is_whole(s -> 'level', 1, 9) and gate.is_text(s -> 'device', '^(any|bound)$')))
$gate$;

-- Milliseconds, at most 366 days.
create function gate.is_duration(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_whole(value, 1, 31622400000)
$gate$;

-- The page of the policy and the site that passkeys are for.
create function gate.origin_problem(d jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
declare
  parts text[] := regexp_match(d ->> 'origin', '^(https?)://([a-z0-9.-]+)(:([1-9][0-9]{0,4}))?$'); site text := d ->> 'rpId'; port integer;
begin
  if (gate.is_text(d -> 'rpId', '^(localhost|([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z]([a-z0-9-]*[a-z0-9])?)$')) is not true then return 'rpId is not a domain name'; end if;
  if (gate.is_text(d -> 'origin', '.') and parts is not null) is not true then return 'origin is not an origin'; end if;
  port := parts[4]::integer;
  if parts[4] is not null and (port > 65535 or port = (case parts[1] when 'https' then 443 else 80 end)) is not false then return 'origin is not as browsers write it'; end if;
  if (parts[2] = site or right(parts[2], length(site) + 1) = '.' || site) is not true then return 'rpId is not the host of the origin, or a domain above it'; end if;
  if (d -> 'production' = 'true' and (parts[1] = 'http' or 'localhost' in (site, parts[2]))) is not false then return 'localhost and http are not for production'; end if;
  if (parts[1] = 'https' or parts[2] = 'localhost') is not true then return 'http works only on localhost'; end if;
  return null;
end $gate$;

-- Null: a policy. Otherwise the first thing that is wrong with it.
create function gate.policy_problem(d jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
declare
  models jsonb := d #> '{authenticators,aaguids}'; roots jsonb := d #> '{authenticators,roots}';
begin
  if gate.has_exactly(gate.without(d, 'drift'), 'format', 'name', 'production', 'origin', 'rpId', 'seats', 'oneWaySeats', 'window', 'rehearsal', 'holdPoints', 'quorum', 'authenticators') is not true
    then return 'members are missing or unknown'; end if;
  if (d -> 'drift' is null or gate.is_text(d -> 'drift', '^(none|unrelated)$')) is not true then return 'drift is none or unrelated'; end if;
  if (gate.is_whole(d -> 'format', 1, 1) and gate.is_text(d -> 'name', '^[a-z][a-z0-9-]{0,62}$') and jsonb_typeof(d -> 'production') = 'boolean') is not true then
    return 'format, name or production'; end if;
  if gate.origin_problem(d) is not null then return gate.origin_problem(d); end if;
  if (gate.is_seats(d -> 'seats', 1) and gate.is_seats(d -> 'oneWaySeats', 0) and gate.is_seats(d -> 'quorum', 1)) is not true then
    return 'seats and quorum are lists of 1 to 32 seats of levels 1 to 9'; end if;
  if (gate.has_exactly(d -> 'window', 'longest', 'review', 'rollback') and gate.is_duration(d #> '{window,longest}') and gate.is_duration(d #> '{window,review}')
    and gate.is_duration(d #> '{window,rollback}') and gate.has_exactly(gate.without(gate.without(d -> 'rehearsal', 'by'), 'sampled'), 'maxAge') and gate.is_duration(d #> '{rehearsal,maxAge}')) is not true
    then return 'a duration is not above zero and at most 366 days'; end if;
  if d #> '{rehearsal,by}' is not null and (gate.is_list(d #> '{rehearsal,by}', 1, 64)
    and not exists (select from jsonb_array_elements(gate.elements(d #> '{rehearsal,by}')) b where not gate.is_text(b, '^[a-z0-9][a-z0-9._-]{0,62}$'))
    and gate.elements(d #> '{rehearsal,by}') = (select jsonb_agg(b order by b collate "C") from (select distinct b from jsonb_array_elements_text(gate.elements(d #> '{rehearsal,by}')) b) o)) is not true
    then return 'whose rehearsals count'; end if;
  if (d #> '{rehearsal,sampled}' is null or d #> '{rehearsal,sampled}' = '"allowed"') is not true then return 'sampled is allowed, or absent'; end if;
  if ((d #>> '{window,review}')::numeric <= (d #>> '{window,longest}')::numeric) is not true then return 'the review is longer than the longest validity'; end if;
  if (not gate.is_list(d -> 'holdPoints', 0, 1000000) or exists (select from jsonb_array_elements(gate.elements(d -> 'holdPoints')) h
    where not (gate.has_exactly(h, 'before', 'seats') and gate.is_tier(h -> 'before') and gate.is_seats(h -> 'seats', 1)))) is not false then return 'a hold point'; end if;
  if exists (select from jsonb_array_elements(d -> 'holdPoints') h group by h ->> 'before' having count(*) > 1) then return 'a hold point is duplicated'; end if;
  if (gate.has_exactly(gate.without(d -> 'authenticators', 'roots'), 'aaguids', 'attestation') and gate.is_text(d #> '{authenticators,attestation}', '^(required|none)$')) is not true then return 'authenticators'; end if;
  if roots is not null then
    if d #>> '{authenticators,attestation}' is distinct from 'required' then return 'there are roots, but attestation is none'; end if;
    if (gate.is_list(roots, 1, 64) and not exists (select from jsonb_array_elements(gate.elements(roots)) r
      where not gate.is_text(r, '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$'))) is not true then return 'a root is not base64'; end if;
    if exists (select from jsonb_array_elements_text(roots) r group by r having count(*) > 1) then return 'a root is duplicated'; end if;
  end if;
  if models = 'null' then return null; end if;
  if (not gate.is_list(models, 1, 1000000) or exists (select from jsonb_array_elements(gate.elements(models)) m
    where not gate.is_text(m, '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'))) is not false then return 'the list of AAGUIDs'; end if;
  if exists (select from jsonb_array_elements_text(models) m group by m having count(*) > 1) then return 'an AAGUID is duplicated'; end if;
  if (d -> 'production' = 'true' and exists (select from jsonb_array_elements_text(models) m where m in (%SOFTWARE%))) is not false then
    return 'it is for production, but allows software authenticators'; end if;
  return null;
end $gate$;

-- Null: they fit. Otherwise 'code: text': seats that the persons of the registry cannot fill, or a key that would not count.
create function gate.mismatch(policy jsonb, registry jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
declare
  levels integer[]; bounds boolean[]; wanted record; refused text;
begin
  select coalesce(array_agg(level), '{}'), coalesce(array_agg(bound), '{}') into levels, bounds from (
    select (p ->> 'level')::integer as level, bool_or(k ->> 'device' = 'bound') as bound
    from jsonb_array_elements(registry -> 'persons') p cross join jsonb_array_elements(p -> 'keys') k
    where gate.is_allowed(policy, k ->> 'aaguid') group by p ->> 'id', p ->> 'level') present;
  for wanted in select 'the seats' as what, policy -> 'seats' as seats
    union all select 'the seats and the further ones of a one-way tier', policy -> 'seats' || (policy -> 'oneWaySeats')
    union all select 'the seats of the hold point before ' || (h ->> 'before'), h -> 'seats' from jsonb_array_elements(policy -> 'holdPoints') h
    union all select 'the quorum for the next registry or policy', policy -> 'quorum' loop
    if gate.can_fill(wanted.seats, levels, bounds) is not true then return 'unfillable: the registry cannot fill ' || wanted.what; end if;
  end loop;
  select format('the key "%s" of %s is on an authenticator that the policy does not allow', k ->> 'label', p ->> 'id') into refused
    from jsonb_array_elements(registry -> 'persons') p cross join jsonb_array_elements(p -> 'keys') k
    where not gate.is_allowed(policy, k ->> 'aaguid') limit 1;
  return 'authenticator: ' || refused;
end $gate$;
`;
