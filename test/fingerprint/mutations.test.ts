import { expect, test } from 'vitest';
import { captureSchema, compareSchemas } from '../../src/fingerprint/index.ts';
import { runSql, serverConnection, since15, withDatabase, withSession } from '../database.io.ts';
import { sampleOf } from '../counts.ts';
import { fixture, fixture18 } from './mutations.fixture.ts';
import { mutations } from './mutations.all.ts';
import { type Mutation, written } from './mutations.ts';
import { type Version } from '../binaries.io.ts';

/** What the fingerprint does not see, and why. */
const knownGaps: ReadonlyMap<string, string> = new Map([
  ['a large object is granted', 'large objects count as rows, and rows have no owner, privileges or comment'],
]);

const hidden = /hunter2/;

/** One mutation of each kind of object, on the newest version more; all on all in `npm run test:long`. */
function sample(version: Version): readonly Mutation[] {
  const known = mutations.filter(({ from = 15 }) => Number(version) >= from);
  return sampleOf(known, {
    every: version === '18' ? 8 : Infinity,
    kind: ({ finds }) => finds.split(/ \w+\.|: /)[0] ?? '',
  });
}

test('there are at least 150 kinds of mutation, each with a name of its own', () => {
  expect(new Set(mutations.map(({ what }) => what)).size).toBe(mutations.length);
  expect(mutations.length).toBeGreaterThanOrEqual(150);
});

test.each(since15)(
  'on %s every mutation is found and named, and nothing else is, and no secret shows',
  { timeout: 900_000 },
  async (version) => {
    const space = ['set allow_in_place_tablespaces = on', `create tablespace mutation_space location ''`];
    await runSql(serverConnection(version), space);
    try {
      await withDatabase(version, async (connection) => {
        await runSql(connection, version === '18' ? [...fixture, ...fixture18] : fixture);
        await withSession(connection, async (session) => {
          const base = await captureSchema(session);
          const wrong: string[] = [];
          for (const { what, setup, change, finds, also = [] } of sample(version)) {
            await session.run('begin');
            try {
              for (const statement of setup ?? []) await session.run(statement);
              const before = setup === undefined ? base : await captureSchema(session);
              for (const statement of change) await session.run(statement);
              const after = await captureSchema(session);
              const found = compareSchemas(before, after).map(written);
              const level = finds.endsWith(' (strict)') ? before.logicalDigest === after.logicalDigest : true;
              if (knownGaps.has(what)) {
                if (found.length > 0) wrong.push(`${what}: is no gap any more`);
                continue;
              }
              if (!found.includes(finds) || before.digest === after.digest || !level)
                wrong.push(`${what}: ${finds} was not found, but ${found.join(', ') || 'nothing'}`);
              const more = found.filter((one) => one !== finds && !also.includes(one));
              if (more.length > 0) wrong.push(`${what}: found besides: ${more.join(', ')}`);
              const stale = version === '18' ? also.filter((one) => !found.includes(one)) : [];
              if (stale.length > 0) wrong.push(`${what}: listed, not found: ${stale.join(', ')}`);
              if (hidden.test(JSON.stringify([before, after]))) wrong.push(`${what}: shows a secret`);
            } catch (error) {
              wrong.push(`${what}: ${(error as Error).message}`);
            } finally {
              await session.run('rollback');
            }
          }
          const left = compareSchemas(base, await captureSchema(session));
          // a database with a subscription cannot be dropped
          await session.run('drop subscription sub');
          expect(wrong).toEqual([]);
          expect(left).toEqual([]);
        });
      });
    } finally {
      await runSql(serverConnection(version), ['drop tablespace mutation_space']);
    }
  },
);
