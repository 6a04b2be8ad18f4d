/**
 * The forms of what people sign and of the documents that it puts in force, for the database: the same as in
 * src/people/statement-form.ts, src/people/registry-form.ts and src/people/policy-form.ts. The bytes are known to be canonical.
 *
 * Source  docs/FORMAT.md "Policy", "Registry", "Ratification".
 */
export const formFunctions = String.raw`
create function gate.has_exactly(value jsonb, variadic members text[]) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
begin
  if jsonb_typeof(value) is distinct from 'object' then return false; end if;
  return value ?& members and (select count(*) from jsonb_object_keys(value)) = cardinality(members);
end $gate$;

create function gate.is_text(value jsonb, pattern text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(jsonb_typeof(value) = 'string' and value #>> '{}' ~ pattern, false)
$gate$;

create function gate.is_whole(value jsonb, low numeric, high numeric) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
begin
  if jsonb_typeof(value) is distinct from 'number' then return false; end if;
  return value::numeric between low and high;
end $gate$;

create function gate.elements(value jsonb) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select case when jsonb_typeof(value) = 'array' then value else '[]' end
$gate$;

create function gate.is_list(value jsonb, low integer, high integer) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp as $gate$
begin
  if jsonb_typeof(value) is distinct from 'array' then return false; end if;
  return jsonb_array_length(value) between low and high;
end $gate$;

-- Trims like JavaScript.
create function gate.trimmed(value text) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
  select regexp_replace(value, '^[\u0009-\u000d\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+|[\u0009-\u000d\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]+$', '', 'g')
$gate$;

-- For comparing names: ASCII letters in either case are equal.
create function gate.folded(value text) returns text
language sql immutable strict set search_path = pg_catalog, pg_temp as $gate$
  select lower(gate.trimmed(value) collate "C")
$gate$;

-- A text that people read before they decide: one line, no control, format, private or separator character (Unicode Cc, Cf, Co, Zl, Zp).
create function gate.is_shown(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
  select gate.is_text(value, '^[^\u0001-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ue000-\uf8ff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f\U000f0000-\U000ffffd\U00100000-\U0010fffd]+$')
    and gate.trimmed(value #>> '{}') = value #>> '{}' and length(value #>> '{}') <= 100
$gate$;

-- One spelling, YYYY-MM-DDTHH:MM:SS.sssZ, and a time that exists.
create function gate.is_instant(value jsonb) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp set "TimeZone" = 'UTC' as $gate$
begin
  if gate.is_text(value, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$') is not true then return false; end if;
  return to_char((value #>> '{}')::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') = value #>> '{}';
exception when data_exception then
  return false;
end $gate$;

create function gate.is_digest(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_text(value, '^sha256:[0-9a-f]{64}$')
$gate$;

create function gate.is_name(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_text(value, '.') and length(value #>> '{}') <= 200
$gate$;

-- A tier, such as 3-ownership.
create function gate.is_tier(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.is_text(value, '^[1-9][0-9]*-[a-z0-9][a-z0-9-]*$')
$gate$;

create function gate.ratification_problem(p jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
begin
  if gate.has_exactly(p, 'decision', 'targets', 'evidence', 'rehearsedAt', 'policy', 'registry', 'authors', 'opens', 'notBefore',
    'expires', 'log', 'dossier', 'sealedAt', 'nonce') is not true then return 'members are missing or unknown'; end if;
  if p ->> 'decision' is distinct from 'ratify' then return 'it does not ratify'; end if;
  if (gate.has_exactly(p -> 'targets', 'root', 'size') and gate.is_text(p #> '{targets,root}', '^[0-9a-f]{64}$')
    and gate.is_whole(p #> '{targets,size}', 1, 9007199254740991)) is not true then return 'targets'; end if;
  if (not gate.is_list(p -> 'evidence', 0, 1000000) or exists (select from jsonb_array_elements(gate.elements(p -> 'evidence')) with ordinality as e(e, n)
    where not (gate.has_exactly(e, 'kind', 'digest') and gate.is_text(e -> 'kind', '^[a-z][a-z0-9-]{0,62}$') and gate.is_digest(e -> 'digest')))) is not false then return 'evidence'; end if;
  if exists (select from (select e.what, lag(e.what) over (order by e.n) as before from (select concat(e ->> 'kind', ' ', e ->> 'digest') collate "C" as what, n
    from jsonb_array_elements(p -> 'evidence') with ordinality as e(e, n)) e) o where what <= before) then return 'evidence is not sorted'; end if;
  if (gate.has_exactly(p -> 'registry', 'version', 'digest') and gate.is_whole(p #> '{registry,version}', 1, 9007199254740991)
    and gate.is_digest(p #> '{registry,digest}') and gate.is_digest(p -> 'policy') and gate.is_digest(p -> 'dossier')) is not true then return 'registry, policy or dossier'; end if;
  if (not gate.is_list(p -> 'authors', 0, 1000000) or exists (select from jsonb_array_elements(gate.elements(p -> 'authors')) a where not gate.is_name(a))) is not false then return 'authors'; end if;
  if exists (select from (select a.what, lag(a.what) over (order by a.n) as before from (select gate.utf16_order(e) collate "C" as what, n
    from jsonb_array_elements_text(p -> 'authors') with ordinality as e(e, n)) a) o where what <= before) then return 'authors are not sorted'; end if;
  if (case p #>> '{opens,what}'
    when 'rollout' then gate.has_exactly(p -> 'opens', 'what')
    when 'tier' then gate.has_exactly(p -> 'opens', 'what', 'tier', 'cycle') and gate.is_tier(p #> '{opens,tier}') and gate.is_digest(p #> '{opens,cycle}')
    when 'rollback' then gate.has_exactly(p -> 'opens', 'what', 'cycle') and gate.is_digest(p #> '{opens,cycle}') end) is not true then return 'opens'; end if;
  if (gate.has_exactly(p -> 'log', 'size', 'root') and gate.is_whole(p #> '{log,size}', 0, 9007199254740991) and gate.is_text(p #> '{log,root}', '^[0-9a-f]{64}$')) is not true then return 'log'; end if;
  if gate.is_text(p -> 'nonce', '^[0-9a-f]{32}$') is not true then return 'nonce'; end if;
  if (gate.is_instant(p -> 'rehearsedAt') and gate.is_instant(p -> 'notBefore') and gate.is_instant(p -> 'expires') and gate.is_instant(p -> 'sealedAt')
    and (p ->> 'notBefore') collate "C" < (p ->> 'expires')) is not true then return 'its times'; end if;
  return null;
end $gate$;

-- The next registry or policy names the document that it follows by its digest and by its number.
create function gate.change_form_problem(kind text, p jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
begin
  if (case kind
    when 'urn:oneroof:registry:v1' then gate.has_exactly(p, 'version', 'previous', 'number', 'notBefore', 'expires', 'nonce') and gate.is_whole(p -> 'version', 2, 9007199254740991)
    when 'urn:oneroof:policy:v1' then gate.has_exactly(p, 'previous', 'number', 'notBefore', 'expires', 'nonce') end) is not true then
    return 'members are missing or unknown';
  end if;
  if (gate.is_digest(p -> 'previous') and gate.is_whole(p -> 'number', 1, 9007199254740991) and gate.is_text(p -> 'nonce', '^[0-9a-f]{32}$')) is not true then return 'previous, number or nonce'; end if;
  if (gate.is_instant(p -> 'notBefore') and gate.is_instant(p -> 'expires') and (p ->> 'notBefore') collate "C" < (p ->> 'expires')) is not true then return 'its times'; end if;
  return null;
end $gate$;

create function gate.is_facts(value jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select gate.has_exactly(value, 'uri', 'incarnation', 'systemIdentifier', 'timeline', 'databaseOid', 'database') and gate.is_name(value -> 'uri')
    and gate.is_name(value -> 'incarnation') and gate.is_name(value -> 'systemIdentifier') and gate.is_whole(value -> 'timeline', 1, 9007199254740991)
    and gate.is_name(value -> 'databaseOid') and gate.is_name(value -> 'database')
$gate$;

-- How a quorum ends what is stuck. Both statements name the database by all of its facts, and what is in it.
create function gate.ending_form_problem(kind text, p jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
begin
  if (case kind
    when 'urn:oneroof:abandonment:v1' then gate.has_exactly(p, 'facts', 'rows', 'reason', 'notBefore', 'expires', 'nonce')
    when 'urn:oneroof:adoption:v1' then gate.has_exactly(p, 'facts', 'reason', 'notBefore', 'expires', 'nonce') end) is not true then
    return 'members are missing or unknown';
  end if;
  if gate.is_facts(p -> 'facts') is not true then return 'its database'; end if;
  if kind is not distinct from 'urn:oneroof:abandonment:v1' and (gate.is_list(p -> 'rows', 0, 100000) and not exists (select from jsonb_array_elements(gate.elements(p -> 'rows')) r
    where not (gate.has_exactly(gate.without(gate.without(r, 'batches'), 'undecided'), 'cycle', 'tier', 'direction', 'steps', 'done')
      and gate.is_whole(coalesce(r -> 'batches', '1'), 1, 9007199254740991) and gate.is_whole(coalesce(r -> 'undecided', '1'), 1, 9007199254740991) and gate.is_digest(r -> 'cycle') and gate.is_tier(r -> 'tier')
      and gate.is_text(r -> 'direction', '^(up|down)$') and gate.is_whole(r -> 'steps', 0, 9007199254740991) and jsonb_typeof(r -> 'done') = 'boolean'))) is not true then return 'its rows'; end if;
  if (gate.is_text(p -> 'reason', '.') and length(p ->> 'reason') <= 2000 and gate.is_text(p -> 'nonce', '^[0-9a-f]{32}$')) is not true then return 'reason or nonce'; end if;
  if (gate.is_instant(p -> 'notBefore') and gate.is_instant(p -> 'expires') and (p ->> 'notBefore') collate "C" < (p ->> 'expires')) is not true then return 'its times'; end if;
  return null;
end $gate$;

-- Null: it has the form that people sign; otherwise what is wrong. Revocations are checked less strictly: closing is easy.
create function gate.statement_problem(s jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $gate$
declare
  p jsonb := s -> 'predicate'; kind text := s ->> 'predicateType';
begin
  if (gate.has_exactly(s, '_type', 'subject', 'predicateType', 'predicate') and s ->> '_type' = 'https://in-toto.io/Statement/v1'
    and gate.is_list(s -> 'subject', 1, 1) and gate.has_exactly(s #> '{subject,0}', 'name', 'digest') and gate.is_name(s #> '{subject,0,name}')
    and gate.has_exactly(s #> '{subject,0,digest}', 'sha256') and gate.is_text(s #> '{subject,0,digest,sha256}', '^[0-9a-f]{64}$')) is not true then return 'its outer form'; end if;
  if kind = 'urn:oneroof:ratification:v1' then return gate.ratification_problem(p); end if;
  if kind in ('urn:oneroof:registry:v1', 'urn:oneroof:policy:v1') then return gate.change_form_problem(kind, p); end if;
  if kind in ('urn:oneroof:abandonment:v1', 'urn:oneroof:adoption:v1') then return gate.ending_form_problem(kind, p); end if;
  if kind in ('urn:oneroof:revocation:v1', 'urn:oneroof:decline:v1') then return null; end if;
  return 'its predicate';
end $gate$;
`;
