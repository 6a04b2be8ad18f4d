/**
 * The check of one WebAuthn assertion, for the database: same order and same codes as src/people/passkey.ts.
 * `gate.check_assertion` is the one function that is not strict: null means good, so a null argument must be refused, not passed on.
 *
 * Source  WebAuthn level 3 sections 5.8.1.2 (limited verification algorithm), 6.1 and 7.2; X.690 section 8.3 and 10.1.
 */
export const assertionFunctions = String.raw`
-- Null for anything but the one DER spelling of two non-negative integers.
create function gate.der_signature(octets bytea) returns numeric[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  result numeric[] := array[]::numeric[];
  place integer := 2;
  size integer;
begin
  if length(octets) not between 8 and 72 then return null; end if;
  if get_byte(octets, 0) <> 48 or get_byte(octets, 1) <> length(octets) - 2 then return null; end if;
  for i in 1 .. 2 loop
    if place + 3 > length(octets) then return null; end if;
    size := get_byte(octets, place + 1);
    if get_byte(octets, place) <> 2 or size not between 1 and 33 or place + 2 + size > length(octets) then return null; end if;
    if get_byte(octets, place + 2) >= 128 then return null; end if;
    if size > 1 and get_byte(octets, place + 2) = 0 and get_byte(octets, place + 3) < 128 then return null; end if;
    result := result || gate.integer_of(substr(octets, place + 3, size));
    place := place + 2 + size;
  end loop;
  if place <> length(octets) then return null; end if;
  return result;
end $gate$;

create function gate.check_assertion(challenge bytea, origin text, rp_id text, device text, x text, y text,
  authenticator_data bytea, client_data bytea, signature bytea) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
declare
  expected bytea; flags integer; point_x numeric; point_y numeric; rs numeric[];
begin
  if num_nulls(challenge, origin, rp_id, device, x, y, authenticator_data, client_data, signature) is distinct from 0 then return 'client-data'; end if;

  expected := convert_to('{"type":"webauthn.get","challenge":"', 'UTF8');
  if (substr(client_data, 1, length(expected)) <> expected) is not false then return 'client-data'; end if;
  expected := expected || convert_to(gate.base64url(challenge) || '"', 'UTF8');
  if (length(challenge) <> 32 or substr(client_data, 1, length(expected)) <> expected) is not false then return 'challenge'; end if;
  expected := expected || convert_to(',"origin":"' || origin || '"', 'UTF8');
  if (origin !~ '^[!#-\[\]-~]+$' or substr(client_data, 1, length(expected)) <> expected) is not false then return 'origin'; end if;
  expected := expected || convert_to(',"crossOrigin":false', 'UTF8');
  if (substr(client_data, 1, length(expected)) <> expected) is not false then return 'cross-origin'; end if;
  if (substr(client_data, length(expected) + 1) = '}'::bytea
    or (substr(client_data, length(expected) + 1, 1) = ','::bytea and substr(client_data, length(client_data)) = '}'::bytea)) is not true
  then return 'client-data'; end if;

  if (length(authenticator_data) < 37 or substr(authenticator_data, 1, 32) <> sha256(convert_to(rp_id, 'UTF8'))) is not false then return 'rp-id'; end if;
  flags := get_byte(authenticator_data, 32);
  if (flags & 1 = 0) is not false then return 'user-presence'; end if;
  if (flags & 4 = 0) is not false then return 'user-verification'; end if;
  if (flags & 16 <> 0 and flags & 8 = 0) is not false then return 'backup-state'; end if;
  if (flags & 64 <> 0 or (flags & 128 <> 0) <> (length(authenticator_data) > 37)) is not false then return 'extensions'; end if;
  if (device not in ('any', 'bound') or (device = 'bound' and flags & 8 <> 0)) is not false then return 'device'; end if;

  if (x !~ '^[0-9a-f]{64}$' or y !~ '^[0-9a-f]{64}$') is not false then return 'key'; end if;
  point_x := gate.integer_of(decode(x, 'hex'));
  point_y := gate.integer_of(decode(y, 'hex'));
  if gate.p256_on_curve(point_x, point_y) is not true then return 'key'; end if;
  rs := gate.der_signature(signature);
  if rs is null then return 'signature'; end if;
  if gate.p256_verify(point_x, point_y, rs[1], rs[2], sha256(authenticator_data || sha256(client_data))) is not true then return 'signature'; end if;
  return null;
end $gate$;
`;
