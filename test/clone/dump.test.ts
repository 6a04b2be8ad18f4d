import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { findCloneProblems } from '../../src/clone/index.ts';
import { runningOn, type Server, sql, startTemporaryServer } from '../../src/database/index.ts';
import { BackendMessages, FrontendMessages } from '../../src/clone/dump/protocol.ts';
import { prepareServer } from '../../src/clone/dump/restore.io.ts';
import { readDumpSource } from '../../src/clone/dump/source.io.ts';
import { differingObjects, listSchema } from '../../src/fingerprint/index.ts';
import { binariesOf } from '../binaries.io.ts';
import { newest, runSql, versions, withSession } from '../database.io.ts';
import { fixture, fixture18 } from '../fingerprint/mutations.fixture.ts';
import { requireNothingLeft, withClones, withSource } from './dump-source.io.ts';

test.each(versions)(
  'PostgreSQL %s: a golden copy by SQL is what one snapshot of a written production has',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const { server, setup } = source;
      if (Number(version) >= 15) {
        const copied = fixture.filter((text) => !text.startsWith('create subscription'));
        await runSql(server.connection('shop'), version === '18' ? [...copied, ...fixture18] : copied);
      }
      expect(await findCloneProblems(setup, [])).toEqual([]);
      const writing = new AbortController();
      const writer = withSession(server.connection('shop'), async (session) => {
        for (let n = 0; !writing.signal.aborted; n += 1) {
          await session.run('begin');
          await session.run(`insert into public.pairs values (${n})`);
          await session.run(`select nextval('public.steps')`);
          await session.run(`insert into public.others values (${n})`);
          await session.run('commit');
        }
      });
      await withClones(setup, async (host) => {
        const golden = await host.makeGolden({}).finally(() => {
          writing.abort();
          return writer;
        });
        expect(golden).toMatchObject({ provider: 'dump', proofLevel: 'exact', source: { database: 'shop' } });
        expect(
          golden.from?.notCompared
            .map(({ relation }) => relation)
            .filter((name) => !['public.counted', 's.m', 's.remote'].includes(name)),
        ).toEqual([]);
        const clone = await host.makeClone({ purpose: 'test', owner: 'o', hours: 1 });
        const [was, is] = await Promise.all([
          withSession(server.connection('shop'), listSchema),
          withSession(clone.connection, listSchema),
        ]);
        expect(differingObjects(was, is)).toEqual([]);
        const facts = async (of: typeof clone.connection) =>
          withSession(of, async (session) => {
            const [row] = await session.query(sql`
            select (select string_agg(a::text, ' ' order by id) from "Odd Name"."a ""b""" a) as odd, (select count(*)::text from "Odd Name".parted) as parted, (select count(*)::text from public.none) as none,
              (select count(*)::text from public.secret) as secret, (select count(*)::text from public.quick) as quick, (select rolconfig::text from pg_roles where rolname = 'app') as role,
              (select lo_get(oid)::text from pg_largeobject_metadata order by oid limit 1) as large, (select datacl::text from pg_database where datname = current_database()) as acl,
              (select setconfig::text from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where datname = current_database() and setrole = 0) as settings`);
            return row;
          });
        expect(await facts(clone.connection)).toEqual(await facts(server.connection('shop')));
        await withSession(clone.connection, async (session) => {
          const [row] = await session.query<Record<string, string>>(sql`
          select (select count(*)::text from public.pairs) as pairs, (select count(*)::text from public.others) as others, (select (last_value >= (select count(*) * 5 from public.pairs))::text from public.steps) as ahead,
            (select bool_or(rolpassword is not null)::text from pg_authid) as passwords`);
          expect(row?.['pairs']).toBe(row?.['others']);
          expect(row).toMatchObject({ ahead: 'true', passwords: 'false' });
        });
      });
      await requireNothingLeft(source);
    });
  },
);

test.each(newest)('PostgreSQL %s: a table of many pages is copied in ranges', { timeout: 300_000 }, async (version) => {
  await withSource(version, async (source) => {
    await runSql(source.server.connection('shop'), [
      `create table large as select g as i, repeat(md5(g::text), 12) as text from generate_series(1, 200000) g`,
      'delete from large where i % 7 = 0',
    ]);
    await withClones(source.setup, async (host) => {
      expect(await host.makeGolden({})).toMatchObject({ proofLevel: 'exact' });
    });
  });
});

test.each(newest)(
  'PostgreSQL %s: a role that lacks rights is refused before anything is read, with SQL that gives them',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const { server, setup } = source;
      await runSql(server.connection('shop'), [
        'revoke pg_read_all_data from oneroof_dump',
        'alter role oneroof_dump nobypassrls',
      ]);
      const [problem] = await findCloneProblems(setup, []);
      expect(problem?.text).toContain('may not read');
      await withClones(setup, async (host) => {
        await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_DUMP_RIGHTS' });
        await requireNothingLeft(source);
        const fixes = /as a superuser: (.*) \(oneroof grants/.exec(problem?.fix ?? '')?.[1] ?? '';
        await runSql(server.connection('shop'), fixes.split(/(?<=;) /));
        expect(await findCloneProblems(setup, [])).toEqual([]);
        expect(await host.makeGolden({})).toMatchObject({ proofLevel: 'exact' });
      });
      const observer = { name: 'production', observer: setup.dump } as never;
      expect(await findCloneProblems(setup, [observer])).toMatchObject([
        { text: expect.stringContaining('is the observer of target production') },
      ]);
    });
  },
);

/** So slow that there is time to do something meanwhile. */
const slow = 16 * 1024;

test.each(newest)(
  'PostgreSQL %s: a migration of production does not wait for the copy, which tries again',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const { server, setup } = source;
      const notices: string[] = [];
      let altered: Promise<number> | null = null;
      const alter = async (): Promise<number> => {
        const began = performance.now();
        await runSql(server.connection('shop'), ['alter table public.pairs add column j integer']);
        return performance.now() - began;
      };
      await withClones(setup, async (host) => {
        const golden = await host.makeGolden({
          onNotice: (text) => notices.push(text),
          onProgress: () => {
            altered ??= alter();
          },
        });
        // it waited for no more than the copy's patience, a look, and the end of what ran
        expect(await altered).toBeLessThan(15_000);
        expect(notices).toEqual([expect.stringMatching(/waited 2 s for a lock of the copy.*trying again/)]);
        expect(golden).toMatchObject({ proofLevel: 'exact' });
      });
      await requireNothingLeft(source);
    });
  },
);

/** Ends the sessions of a copy: on a busy machine it may not have connected yet. */
async function killGolden(server: Server): Promise<void> {
  await withSession(server.connection('postgres'), async (session) => {
    for (let killed = 0; killed === 0; await sleep(20))
      killed = (
        await session.query(
          sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'oneroof golden'`,
        )
      ).length;
  });
}

test.each(newest)(
  'PostgreSQL %s: a copy that is interrupted, takes too long, or loses its connection leaves nothing behind',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const { server, setup } = source;
      await runSql(server.connection('shop'), [`insert into pairs select generate_series(1, 100000)`]);
      const limited = { ...setup, maxRate: slow };
      const ending = new AbortController();
      await withClones(limited, async (host) => {
        setTimeout(() => ending.abort(), 4000);
        await expect(host.makeGolden({ signal: ending.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
        await requireNothingLeft(source);
        expect(await host.golden()).toBeNull();
      });
      await withClones({ ...limited, maxSnapshotAge: 4000 as never }, async (host) => {
        await expect(host.makeGolden({})).rejects.toMatchObject({ code: 'CLONE_BUDGET' });
        await requireNothingLeft(source);
      });
      // at the snapshot, in pg_dump, while rows are sent, and between two tables
      for (const after of [300, 1000, 2000, 4000]) {
        await withClones(limited, async (host) => {
          const taken = host.makeGolden({});
          const kill = sleep(after).then(() => killGolden(server));
          await expect(taken).rejects.toMatchObject({ name: 'OneRoofError' });
          await kill;
          await requireNothingLeft(source);
          expect(await host.golden()).toBeNull();
        });
      }
    });
  },
);

test.each(newest)(
  'PostgreSQL %s: what the clone server lacks is named before anything is copied',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const { server, setup } = source;
      const change = (text: string): Promise<void> => runSql(server.connection('shop'), [text]);
      await withClones(setup, async (host) => {
        await change(`update pg_extension set extversion = '9.9' where extname = 'plpgsql'`);
        await expect(host.makeGolden({})).rejects.toMatchObject({
          code: 'CLONE_EXTENSION',
          problems: [{ problem: expect.stringContaining('plpgsql 9.9 (it has 1.0)') }],
        });
      });
      await requireNothingLeft(source);
    });
  },
);

test.each(newest)(
  'PostgreSQL %s: a copy with other rows is never golden; what no dump carries over is named',
  { timeout: 300_000 },
  async (version) => {
    await withSource(version, async (source) => {
      const { server, setup, folder } = source;
      await withClones(setup, async (host) => {
        let changed: Promise<void> | null = null;
        const taken = host.makeGolden({
          onProgress: ({ done, total }) => {
            if (done < total) return;
            const draft = readdirSync(folder).find((name) => name.startsWith('draft')) ?? '';
            const socket = runningOn(join(folder, draft, 'data'))?.socket ?? '';
            changed ??= runSql({ host: socket, port: 5432, user: 'postgres', database: 'oneroof_shop_g1' }, [
              'insert into public.secret values (2)',
            ]);
          },
        });
        await expect(taken).rejects.toMatchObject({
          code: 'CLONE_NOT_EQUAL',
          problems: [{ problem: expect.stringContaining('public.secret') }],
        });
        await changed;
        await requireNothingLeft(source);
        await runSql(server.connection('shop'), [
          'create index broken on pairs (i)',
          `update pg_index set indisvalid = false where indexrelid = 'broken'::regclass`,
        ]);
        const golden = await host.makeGolden({});
        expect(golden.proofLevel).toBe('lineage');
        expect(golden.from?.leftOut[0]).toBe('index public.broken: not as in production');
      });
      expect(readFileSync(join(folder, 'generation-1', 'golden.json'), 'utf8')).toContain('broken');
    });
  },
);

test('the wire of pg_dump is cut at any byte', async () => {
  const query = Buffer.concat([Buffer.from('Q'), Buffer.from([0, 0, 0, 9]), Buffer.from('abcd\0')]);
  for (let at = 0; at <= query.length; at += 1) {
    const messages = new FrontendMessages();
    expect(messages.add(Buffer.from('startup')).startup).toBe(true);
    const parts = [query.subarray(0, at), query.subarray(at)].map((part) => messages.add(part));
    expect(Buffer.concat(parts.map(({ send }) => send))).toEqual(query);
    expect(parts.reduce((sum, { answers }) => sum + answers, 0)).toBe(1);
  }
  const ready = Buffer.from([0x43, 0, 0, 0, 6, 65, 0, 0x5a, 0, 0, 0, 5, 73]);
  for (let at = 0; at <= ready.length; at += 1) {
    const messages = new BackendMessages();
    const parts = [ready.subarray(0, at), ready.subarray(at)].map((part) => messages.add(part));
    expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(ready);
    expect(parts.map(({ ready: n }) => n).reduce((a, b) => a + b)).toBe(1);
  }
});

test.each(newest)('PostgreSQL %s: a locale that the clone server lacks is named', async (version) => {
  await withSource(version, async ({ server }) => {
    const other = await startTemporaryServer({ binaries: binariesOf(version) });
    try {
      await withSession(server.connection('shop'), async (from) => {
        const source = await readDumpSource(from);
        const database = {
          ...source.database,
          provider: 'c',
          collate: 'xx_XX.UTF-8',
          ctype: 'xx_XX.UTF-8',
          locale: null,
        };
        await withSession(other.connection('postgres'), async (admin) => {
          await expect(
            prepareServer(admin, { source: { ...source, database }, from, database: 'golden' }),
          ).rejects.toMatchObject({ code: 'CLONE_LOCALE' });
        });
      });
    } finally {
      await other.stop();
    }
  });
});
