import { expect, test } from 'vitest';
import { type Difference } from '../../src/fingerprint/index.ts';
import { explained, proofOf } from '../../src/rehearsal/comparison/proof.ts';
import { type CloneDifference } from '../../src/rehearsal/comparison/clone-difference.ts';
import { withDatabase, withSession } from '../database.io.ts';
import { captureSchema, compareData } from '../../src/fingerprint/index.ts';

test('a logical difference behind a thousand strict ones still decides, and is kept in the record', async () => {
  const standing = await withDatabase('18', (connection) =>
    withSession(connection, async (session): Promise<CloneDifference> => {
      const { objects } = await captureSchema(session);
      const same = objects.map((one) => ({ ...one, key: '' }));
      const side = { connection, since: 'never changed' } as const;
      return {
        delta: { keys: null, originals: same, objects: same, system: false },
        noticed: [],
        initdb: [],
        doubtful: [],
        data: await compareData(side, side, { seeds: ['1', '2'] }),
      };
    }),
  );
  const strict = Array.from(
    { length: 1000 },
    (_, n): Difference => ({
      in: 'schema',
      level: 'strict',
      kind: 'column',
      name: `public.t.c${n}`,
      property: 'attnum',
      before: 1,
      after: 2,
    }),
  );
  const damage: Difference = {
    in: 'rows',
    level: 'logical',
    kind: 'table',
    name: 'public.t',
    property: 'content',
    before: 'a',
    after: 'b',
  };
  const differences = [...strict, damage];
  const proof = proofOf({ standing, differences, seeds: ['1', '2'], durationMs: 1 });
  expect(proof).toMatchObject({ logical: 'different', strict: 'different', differenceCount: 1001 });
  expect(proof.differences[0]).toEqual(damage);
  expect(explained(differences, { code: 'BACK_DIFFERS', level: 'logical' })).toMatchObject([
    { code: 'BACK_DIFFERS', problem: expect.stringContaining('public.t') },
  ]);
});
