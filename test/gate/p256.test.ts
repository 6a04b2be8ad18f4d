import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Connection, sql } from '../../src/database/index.ts';
import { count } from '../counts.ts';
import { newest, versions, withSession } from '../database.io.ts';
import { type Case, constructed } from './p256.points.ts';
import { withFunctions } from './sql.io.ts';

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/p256.json'), 'utf8')) as Case[];

/** The kinds of the cases that the database calls valid. */
async function validKinds(connection: Connection, cases: readonly Case[]): Promise<string[]> {
  return withSession(connection, async (session) => {
    const rows = await session.query<{ kind: string }>(sql`
      select c->>'kind' as kind from jsonb_array_elements(${JSON.stringify(cases)}::jsonb) with ordinality as e(c, n)
      where gate.p256_verify((c->>'x')::numeric, (c->>'y')::numeric, (c->>'r')::numeric, (c->>'s')::numeric, decode(c->>'hash', 'hex'))
      order by n`);
    return rows.map(({ kind }) => kind);
  });
}

const kindsOf = (cases: readonly Case[]): string[] => cases.filter(({ valid }) => valid).map(({ kind }) => kind);

test('the vectors are those that the arithmetic constructs', () => {
  expect(vectors).toEqual(constructed());
  expect(new Set(vectors.map(({ kind }) => kind)).size).toBe(vectors.length);
});

/** A check, what stands in its place when it is gone, and a forgery that then counts. */
const controls = [
  ['r >= n', 'r >= n or', 'false or', 'R.x between n and p: r is x itself'],
  ['s >= n', 's >= n or', 'false or', 's + n'],
  ['the curve', 'if not gate.p256_on_curve(x, y) then', 'if false then', 'a point of another curve'],
  ['x < p', 'x between 0 and p - 1', 'true', 'x + p'],
  ['y < p', 'y between 0 and p - 1', 'true', 'y + p'],
] as const;

describe.each(versions)('P-256 in PostgreSQL %s', (version) => {
  test('every constructed edge has the verdict that it was constructed for', async () => {
    await withFunctions(version, async (connection) => {
      expect(await validKinds(connection, vectors)).toEqual(kindsOf(vectors));
    });
  });

  test("Node's own signatures are valid, and none is for the next message", { timeout: 300_000 }, async () => {
    const cases = Array.from({ length: count('signatures') }, (_, index) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const raw = sign('sha256', Buffer.from([index % 256]), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
      const parts = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url'), raw.subarray(0, 32), raw.subarray(32)];
      const [keyX = '', keyY = '', r = '', s = ''] = parts.map((part) => String(BigInt(`0x${part.toString('hex')}`)));
      const hashOf = (byte: number) =>
        createHash('sha256')
          .update(Buffer.from([byte]))
          .digest('hex');
      const own = { kind: `own ${index}`, x: keyX, y: keyY, r, s, hash: hashOf(index % 256), valid: true };
      return [own, { ...own, kind: `next ${index}`, hash: hashOf((index + 1) % 256), valid: false }];
    }).flat();
    await withFunctions(version, async (connection) => {
      expect(await validKinds(connection, cases)).toEqual(kindsOf(cases));
    });
  });
});

describe.each(newest)('P-256 in PostgreSQL %s', (version) => {
  test.each(controls)('without the check %s a forgery counts', (_check, text, instead, kind) =>
    withFunctions(
      version,
      async (connection) => expect(await validKinds(connection, vectors)).toContain(kind),
      (whole) => whole.replace(text, instead),
    ),
  );
});
