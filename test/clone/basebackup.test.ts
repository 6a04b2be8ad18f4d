import { expect, test } from 'vitest';
import { explainOrigin, findCloneProblems } from '../../src/clone/index.ts';
import { sql } from '../../src/database/index.ts';
import { withSession } from '../database.io.ts';
import {
  requireNothingOn,
  whileWritten,
  withBackups,
  withBasebackup,
  withProduction,
} from './basebackup.fixture.io.ts';

const pairs = sql`select (select count(*)::text from public.pairs) as pairs, (select count(*)::text from public.others) as others,
  (select md5(string_agg(i::text, ' ' order by i)) from public.pairs) = (select md5(string_agg(i::text, ' ' order by i)) from public.others) as same,
  (select count(*)::text from public.filled) as filled, (select count(*)::text from public.quick) as quick, (select count(*)::text from pg_subscription) as subscriptions,
  (select count(*)::text from pg_database where datname = 'other') as databases, (select lo_get(oid)::text from pg_largeobject_metadata) as large`;

test.each(withBasebackup.flatMap((version) => ['replica', 'logical'].map((level) => ({ version, level }))))(
  'PostgreSQL $version, wal_level = $level: a golden copy of files equals one snapshot of a production that is written to',
  { timeout: 300_000 },
  async ({ version, level }) => {
    await withProduction(
      version,
      async ({ server, setup, folder }) => {
        expect(await findCloneProblems(setup, [])).toEqual([]);
        await withBackups(setup, async (host) => {
          const progress: number[] = [];
          const golden = await whileWritten(server.connection('shop'), () =>
            host.makeGolden({ onProgress: ({ done }) => progress.push(done) }),
          );
          expect(golden).toMatchObject({ provider: 'basebackup', proofLevel: 'exact', source: { database: 'shop' } });
          expect(golden.from).toMatchObject({ standby: false, compared: 6, notCompared: [] });
          expect(explainOrigin(golden)).toEqual([
            expect.stringMatching(
              /^a copy of the files of production by pg_basebackup of shop on .*: compared with one snapshot of production, and equal \(\d relations\)$/,
            ),
            'not in the copy: rows of public.quick, which is unlogged',
            'not in the copy: all other databases of the server',
            expect.stringMatching(/subscription s: removed, the publisher is not asked$/),
          ]);
          const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
          await withSession(clone.connection, async (session) => {
            const [row] = await session.query<Record<string, string>>(pairs);
            expect(Number(row?.['pairs'])).toBeGreaterThan(0);
            expect(row?.['pairs']).toBe(row?.['others']);
            expect(row).toMatchObject({
              same: 't',
              filled: '20000',
              quick: '0',
              subscriptions: '0',
              databases: '0',
              large: '\\x00010203',
            });
          });
          await requireNothingOn(server, folder);
          // production that rests has no WAL behind the snapshot
          expect(await host.makeGolden({})).toMatchObject({ generation: 2, proofLevel: 'exact' });
        });
        await requireNothingOn(server, folder);
      },
      { wal_level: level },
    );
  },
);
