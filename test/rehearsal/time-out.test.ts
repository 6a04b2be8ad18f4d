import { describe, expect, it } from 'vitest';
import { rehearse } from '../../src/rehearsal/index.ts';
import { runSql, versions } from '../database.io.ts';
import { type Answer } from '../cli/run.io.ts';
import { descriptorOf, withGate } from '../gate/cycle.io.ts';
import { replacing } from '../gate/purpose.io.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 120_000 };
const since17 = versions.filter((version) => Number(version) >= 17);

const files = {
  'release.yaml': `format: 1
name: slow
title: Slow
database: shop
touches: [public.t]
tiers:
  - { id: 1-slow, title: Slow }
`,
  'tiers/1-slow/up.sql': 'select pg_catalog.pg_sleep(2.5);\ninsert into public.t values (2);\n',
  'tiers/1-slow/down.sql': 'delete from public.t where i = 2;\n',
};

const slower = 'select pg_catalog.pg_sleep(12);\n';

describe.each(since17)('transaction_timeout on %s', (version) => {
  const bounded = (change: (text: string) => string, use: (rolled: Answer) => void): Promise<void> =>
    withGate(version, { files, change }, async (gated) => {
      await runSql(gated.database, [`alter database ${gated.database.database} set transaction_timeout = '2s'`]);
      await withPlace(gated, async (run) => {
        const { stdout, stderr } = run('rehearse', 'release', '--golden');
        expect(stdout, stderr).toContain('PASSED');
        const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
        use(run('rollout', 'release', '--statement', statement));
      });
    });

  it('of the database ends no tier, in rehearsal and rollout alike', time, () =>
    bounded(
      (text) => text,
      ({ status, stdout, stderr }) => expect(status, stdout + stderr).toBe(0),
    ),
  );

  it('of the database would end a tier if the gate did not stop its clock', time, () =>
    bounded(replacing([`perform set_config('transaction_timeout', '0', true);`, '']), ({ status, stderr }) => {
      expect(status).toBe(4);
      expect(stderr).toContain('transaction timeout');
      expect(stderr).toContain('[QUERY_TIMEOUT]');
    }),
  );

  it('is told as what it is where the time of a rollout ends in a step', time, () =>
    withGate(version, { files: { ...files, 'tiers/1-slow/up.sql': slower } }, async (gated) => {
      await withPlace(gated, async (run) => {
        const { schema } = await descriptorOf(gated);
        // long enough for a busy machine to begin the step, and shorter than the step
        const expires = new Date(Date.now() + 8000).toISOString();
        const body = await gated.ratification({ expires: expires as never }, { schema });
        const statement = await gated.ratify(body, [gated.people.ana, gated.people.ben]);
        const { status, stderr } = run('rollout', 'release', '--statement', statement);
        expect(status).toBe(4);
        expect(stderr).toContain('terminating connection due to transaction timeout');
        expect(stderr).toContain('the end of the ratification');
      });
    }),
  );
});

describe.each(since17.slice(0, 1))('transaction_timeout on %s', () => {
  it('is told as what it is where a function of the application sets it', time, async () => {
    const bounds = `create function public.bounds() returns text language sql as $$ select set_config('transaction_timeout', '300ms', true) $$`;
    const slow = tier('1-slow', { up: ['select public.bounds()', 'select pg_sleep(0)'], down: [] });
    const never = tier('1-slow', { up: ['select public.bounds(), pg_sleep(2)'], down: [] });
    await withHost([bounds], async ({ host, clones }) => {
      // each step begins without it
      expect((await rehearse({ release: sealed([slow]), host, owner: 'test' })).problems).toEqual([]);
      await expect(rehearse({ release: sealed([never]), host, owner: 'test' })).rejects.toMatchObject({
        code: 'QUERY_TIMEOUT',
        problems: [
          {
            problem: expect.stringContaining('transaction timeout') as string,
            fix: expect.stringMatching(/^transaction_timeout limits/) as string,
          },
        ],
      });
      expect([...clones]).toEqual([]);
    });
  });
});
