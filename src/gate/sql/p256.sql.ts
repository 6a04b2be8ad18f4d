/**
 * ECDSA over P-256 for PL/pgSQL: no extension, so that any PostgreSQL can check a passkey itself.
 * Points are Jacobian {X, Y, Z}, infinity has Z = 0. Coordinates may be negative in between, as `%` keeps the sign:
 * every comparison is therefore of a difference modulo p with zero.
 * Both scalars are walked at once, two bits of each a step, over a table of the sixteen sums i·G + j·Q.
 *
 * Source  FIPS 186-5 section 6.4.2; SEC 1 section 4.1.4; Explicit-Formulas Database dbl-2001-b and add-1998-cmo-2.
 */
export const p256Functions = String.raw`
create function gate.integer_of(octets bytea) returns numeric
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  digits text := encode(octets, 'hex');
  result numeric := 0;
begin
  digits := repeat('0', (12 - length(digits) % 12) % 12) || digits;
  for i in 0 .. length(digits) / 12 - 1 loop
    result := result * 281474976710656 + ('x' || substr(digits, i * 12 + 1, 12))::bit(48)::bigint;
  end loop;
  return result;
end $gate$;

create function gate.p256_double(a numeric[]) returns numeric[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  p constant numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  x numeric := a[1]; y numeric := a[2]; z numeric := a[3];
  delta numeric; gamma numeric; beta numeric; alpha numeric; x3 numeric;
begin
  delta := z * z % p;
  gamma := y * y % p;
  beta := x * gamma % p;
  alpha := 3 * (x - delta) * (x + delta) % p;
  x3 := (alpha * alpha - 8 * beta) % p;
  return array[x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % p, 2 * y * z % p];
end $gate$;

create function gate.p256_add(a numeric[], b numeric[]) returns numeric[]
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  p constant numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  z1 numeric := a[3]; z2 numeric := b[3];
  zz1 numeric; zz2 numeric; u1 numeric; s1 numeric; h numeric; r numeric; hh numeric; hhh numeric; v numeric; x3 numeric;
begin
  if z1 = 0 then return b; end if;
  if z2 = 0 then return a; end if;
  zz1 := z1 * z1 % p;
  zz2 := z2 * z2 % p;
  u1 := a[1] * zz2 % p;
  s1 := a[2] * (z2 * zz2 % p) % p;
  h := (b[1] * zz1 - u1) % p;
  r := (b[2] * (z1 * zz1 % p) - s1) % p;
  if h = 0 then
    if r = 0 then return gate.p256_double(a); end if;
    return array[1, 1, 0]::numeric[];
  end if;
  hh := h * h % p;
  hhh := h * hh % p;
  v := u1 * hh % p;
  x3 := (r * r - hhh - 2 * v) % p;
  return array[x3, (r * (v - x3) - s1 * hhh) % p, (z1 * z2 % p) * h % p];
end $gate$;

create function gate.p256_inverse(value numeric) returns numeric
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  n constant numeric := 115792089210356248762697446949407573529996955224135760342422259061068512044369;
  a numeric := n; b numeric := value; q numeric; swap numeric;
  s numeric := 0; t numeric := 1;
begin
  while b <> 0 loop
    q := div(a, b);
    swap := a - q * b; a := b; b := swap;
    swap := s - q * t; s := t; t := swap;
  end loop;
  return ((s % n) + n) % n;
end $gate$;

create function gate.p256_on_curve(x numeric, y numeric) returns boolean
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  p constant numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  b constant numeric := 41058363725152142129326129780047268409114441015993725554835256314039467401291;
begin
  return x between 0 and p - 1 and y between 0 and p - 1 and scale(x) = 0 and scale(y) = 0
    and (y * y - x * x * x + 3 * x - b) % p = 0;
end $gate$;

create function gate.p256_verify(x numeric, y numeric, r numeric, s numeric, hash bytea) returns boolean
language plpgsql immutable strict parallel safe set search_path = pg_catalog, pg_temp as $gate$
declare
  p constant numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  n constant numeric := 115792089210356248762697446949407573529996955224135760342422259061068512044369;
  g constant numeric[] := array[
    48439561293906451759052585252797914202762949526041747995844080717082404635286,
    36134250956749795798585127919587881956611106672985015071877198253568414405109, 1];
  q constant numeric[] := array[x, y, 1];
  infinity constant numeric[] := array[1, 1, 0];
  -- The sixteen sums, one after the other, three coordinates each: slicing is quicker than an array of two dimensions.
  sums numeric[] := array[]::numeric[];
  row_start numeric[] := infinity; point numeric[];
  w numeric; u1 numeric; u2 numeric; zz numeric;
  picks integer[] := array[]::integer[]; pick integer;
begin
  if r < 1 or r >= n or s < 1 or s >= n or scale(r) <> 0 or scale(s) <> 0 then return false; end if;
  if not gate.p256_on_curve(x, y) then return false; end if;
  w := gate.p256_inverse(s);
  u1 := gate.integer_of(substr(hash, 1, 32)) * w % n;
  u2 := r * w % n;
  for i in 0 .. 3 loop
    point := row_start;
    for j in 0 .. 3 loop
      sums := sums || point;
      point := gate.p256_add(point, q);
    end loop;
    row_start := gate.p256_add(row_start, g);
  end loop;
  for i in 1 .. 128 loop
    picks[i] := (u1 % 4 * 4 + u2 % 4)::integer;
    u1 := div(u1, 4);
    u2 := div(u2, 4);
  end loop;
  point := infinity;
  for i in reverse 128 .. 1 loop
    if point[3] <> 0 then point := gate.p256_double(gate.p256_double(point)); end if;
    pick := picks[i];
    if pick <> 0 then point := gate.p256_add(point, sums[pick * 3 + 1 : pick * 3 + 3]); end if;
  end loop;
  if point[3] = 0 then return false; end if;
  zz := point[3] * point[3] % p;
  return (r * zz - point[1]) % p = 0 or (r + n < p and ((r + n) * zz - point[1]) % p = 0);
end $gate$;
`;
