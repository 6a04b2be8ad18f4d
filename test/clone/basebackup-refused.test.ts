import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findCloneProblems } from '../../src/clone/index.ts';
import { findBackupPrograms } from '../../src/clone/basebackup/client-program.io.ts';
import { openSession, secret, type Server, sql } from '../../src/database/index.ts';
import { runSql } from '../database.io.ts';
import { requireNothingOn, withBackups, withBasebackup, withProduction } from './basebackup.fixture.io.ts';

async function reload(server: Server, lines: string): Promise<void> {
  const file = join(server.data, 'pg_hba.conf');
  writeFileSync(file, `${lines}\n${readFileSync(file, 'utf8')}`);
  await runSql(server.connection('postgres'), ['select pg_reload_conf()']);
  // a session that was let in by the old lines does not count
  const session = await openSession(server.connection('postgres'), { applicationName: 'test' });
  await session.query(sql`select pg_sleep(0.5)`);
  await session.close();
}

test.each(withBasebackup)(
  'PostgreSQL %s: what prevents a base backup is named with its fix before anything is copied',
  { timeout: 300_000 },
  async (version) => {
    await withProduction(
      version,
      async ({ server, setup, folder }) => {
        const run = (text: string): Promise<void> => runSql(server.connection('postgres'), [text]);
        const refused = async (code: string, problem: RegExp, fix: RegExp): Promise<void> => {
          expect(await findCloneProblems(setup, [])).toEqual([
            { text: expect.stringMatching(problem), fix: expect.stringMatching(fix) },
          ]);
          await withBackups(setup, async (host) => {
            await expect(host.makeGolden({})).rejects.toMatchObject({ code });
          });
          await requireNothingOn(server, folder);
        };
        await run('alter role oneroof_backup noreplication');
        await refused(
          'CLONE_BACKUP_DENIED',
          /may not copy files over the replication protocol/,
          /alter role "?oneroof_backup"? replication;/,
        );
        await run('alter role oneroof_backup replication');
        await runSql(server.connection('shop'), ['revoke pg_read_all_data from oneroof_backup']);
        await refused('CLONE_DUMP_RIGHTS', /may not read/, /grant select on all tables/);
        // who compares nothing needs none of them
        expect(await findCloneProblems({ ...setup, proof: 'lineage' }, [])).toEqual([]);
        await run('grant pg_read_all_data to oneroof_backup');
        const held = await openSession(server.connection('postgres'), { applicationName: 'test' });
        await held.query(sql`select pg_create_physical_replication_slot('mine', true, true)`);
        expect(await findCloneProblems(setup, [])).toEqual([
          {
            text: expect.stringMatching(/2 more of max_replication_slots, and 1 are free/),
            fix: expect.stringMatching(/raise max_replication_slots/),
          },
        ]);
        await held.close();
        await reload(server, 'local replication oneroof_backup reject');
        await refused(
          'CLONE_BACKUP_DENIED',
          /refused a connection for replication/,
          /hostssl replication "?oneroof_backup"? ADDRESS/,
        );
        await reload(server, 'local replication oneroof_backup trust');
        expect(await findCloneProblems(setup, [])).toEqual([]);
        expect(await findCloneProblems(setup, [{ name: 'production', observer: setup.backup } as never])).toMatchObject(
          [
            {
              text: expect.stringContaining('is the observer of target production'),
              fix: expect.stringContaining('--for-basebackup'),
            },
          ],
        );
        await runSql(server.connection('postgres'), [
          'set allow_in_place_tablespaces = on',
          "create tablespace elsewhere location ''",
        ]);
        await refused('CLONE_TABLESPACES', /has tablespaces of its own \(elsewhere\)/, /"dump"/);
      },
      { max_replication_slots: '2' },
    );
  },
);

test.each(withBasebackup)(
  'PostgreSQL %s: a program of another major version is not used, whatever its folder says',
  async (version) => {
    await withProduction(version, async ({ folder, setup }) => {
      const bin = join(folder, 'postgresql', version, 'bin');
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, 'pg_basebackup'), '#!/bin/sh\necho "pg_basebackup (PostgreSQL) 13.22"\n');
      chmodSync(join(bin, 'pg_basebackup'), 0o755);
      const found = findBackupPrograms({ bin, major: Number(version) });
      expect(found.basebackup).not.toContain(bin);
      // and where there is no other one, it is said what was found
      expect(() => findBackupPrograms({ bin, major: 13 + 80 })).toThrow(
        expect.objectContaining({
          code: 'CLONE_NO_BASEBACKUP',
          message: expect.stringContaining(`${join(bin, 'pg_basebackup')} is of 13`),
        }),
      );
      expect(setup.provider).toBe('basebackup');
    });
  },
);

test.each(withBasebackup)(
  'PostgreSQL %s: the password is in no process list and in no message',
  { timeout: 300_000 },
  async (version) => {
    await withProduction(version, async ({ server, setup, folder }) => {
      const password = 'Qz7-hidden-word';
      await runSql(server.connection('postgres'), [`alter role oneroof_backup password '${password}'`]);
      await reload(server, 'local all oneroof_backup scram-sha-256\nlocal replication oneroof_backup scram-sha-256');
      const listed: string[] = [];
      await withBackups(
        { ...setup, backup: { ...setup.backup, password: secret(password) }, maxRate: 8 * 1024 * 1024 },
        async (host) => {
          expect(
            await host.makeGolden({
              onProgress: () => listed.push(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })),
            }),
          ).toMatchObject({
            proofLevel: 'exact',
          });
        },
      );
      expect(listed.some((text) => text.includes('pg_basebackup'))).toBe(true);
      expect(listed.filter((text) => text.includes(password))).toEqual([]);
      await requireNothingOn(server, folder);
    });
  },
);
