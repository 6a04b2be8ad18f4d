/** P-256 over BigInt, and signatures constructed backwards from the arithmetic that they exercise. */

export const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
export const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const generator: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];
type Point = readonly [bigint, bigint];

/** Decimal numbers and a hexadecimal hash, and what they are a case of. */
export interface Case {
  readonly kind: string;
  readonly x: string;
  readonly y: string;
  readonly r: string;
  readonly s: string;
  readonly hash: string;
  readonly valid: boolean;
}

const mod = (value: bigint, by: bigint): bigint => ((value % by) + by) % by;

function power(base: bigint, exponent: bigint, by: bigint): bigint {
  let result = 1n;
  for (let left = exponent, square = mod(base, by); left > 0n; left >>= 1n, square = (square * square) % by)
    if (left & 1n) result = (result * square) % by;
  return result;
}

const inverse = (value: bigint, by: bigint): bigint => power(value, by - 2n, by);

function add(one: Point | null, other: Point | null): Point | null {
  if (one === null) return other;
  if (other === null) return one;
  const [[x1, y1], [x2, y2]] = [one, other];
  if (x1 === x2 && mod(y1 + y2, p) === 0n) return null;
  const slope = x1 === x2 ? (3n * x1 * x1 - 3n) * inverse(2n * y1, p) : (y2 - y1) * inverse(mod(x2 - x1, p), p);
  const x3 = mod(slope * slope - x1 - x2, p);
  return [x3, mod(slope * (x1 - x3) - y1, p)];
}

function times(scalar: bigint, point: Point): Point {
  let result: Point | null = null;
  for (let left = mod(scalar, n), double: Point | null = point; left > 0n; left >>= 1n, double = add(double, double))
    if (left & 1n) result = add(result, double);
  if (result === null) throw new Error('infinity has no coordinates');
  return result;
}

const bytes = (value: bigint): string => value.toString(16).padStart(64, '0');

function made(kind: string, valid: boolean, [[x, y], r, s, hash]: readonly [Point, bigint, bigint, string]): Case {
  return { kind, x: String(x), y: String(y), r: String(r), s: String(s), hash, valid };
}

/** A signature whose check computes u1·G + u2·Q with exactly these scalars, under the private key d. */
function withScalars(kind: string, d: bigint, [u1, u2]: readonly [bigint, bigint]): Case {
  const r = mod(times(u1 + u2 * d, generator)[0], n);
  const s = mod(r * inverse(u2, n), n);
  return made(kind, true, [times(d, generator), r, s, bytes(mod(u1 * s, n))]);
}

function signed(d: bigint, k: bigint, e: bigint): readonly [Point, bigint, bigint] {
  const r = mod(times(k, generator)[0], n);
  return [times(d, generator), r, mod((e + r * d) * inverse(k, n), n)];
}

/** The point of the curve with the least x from `from` on. */
function pointFrom(from: bigint): Point {
  for (let x = from; ; x += 1n) {
    const square = mod(x * x * x - 3n * x + b, p);
    const y = power(square, (p + 1n) / 4n, p);
    if ((y * y) % p === square) return [x, y];
  }
}

/** Every edge that the published vectors for this curve are known to try, made from fixed keys. */
export function constructed(): Case[] {
  const d = 0x1f3c5a7799bbddff0123456789abcdeffedcba9876543210a5a5a5a55a5a5a5an;
  const k = 0x7777777788888888999999990000000011111111222222223333333344444444n;
  const e = 0xa0b1c2d3e4f50617a0b1c2d3e4f50617a0b1c2d3e4f50617a0b1c2d3e4f50617n;
  const u = 0x123456789abcdef00fedcba987654321n;
  const [key, r, s] = signed(d, k, e);
  const high = pointFrom(n);
  // The key that makes `high` the result: Q = r⁻¹ (s·R - e·G).
  const reduced = high[0] - n;
  const unknown = add(times(mod(s * inverse(reduced, n), n), high), times(mod(-e * inverse(reduced, n), n), generator));
  if (unknown === null) throw new Error('the constructed key is infinity');
  const offCurve: Point = [5n, 1n];
  const offResult = times(u, offCurve)[0] % n;
  const all = [
    made('a plain signature', true, [key, r, s, bytes(e)]),
    made('the other s', true, [key, r, n - s, bytes(e)]),
    made('a longer hash is cut on the right', true, [key, r, s, `${bytes(e)}ffeeddcc`]),
    made('a hash with leading zeros', true, [...signed(d, k, e >> 120n), bytes(e >> 120n)]),
    made('a hash of twenty bytes', true, [...signed(d, k, e >> 96n), bytes(e >> 96n).slice(24)]),
    made('a hash of n', true, [...signed(d, k, 0n), bytes(n)]),
    made('a hash greater than n', true, [...signed(d, k, 2n ** 256n - 1n - n), 'ff'.repeat(32)]),
    withScalars('u1 = 0', d, [0n, u]),
    withScalars('u1·G = u2·Q: the sum is a doubling', d, [mod(u * d, n), u]),
    withScalars('u1 = u2 = 1', d, [1n, 1n]),
    withScalars('u1 = u2 = n - 1', d, [n - 1n, n - 1n]),
    withScalars('u2 = n - 1', d, [u, n - 1n]),
    withScalars('u1 = n - 1', d, [n - 1n, u]),
    withScalars('scalars of few bits', d, [2n ** 255n, 2n ** 254n + 1n]),
    ...[
      1n,
      2n,
      3n,
      n - 1n,
      n - 2n,
      n - 3n,
      inverse(2n, n),
      inverse(3n, n),
      mod(-inverse(2n, n), n),
      mod(-2n * inverse(3n, n), n),
    ].map((own, index) => withScalars(`the key is a small multiple or part of G (${index})`, own, [u * u, u])),
    made('R.x between n and p: r is x - n', true, [unknown, reduced, s, bytes(e)]),
    made('R.x between n and p: r is x itself', false, [unknown, high[0], s, bytes(e)]),
    made('the sum is infinity', false, [key, r, s, bytes(mod(-r * d, n))]),
    made('the sum is infinity, and r = 1', false, [key, 1n, s, bytes(mod(-d, n))]),
    made('R.x is r + n plus n', false, [key, r + n, s, bytes(e)]),
    made('s + n', false, [key, r, s + n, bytes(e)]),
    made('-r', false, [key, -r, s, bytes(e)]),
    made('-s', false, [key, r, -s, bytes(e)]),
    made('n - r', false, [key, n - r, s, bytes(e)]),
    made('p - r', false, [key, p - r, s, bytes(e)]),
    ...[0n, 1n, n - 1n, n, n + 1n, p, p + 1n].flatMap((value) => [
      made(`r = ${value}`, false, [key, value, s, bytes(e)]),
      made(`s = ${value}`, false, [key, r, value, bytes(e)]),
      made(`r = s = ${value}`, false, [key, value, value, bytes(e)]),
    ]),
    made('r and s exchanged', false, [key, s, r, bytes(e)]),
    made('another hash', false, [key, r, s, bytes(e + 1n)]),
    made('the hash is zero', false, [key, r, s, bytes(0n)]),
    made('x and y exchanged', false, [[key[1], key[0]], r, s, bytes(e)]),
    made('-Q', false, [[key[0], p - key[1]], r, s, bytes(e)]),
    made('x + p', false, [[key[0] + p, key[1]], r, s, bytes(e)]),
    made('y + p', false, [[key[0], key[1] + p], r, s, bytes(e)]),
    made('y - p', false, [[key[0], key[1] - p], r, s, bytes(e)]),
    made('the point (0, 0)', false, [[0n, 0n], r, s, bytes(e)]),
    made('a point of another curve', false, [offCurve, offResult, mod(offResult * inverse(u, n), n), bytes(0n)]),
  ];
  return all;
}
