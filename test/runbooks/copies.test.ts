import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ownFolder, type Server, sql, startServer } from '../../src/database/index.ts';
import { parseRegistryDocument, registryDocument } from '../../src/people/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { registryOf, signer } from '../gate/cycle.io.ts';
import { following, type KillableServer, withKillableServer } from '../rollout/killable-server.io.ts';
import { headings, halfWay, type Place, rowsOf, runbook, withPlace } from './place.io.ts';

const others: Server[] = [];
afterAll(async () => {
  for (const server of others) await server.stop();
});

/** A server on a copy of the files, made while the original was stopped. */
async function copyOf(
  killable: KillableServer,
  way: 'a standby that follows' | 'a standby that stays' | 'a server of its own',
): Promise<Server> {
  const { binaries, data: original } = killable.server();
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-copy-'));
  ownFolder(folder, binaries);
  const data = join(folder, 'data');
  await killable.stop();
  execFileSync('cp', ['-a', original, data]);
  rmSync(join(data, 'postmaster.pid'), { force: true });
  await killable.start();
  if (way !== 'a server of its own') writeFileSync(join(data, 'standby.signal'), '');
  const settings = { fsync: 'off', ...(way === 'a standby that follows' ? following(killable.own) : {}) };
  const server = await startServer({ binaries, data, settings, deleteAfter: folder });
  others.push(server);
  return server;
}

/** A place on a server of its own that can be stopped. */
async function withShop(
  version: '15' | '18',
  use: (place: Place & { readonly killable: KillableServer }) => Promise<void>,
): Promise<void> {
  await withKillableServer(version, async (killable) => {
    await runSql(killable.connection, ['create database shop']);
    await withPlace(version, { database: { ...killable.connection, database: 'shop' } }, (place) =>
      use({ ...place, killable }),
    );
  });
}

const ready = (place: Place): Promise<void> =>
  runSql(place.gated.database, ['insert into public.readiness values (1)']);
const lead = 'change the addresses of the target in oneroof.yaml to the new database';

/** Waits until a standby has all that the primary has. */
async function caughtUp(standby: Server, { own }: KillableServer): Promise<void> {
  const wanted = await withSession(own, async (session) => {
    const [row] = await session.query<{ at: string }>(sql`select pg_current_wal_flush_lsn()::text as at`);
    return row?.at ?? '';
  });
  const isThere = (): Promise<string | undefined> =>
    withSession(standby.connection('postgres'), async (session) => {
      const [row] = await session.query<{ is: string }>(
        sql`select (pg_last_wal_replay_lsn() >= ${wanted}::pg_lsn)::text as is`,
      );
      return row?.is;
    });
  await expect.poll(isThere, { timeout: 20_000 }).toBe('true');
}

describe('the runbooks', () => {
  it('are all run by a test', () => {
    expect(headings().toSorted()).toEqual([
      'A release was half way, or in place',
      'A snapshot, or a copy of the data directory',
      'A standby was promoted, and stays',
      'Dump and restore',
      'The keys of a quorum are lost',
    ]);
  });

  it('of a standby that was promoted: what had arrived is rolled back, or what was lost is named', async () => {
    await withShop('18', async (place) => {
      const { follow, type, gated, store, killable } = place;
      await ready(place);
      const behind = await copyOf(killable, 'a standby that stays');
      const standby = await copyOf(killable, 'a standby that follows');
      await follow(['oneroof rollout release']);
      await caughtUp(standby, killable);
      for (const [server, arrived] of [
        [standby, true],
        [behind, false],
      ] as const) {
        const database = server.connection('shop');
        place.name(database);
        place.point(gated.database);
        const [promote = '', ...rest] = runbook('A standby was promoted, and stays');
        await follow([promote]);
        // before it is adopted nothing runs there
        place.point(database);
        const held = await type('oneroof rollback release');
        expect(held.status).toBe(arrived ? 1 : 3);
        expect(held.stdout + held.stderr).toContain(arrived ? 'target: ' : 'TARGET_BEHIND');
        place.point(gated.database);
        await follow(rest, { [lead]: () => place.point(database) });
        const adopted = (await store.of(gated.sealed.seal)).findLast(({ entry }) => entry.kind === 'adoption');
        const lost = adopted?.readable === true ? (adopted.body as { compared?: { lost: readonly string[] } }) : {};
        if (arrived) {
          expect(lost.compared?.lost).toEqual([]);
          await follow(runbook('A release was half way, or in place'));
          expect(await rowsOf(database)).toBe('1');
          await follow(['oneroof bundle release --out arrived.json', 'oneroof verify-evidence arrived.json']);
        } else
          for (const tier of ['1-rows', '2-table'])
            expect(lost.compared?.lost.join('\n')).toContain(`tier ${tier}, rolled out`);
      }
    });
  }, 240_000);

  it('of a copy of the data directory: the executor is refused where it lacks what the log knows, until it is adopted', async () => {
    await withShop('18', async (place) => {
      const { follow, type, gated, killable } = place;
      await ready(place);
      const copy = (await copyOf(killable, 'a server of its own')).connection('shop');
      // nothing is missing there yet: nothing tells it from its original
      place.point(copy);
      expect((await type('oneroof rollout release --dry-run')).status).toBe(0);
      place.point(gated.database);
      await halfWay(place);
      place.point(copy);
      for (const line of [
        'oneroof rollout release',
        'oneroof rollout release --dry-run',
        'oneroof rollback release --json',
      ]) {
        const refused = await type(line);
        expect(refused, line).toMatchObject({ status: 3 });
        expect(refused.stdout + refused.stderr).toContain('TARGET_BEHIND');
        expect(refused.stdout + refused.stderr).toContain('oneroof adopt production --reason');
      }
      expect(await rowsOf(copy)).toBe('1');
      await follow(runbook('A snapshot, or a copy of the data directory'), { [lead]: () => place.point(copy) });
      // the original keeps its identity; here people ratify again
      expect((await type('oneroof rollout release')).stdout).toContain('target: ');
      await follow(['oneroof ratify release', 'oneroof rollout release', 'oneroof gate release']);
      expect(await rowsOf(copy)).toBe('1,2,3');
    });
  }, 240_000);

  // pg_dump of this machine is of 15
  it.skipIf(!versions.includes('15'))(
    'of a quorum whose keys are lost: another gate is installed, with persons who have keys',
    async () => {
      await withShop('15', async (place) => {
        const { follow, type, gated, home } = place;
        await halfWay(place);
        expect((await type('oneroof uninstall production --apply')).stderr).toContain('GATE_BUSY');
        const next = registryOf([signer('ana', 4), signer('ben', 2)]);
        await follow(runbook('The keys of a quorum are lost'), {
          'write registry.json again, version 1, with persons who have keys': () =>
            writeFileSync(join(home, 'registry.json'), registryDocument(next)),
        });
        const status = readFileSync(join(home, 'status.txt'), 'utf8');
        expect(status).toContain(gated.sealed.seal);
        expect(readFileSync(join(home, 'gate.sql'), 'utf8')).toContain('gate.signatures');
        const found = await withSession(gated.database, async (session) => {
          const [row] = await session.query<{ body: string }>(sql`select (gate.active('registry')).body as body`);
          return parseRegistryDocument({ text: row?.body ?? '', file: 'the registry' });
        });
        expect(found).toMatchObject({ ok: true, value: next });
        expect(await rowsOf(gated.database)).toBe('1,2');
        // what was ratified before is not known here
        expect((await type('oneroof rollback release')).status).not.toBe(0);
      });
    },
    240_000,
  );
});
