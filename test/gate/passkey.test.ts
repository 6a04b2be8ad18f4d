import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Connection, sql } from '../../src/database/index.ts';
import { type AssertionCheck, type AssertionCode, checkAssertion } from '../../src/people/index.ts';
import { count } from '../counts.ts';
import { newest, versions, withSession } from '../database.io.ts';
import { assertion, authenticatorData, clientData, honest, type Parts, policy } from './assertion.io.ts';
import { withFunctions } from './sql.io.ts';
import { n, p } from './p256.points.ts';

/** What the database says to each assertion, in order. */
async function verdicts(connection: Connection, checks: readonly AssertionCheck[]): Promise<(string | null)[]> {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const rows = checks.map(({ challenge, policy: { origin, rpId }, device, key, signature }) => ({
    challenge: hex(challenge),
    origin,
    rpId,
    device,
    ...key,
    data: hex(signature.authenticatorData),
    client: hex(signature.clientDataJSON),
    der: hex(signature.signature),
  }));
  return withSession(connection, async (session) => {
    const answers = await session.query<{ code: string | null }>(sql`
      select gate.check_assertion(decode(c->>'challenge', 'hex'), c->>'origin', c->>'rpId', c->>'device', c->>'x', c->>'y',
        decode(c->>'data', 'hex'), decode(c->>'client', 'hex'), decode(c->>'der', 'hex')) as code
      from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) with ordinality as e(c, n) order by n`);
    return answers.map(({ code }) => code);
  });
}

const change =
  (edit: (parts: Parts) => Partial<Parts>) =>
  (index: number): AssertionCheck => {
    const parts = honest(index);
    return assertion({ ...parts, ...edit(parts) });
  };
const inClient = (from: string, to: string) =>
  change(({ challenge }) => ({ clientData: Buffer.from(clientData(challenge).toString().replace(from, to)) }));
const withData = (flags: number, options: Parameters<typeof authenticatorData>[1] = {}) =>
  change(() => ({ device: 'any', authenticatorData: authenticatorData(flags, options) }));

/** Damages under a signature that is good for the damaged bytes, and the code that each is refused with. */
const damages: readonly (readonly [AssertionCode, (index: number) => AssertionCheck])[] = [
  ['client-data', inClient('webauthn.get', 'webauthn.create')],
  ['client-data', inClient('{"type"', '{ "type"')],
  ['client-data', inClient('"type":"webauthn.get",', '')],
  ['client-data', inClient('{', '\ufeff{')],
  ['client-data', inClient('false}', 'false}}')],
  ['client-data', inClient('false}', 'false,')],
  ['client-data', inClient('false}', 'false')],
  ['client-data', inClient('false}', 'falsely}')],
  ['client-data', change(() => ({ clientData: Buffer.alloc(0) }))],
  ['challenge', change(() => ({ clientData: clientData(Buffer.alloc(32)) }))],
  ['challenge', inClient('"challenge":"', '"challenge":"A')],
  ['challenge', inClient('","origin"', '=","origin"')],
  ['challenge', change(() => ({ challenge: Buffer.alloc(0), clientData: clientData(Buffer.alloc(0)) }))],
  ['origin', inClient('gate.example', 'evil.example')],
  ['origin', inClient('https://', 'http://')],
  ['origin', inClient('.org"', '.org.evil"')],
  ['origin', inClient('.org"', '.org:8443"')],
  ['origin', inClient(',"origin"', ',"topOrigin"')],
  ['cross-origin', inClient('false', 'true ')],
  ['cross-origin', inClient('false', 'true')],
  ['cross-origin', inClient(',"crossOrigin":false', '')],
  ['cross-origin', inClient(',"crossOrigin":false', ',"x":1,"crossOrigin":false')],
  ['rp-id', withData(0x05, { rpId: 'example.org' })],
  ['rp-id', change((parts) => ({ authenticatorData: parts.authenticatorData.subarray(0, 36) }))],
  ['user-presence', withData(0x04)],
  ['user-verification', withData(0x01)],
  ['backup-state', withData(0x15)],
  ['extensions', withData(0x45)],
  ['extensions', withData(0x85)],
  ['extensions', withData(0x05, { tail: 'a0' })],
  ['device', change(() => ({ device: 'bound', authenticatorData: authenticatorData(0x0d) }))],
  ['key', change(({ x }) => ({ x: x.toUpperCase().replace(/^[0-9]+$/, 'A') }))],
  ['key', change(({ x, y }) => ({ x: y, y: x }))],
  ['key', change(() => ({ x: '0'.repeat(64), y: '0'.repeat(64) }))],
  ['key', change(() => ({ x: p.toString(16) }))],
  ['key', change(() => ({ y: p.toString(16) }))],
  ['key', change(({ y }) => ({ y: y.slice(1) }))],
  ['key', change(({ y }) => ({ y: `${y}\n` }))],
];

const number = (value: bigint): Buffer => {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]);
};
const integer = (content: Buffer): Buffer => Buffer.concat([Buffer.from([2, content.length]), content]);
const sequence = (...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
};
/** The contents of the two integers of a DER signature. */
const contents = (der: Buffer): [Buffer, Buffer] => {
  const size = der[3] ?? 0;
  return [der.subarray(4, 4 + size), der.subarray(6 + size)];
};
const zero = Buffer.from([0]);
const negative = (content: Buffer): Buffer => Buffer.concat([Buffer.from([content[0]! | 0x80]), content.subarray(1)]);

/** Damages of the signature alone. */
const spellings: readonly ((der: Buffer) => Buffer)[] = [
  (der) => Buffer.concat([der, zero]),
  (der) => der.subarray(0, der.length - 1),
  () => Buffer.alloc(0),
  (der) => Buffer.concat([Buffer.from([0x31]), der.subarray(1)]),
  (der) => Buffer.concat([Buffer.from([0x30, 0x81]), der.subarray(1)]),
  (der) => Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(2), Buffer.alloc(2)]),
  (der) => sequence(der.subarray(2), zero),
  (der) => sequence(der.subarray(2), integer(zero)),
  (der) => sequence(integer(Buffer.concat([zero, contents(der)[0]])), integer(contents(der)[1])),
  (der) => sequence(integer(contents(der)[0]), integer(Buffer.concat([zero, contents(der)[1]]))),
  (der) => sequence(integer(negative(contents(der)[0])), integer(contents(der)[1])),
  (der) => sequence(integer(contents(der)[0]), integer(Buffer.alloc(0))),
  (der) => sequence(integer(contents(der)[0])),
  (der) => sequence(integer(contents(der)[1]), integer(contents(der)[0])),
  (der) => Buffer.concat(contents(der)),
  ...[0n, n, n + 1n, p].flatMap((value) => [
    (der: Buffer) => sequence(integer(number(value)), integer(contents(der)[1])),
    (der: Buffer) => sequence(integer(contents(der)[0]), integer(number(value))),
  ]),
];

/** The same signature with s on the other side: valid as well. */
const otherS = (der: Buffer): Buffer => {
  const [r, s] = contents(der);
  return sequence(integer(r), integer(number(n - BigInt(`0x${s.toString('hex')}`))));
};

/** Flips one bit of one field of a good assertion, with no new signature. */
function flipped(index: number): AssertionCheck {
  const good = assertion(honest(index));
  const field = (['authenticatorData', 'clientDataJSON', 'signature'] as const)[index % 3] ?? 'signature';
  const bytes = Buffer.from(good.signature[field]);
  const [at, bit] = flips[index] ?? [0, 0];
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
  return { ...good, signature: { ...good.signature, [field]: bytes } };
}

const series = Array.from({ length: count('assertions') }, (_, index) => index);
/** For each of them a place in its bytes, and a bit. */
const flips = fc.sample(fc.tuple(fc.nat(), fc.nat(7)), series.length);
const code = (check: AssertionCheck): string | null => checkAssertion(check)?.code ?? null;

/** What the library says; a throw is a refusal. */
async function library({ challenge, key, signature }: AssertionCheck): Promise<boolean> {
  const cose = Buffer.from(`a5010203262001215820${key.x}225820${key.y}`, 'hex');
  const spelled = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  try {
    const { verified } = await verifyAuthenticationResponse({
      response: {
        id: signature.credential,
        rawId: signature.credential,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          clientDataJSON: spelled(signature.clientDataJSON),
          authenticatorData: spelled(signature.authenticatorData),
          signature: spelled(signature.signature),
        },
      },
      expectedChallenge: spelled(challenge),
      expectedOrigin: policy.origin,
      expectedRPID: policy.rpId,
      credential: { id: signature.credential, publicKey: new Uint8Array(cose), counter: 0 },
      requireUserVerification: true,
    });
    return verified;
  } catch {
    return false;
  }
}

test('Node refuses every damage with its code, under a signature that is good', () => {
  expect(damages.map(([, make]) => code(make(0)))).toEqual(damages.map(([expected]) => expected));
  expect(spellings.map((damage) => code(assertion(honest(0), damage)))).toEqual(spellings.map(() => 'signature'));
  expect(code(assertion(honest(0), otherS))).toBeNull();
});

test('the library agrees on good assertions, and on those whose signed bytes or numbers were changed', async () => {
  // Of three, one repeats the member `type`: the library's parser takes the last, ours the first by its place.
  const plain = series.slice(0, 90).filter((index) => index % 3 !== 2);
  const good = plain.map((index) => assertion(honest(index), index % 2 === 0 ? otherS : undefined));
  expect(await Promise.all(good.map(library))).toEqual(good.map(() => true));
  expect(good.map(code)).toEqual(good.map(() => null));
  const others = plain.map((index) => ({
    ...assertion(honest(index)),
    signature: { ...assertion(honest(index)).signature },
  }));
  const moved = good.map((check, index) => {
    const foreign = others[index]?.signature.signature ?? Buffer.alloc(0);
    return { ...check, signature: { ...check.signature, signature: foreign } };
  });
  expect(await Promise.all(moved.map(library))).toEqual(moved.map(() => false));
  expect(moved.map(code)).toEqual(moved.map(() => 'signature'));
});

/** A damage, the checks that have to go for it to count (a prefix holds those behind it too), and the damaged assertion. */
const prefix = ['client-data', 'challenge', 'origin', 'cross-origin'] as const;
const controls: readonly (readonly [AssertionCode, readonly AssertionCode[]])[] = [
  ['client-data', prefix],
  ['challenge', prefix.slice(1)],
  ['origin', prefix.slice(2)],
  ['cross-origin', prefix.slice(3)],
  ...(
    ['rp-id', 'user-presence', 'user-verification', 'backup-state', 'extensions', 'device', 'key', 'signature'] as const
  ).map((one) => [one, [one]] as const),
];

/** A rule of DER, its text, and a spelling that counts without it; `size` is how long r has to be for that. */
const spellingControls = [
  ['no zero in front', 32, /if size > 1 and .* then return null; end if;/, spellings[8]],
  [
    'no negative number',
    33,
    /if get_byte\(octets, place \+ 2\) >= 128 then return null; end if;/,
    (der: Buffer) => sequence(integer(contents(der)[0].subarray(1)), integer(contents(der)[1])),
  ],
  ['nothing behind', 32, /if place <> length\(octets\) then return null; end if;/, spellings[6]],
  [
    'the length is that of the bytes',
    32,
    /or get_byte\(octets, 1\) <> length\(octets\) - 2/,
    (der: Buffer) => Buffer.concat([Buffer.from([0x30, 0x7f]), der.subarray(2)]),
  ],
] as const;

describe.each(versions)('assertions in PostgreSQL %s', (version) => {
  test('Node and the database give each of many assertions the same verdict and the same code', async () => {
    const checks = series.map((index) => {
      const kind = index % 10;
      const tens = Math.floor(index / 10);
      const damage = damages[(tens * 3 + kind) % damages.length]?.[1];
      const spelling = spellings[(tens * 2 + kind) % spellings.length];
      if (kind < 2) return assertion(honest(index), kind === 0 ? otherS : undefined);
      if (kind < 5 && damage !== undefined) return damage(index);
      return kind < 7 ? assertion(honest(index), spelling) : flipped(index);
    });
    const expected = checks.map(code);
    expect(expected).toContain(null);
    expect(new Set(expected).size).toBe(13);
    await withFunctions(version, async (connection) => {
      expect(await verdicts(connection, checks)).toEqual(expected);
    });
  });

  test('every damage has its code, and a null argument is never good', async () => {
    await withFunctions(version, async (connection) => {
      expect(
        await verdicts(
          connection,
          damages.map(([, make]) => make(0)),
        ),
      ).toEqual(damages.map(([expected]) => expected));
      const spelt = spellings.map((damage) => assertion(honest(0), damage));
      expect(await verdicts(connection, spelt)).toEqual(spelt.map(() => 'signature'));
      const { key, ...rest } = assertion(honest(0));
      expect(await verdicts(connection, [{ ...rest, key: { x: key.x } as typeof key }])).toEqual(['client-data']);
    });
  });
});

describe.each(newest)('assertions in PostgreSQL %s', (version) => {
  test.each(controls)('without the check %s a damaged assertion counts', async (one, gone) => {
    const make =
      damages.find(([expected]) => expected === one)?.[1] ?? ((index) => assertion(honest(index), spellings[13]));
    const without = (text: string) =>
      gone.reduce((left, name) => left.replaceAll(`return '${name}'; end if`, 'null; end if'), text);
    await withFunctions(
      version,
      async (connection) => expect(await verdicts(connection, [make(0)])).toEqual([null]),
      without,
    );
    expect(code(make(0))).toBe(one);
  });

  test.each(spellingControls)(
    'without the rule of DER "%s" a second spelling counts',
    async (_rule, size, text, damage) => {
      const fits = series
        .map((index) => assertion(honest(index)))
        .find(({ signature }) => {
          const [r, s] = contents(Buffer.from(signature.signature));
          return s.length === 32 && r.length === size;
        });
      if (fits === undefined) throw new Error('no signature of that size in so many');
      const der = damage?.(Buffer.from(fits.signature.signature)) ?? Buffer.alloc(0);
      const check = { ...fits, signature: { ...fits.signature, signature: der } };
      await withFunctions(
        version,
        async (connection) => expect(await verdicts(connection, [check])).toEqual([null]),
        (whole) => whole.replace(text, ''),
      );
      expect(code(check)).toBe('signature');
    },
  );
});
