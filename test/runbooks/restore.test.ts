import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, startTemporaryServer } from '../../src/database/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { runSql, versions } from '../database.io.ts';
import { halfWay, type Place, rowsOf, runbook, withPlace } from './place.io.ts';

/** The machine has a 15 and the client programs of a server package. */
const is15 = versions.includes('15');
const servers = new Map<'15' | '18', Server>();
beforeAll(async () => {
  if (is15)
    for (const version of ['15', '18'] as const)
      servers.set(version, await startTemporaryServer({ binaries: binariesOf(version) }));
}, 60_000);
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
});

/** Dumps on 15 and restores on 18, as the runbook says. */
async function moved(
  name: string,
  before: (place: Place) => Promise<void>,
  use: (place: Place) => Promise<void>,
): Promise<void> {
  const [from, to] = [servers.get('15')!, servers.get('18')!].map((server) => server.connection(name));
  for (const one of [from!, to!]) await runSql({ ...one, database: 'postgres' }, [`create database ${name}`]);
  await withPlace('15', { database: from! }, async (place) => {
    await before(place);
    const deeds = {
      'keep users, and the executor, away from the old database': () => undefined,
      'change the addresses of the target in oneroof.yaml to the new database': () => place.point(to!),
    };
    place.name(to!);
    await place.follow(runbook('Dump and restore'), deeds);
    await use({ ...place, gated: { ...place.gated, database: to! } });
  });
}

describe.skipIf(!is15)('the runbook of a move from 15 to 18 by dump and restore', () => {
  it('carries the rollback on of a release that is half way within a tier, and it can be rolled out again', async () => {
    await moved('half', halfWay, async (place) => {
      const { type, follow, gated } = place;
      expect((await type('oneroof rollout release')).status).toBe(1);
      expect((await type('oneroof rollback release')).stdout).toContain('target: ');
      await follow(runbook('A release was half way, or in place'));
      expect(await rowsOf(gated.database)).toBe('1');
      await follow([
        'oneroof rehearse release --golden',
        'oneroof ratify release',
        'oneroof rollout release --through 1-rows',
      ]);
      expect(await rowsOf(gated.database)).toBe('1,2,3');
      await follow(['oneroof bundle release', 'oneroof verify-evidence small.bundle.json']);
    });
  }, 240_000);

  it('carries the rollback on of a release that was rolled out whole, with a table that it made', async () => {
    const whole = async ({ follow, gated }: Place): Promise<void> => {
      await runSql(gated.database, ['insert into public.readiness values (1)']);
      await follow(['oneroof rollout release']);
    };
    await moved('whole', whole, async ({ follow, gated }) => {
      await follow(runbook('A release was half way, or in place'));
      expect(await rowsOf(gated.database)).toBe('1');
      await follow(['oneroof bundle release', 'oneroof verify-evidence small.bundle.json']);
    });
  }, 240_000);

  it('abandons what stays as it is', async () => {
    await moved('stays', halfWay, async ({ follow, type, gated }) => {
      await follow(runbook('A release was half way, or in place', 1));
      expect(await rowsOf(gated.database)).toBe('1,2');
      const refused = await type('oneroof ratify release');
      expect(refused).toMatchObject({ status: 3 });
      expect(refused.stderr).toContain('ABANDONED');
    });
  }, 240_000);
});
