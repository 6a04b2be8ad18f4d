/**
 * The byte rules of our documents, for the database: base64url, framing, statement hash, canonical JSON.
 * They say the same as src/core/frame.ts, src/core/json.ts and src/evidence/envelope.ts.
 *
 * Source  RFC 4648 section 5, RFC 8785, DSSE v1, docs/FORMAT.md "Framing".
 */
export const canonicalFunctions = String.raw`
create function gate.base64url(octets bytea) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
begin
  return translate(encode(octets, 'base64'), E'+/=\n', '-_');
end $gate$;

-- Null for anything but the one spelling: no padding, no white space, unused bits zero.
create function gate.from_base64url(spelling text) returns bytea
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  octets bytea;
begin
  if spelling !~ '^[A-Za-z0-9_-]*$' or length(spelling) % 4 = 1 then return null; end if;
  octets := decode(translate(spelling, '-_', '+/') || repeat('=', (4 - length(spelling) % 4) % 4), 'base64');
  if gate.base64url(octets) <> spelling then return null; end if;
  return octets;
end $gate$;

create function gate.frame(purpose text, parts bytea[]) returns bytea
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
begin
  if (purpose ~ '^[a-z]+$') is not true or array_position(parts, null) is not null then
    raise exception 'gate: frame: a purpose is lower-case letters, and no part is null' using errcode = 'OR001';
  end if;
  return convert_to('oneroof ' || purpose || E' v1\n', 'UTF8') || coalesce(
    (select string_agg(int8send(length(part)) || part, ''::bytea order by n)
     from unnest(parts) with ordinality as each_part(part, n)), ''::bytea);
end $gate$;

create function gate.digest(purpose text, parts bytea[]) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
begin
  return 'sha256:' || encode(sha256(gate.frame(purpose, parts)), 'hex');
end $gate$;

create function gate.statement_hash(body text) returns bytea
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  octets bytea := convert_to(body, 'UTF8');
begin
  return sha256(convert_to('DSSEv1 28 application/vnd.in-toto+json ' || length(octets) || ' ', 'UTF8') || octets);
end $gate$;

-- UTF-8 sorts as code points do; UTF-16 puts what lies beyond the first plane before U+E000. So the lead bytes of
-- U+E000 to U+FFFF (ee, ef) are lifted above f4. They are never continuation bytes.
create function gate.utf16_order(key text) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
begin
  return replace(replace(regexp_replace(encode(convert_to(key, 'UTF8'), 'hex'), '(..)', '\1 ', 'g'), 'ee ', 'fe '), 'ef ', 'ff ');
end $gate$;

create function gate.canonical(value jsonb) returns text
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
begin
  case jsonb_typeof(value)
    when 'object' then
      return '{' || coalesce((select string_agg(to_jsonb(m.key)::text || ':' || gate.canonical(m.value), ','
        order by gate.utf16_order(m.key) collate "C") from jsonb_each(value) as m), '') || '}';
    when 'array' then
      return '[' || coalesce((select string_agg(gate.canonical(m.value), ',' order by m.n)
        from jsonb_array_elements(value) with ordinality as m(value, n)), '') || ']';
    when 'number' then
      if (value::text ~ '^(0|-?[1-9][0-9]{0,15})$' and abs(value::numeric) <= 9007199254740991) is not true then
        raise exception 'gate: canonical: the number % is not an integer that every reader holds exactly', value
          using errcode = 'OR001';
      end if;
      return value::text;
    else
      return value::text;
  end case;
end $gate$;
`;
