/** Reads a sealed release, for the functions that run it. */
export const releaseFunctions = String.raw`
create function gate.release_of(of_statement text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select r.body::jsonb from gate.releases r join gate.statements s on s.subject = r.seal where s.digest = of_statement
$gate$;

create function gate.tier_of(of_statement text, of_tier text) returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select t from jsonb_array_elements(gate.release_of(of_statement) -> 'tiers') t where t ->> 'id' = of_tier
$gate$;

-- Whether the schemas that a release searches are the application's. With none of them, or with pg_temp, CREATE TABLE would make a table that ends
-- with the session, and a temporary table would hide the application's. Absent and unknown mean no.
create function gate.is_path_own(sealed jsonb) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $gate$
  select case when jsonb_typeof(sealed #> '{settings,searchPath}') is distinct from 'array' then false
    else (select coalesce(bool_and(p !~ '^pg_' or (p, n) is not distinct from ('pg_catalog', 1)), false)
      from jsonb_array_elements_text(sealed #> '{settings,searchPath}') with ordinality as s(p, n)) end
$gate$;

-- The release's own settings, for its own SQL. Temporary objects come last, or they would hide the application's.
create function gate.path_of(of_statement text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select concat_ws(', ', string_agg(quote_ident(p), ', ' order by n), 'pg_temp')
  from jsonb_array_elements_text(gate.release_of(of_statement) #> '{settings,searchPath}') with ordinality as s(p, n)
$gate$;
`;
