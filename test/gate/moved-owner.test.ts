import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Connection, type Server, startTemporaryServer } from '../../src/database/index.ts';
import { applyGate, planUpgrade } from '../../src/gate/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, gatedIn, type GatedPlan, release, runTier } from './cycle.io.ts';
import { ownedServers } from './owned.io.ts';
import { attemptOn, ratifyFor } from './purpose.io.ts';

const stepwise: GatedPlan = {
  files: {
    ...release,
    'release.yaml': release['release.yaml']!.replace('title: Rows }', 'title: Rows, transaction: each }'),
    'tiers/1-rows/down.sql': 'delete from t where i = 3;\ndelete from t where i = 2;\n',
  },
};

/** The machine has a 15 and the client programs of a server package; the embedded servers come without them. */
const is15 = versions.includes('15') && spawnSync('pg_dump', ['--version']).status === 0;
const owned = ownedServers();
let bare: Server;
beforeAll(async () => {
  if (!is15) return;
  await owned.start(['15', '18']);
  bare = await startTemporaryServer({ binaries: binariesOf('18') });
}, 90_000);
afterAll(async () => {
  if (!is15) return;
  await owned.stop();
  await bare.stop();
});

const options = ({ host, port, user, database }: Connection): string[] => [
  `--host=${host}`,
  `--port=${port}`,
  `--username=${user ?? ''}`,
  `--dbname=${database}`,
];

/** Dumps a database and restores it as a superuser; with `roles`, those of its server come along as pg_dumpall tells them. */
async function restore(from: Connection, of: { readonly to: Connection; readonly roles: boolean }): Promise<void> {
  const { to, roles } = of;
  const folder = mkdtempSync(join(tmpdir(), 'oneroof-dump-'));
  const [dump, all] = [join(folder, 'dump'), join(folder, 'roles.sql')];
  const run = (program: string, words: readonly string[]) => execFileSync(program, [...words], { stdio: 'pipe' });
  try {
    run('pg_dump', [...options(from), '-Fc', '-f', dump]);
    if (roles) {
      run('pg_dumpall', [...options(from).filter((one) => !one.startsWith('--dbname')), '--roles-only', '-f', all]);
      run('psql', [...options({ ...to, database: 'postgres' }), '-f', all]);
    }
    await runSql({ ...to, database: 'postgres' }, [`create database ${to.database} owner dba`]);
    run('pg_restore', [...options(to), '--exit-on-error', dump]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const upgradeAs = (user: string, database: Connection): Promise<boolean> =>
  withSession({ ...database, user }, async (session) => {
    const { prepared } = await planUpgrade(session);
    if (prepared !== null) await applyGate(session, prepared);
    return prepared !== null;
  });

/** Half way on 15, restored on 18 by its superuser. */
async function moved(
  name: string,
  of: { readonly roles: boolean },
  use: (gated: Gated, statement: string) => Promise<void>,
): Promise<void> {
  const within = (server: Connection): Promise<void> =>
    owned.withGate('15', stepwise, async (gated) => {
      const statement = await ratifyFor(gated, { what: 'rollout' });
      await attemptOn(gated, { statement }, async (attempt) => {
        await attempt.begin();
        await attempt.enter();
        await attempt.step(1);
        await attempt.commit();
      });
      const to = { ...server, database: name };
      await restore(gated.database, { to, roles: of.roles });
      await use(gatedIn({ ...gated, database: to }), statement);
    });
  if (of.roles) await within(bare.connection('postgres'));
  // the roles as an installation of its own makes them there
  else await owned.withGate('18', {}, ({ database }) => within({ ...database, database: 'postgres' }));
}

const intact = (gated: Gated): Promise<void> => runSql(gated.database, ['select gate.assert_intact()']);

describe.skipIf(!is15)('a gate that the owner of the database installed on 15, restored on 18', () => {
  it('is made and pinned again by that owner, who is no superuser, also half way', async () => {
    await moved('by_owner', { roles: false }, async (gated, statement) => {
      await expect(intact(gated)).rejects.toThrow('gate: intact: ');
      expect(await upgradeAs('dba', gated.database)).toBe(true);
      await intact(gated);
      expect(await upgradeAs('dba', gated.database)).toBe(false);
      // the same database still, by its incarnation; another one by its server
      await expect(
        gated.as('oneroof_executor', (session) =>
          runTier(session, { gated, statement, direction: 'down', tier: '1-rows' }),
        ),
      ).rejects.toThrow('gate: target: ');
    });
  }, 240_000);

  it('says what that owner lacks where a superuser brought the roles along, and works once that is granted', async () => {
    await moved('by_dumpall', { roles: true }, async (gated) => {
      const refused = await upgradeAs('dba', gated.database).then(
        () => null,
        (error: unknown) => error as { readonly problems: readonly { readonly code: string; readonly fix: string }[] },
      );
      expect(refused?.problems.map(({ code }) => code)).toEqual(['GATE_RIGHTS']);
      const fix = refused?.problems[0]?.fix.replace(/^as a superuser: /, '') ?? '';
      await runSql(gated.database, [fix]);
      expect(await upgradeAs('dba', gated.database)).toBe(true);
      await intact(gated);
    });
  }, 240_000);

  it('is still GATE_TAMPERED where anything else differs', async () => {
    await moved('tampered', { roles: false }, async (gated) => {
      for (const [change, undo] of [
        ['create function gate.back() returns void language sql as $$ $$', 'drop function gate.back()'],
        ['alter table gate.tiers disable trigger whole_tiers', 'alter table gate.tiers enable trigger whole_tiers'],
        ['grant select on gate.statements to oneroof_relay', null],
      ] as const) {
        await runSql(gated.database, [change]);
        await expect(upgradeAs('dba', gated.database), change).rejects.toMatchObject({ code: 'GATE_TAMPERED' });
        if (undo !== null) await runSql(gated.database, [undo]);
      }
    });
  }, 240_000);
});
