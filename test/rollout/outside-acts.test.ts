import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, sql } from '../../src/database/index.ts';
import { runSql, versions } from '../database.io.ts';
import { type LoopbackServer, startLoopbackServer } from '../gate/loopback.io.ts';
import { indexIn, outsideFiles, until, withOutside } from './outside.io.ts';

const parted = [
  'create table parted (id integer, at integer) partition by range (at)',
  'create table parted_1 partition of parted for values from (0) to (10)',
  'insert into parted select i, i % 10 from generate_series(1, 100) i',
];

describe.each(versions)('on PostgreSQL %s, outside of a transaction,', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  it('several statements are steps of their own, forward and back', { timeout: 60_000 }, async () => {
    const files = outsideFiles(
      'create index concurrently big_v on public.big (v);\ncreate unique index concurrently "Big Id" on big (id, v);\nvacuum (analyze) big;\nreindex index concurrently big_v;\nreindex table concurrently big;',
      'drop index concurrently if exists "Big Id";\ndrop index concurrently if exists big_v;',
    );
    await withOutside({ version, at }, { files }, async (ground) => {
      expect(await ground.run('up')).toMatchObject({ result: 'done', runs: [{ steps: 5 }] });
      expect(await indexIn(ground)).toBe('valid');
      const [row] = await ground.admin.query(
        sql`select count(*)::text as indexes, bool_and(indisvalid)::text as valid from pg_index where indrelid = 'public.big'::regclass`,
      );
      expect(row).toEqual({ indexes: '3', valid: 'true' });
      expect(await ground.run('down')).toMatchObject({ result: 'done' });
      expect(await indexIn(ground)).toBe('absent');
    });
  });

  it('a partition is detached, and an interrupted detach is finalized', { timeout: 60_000 }, async () => {
    const files = outsideFiles('alter table parted detach partition parted_1 concurrently;', 'vacuum parted_1;');
    await withOutside({ version, at }, { files, application: parted }, async (ground) => {
      const reader = await openSession(ground.gated.database, { applicationName: 'reader' });
      await reader.query(sql`begin`);
      await reader.query(sql`select count(*) from public.parted`);
      const running = ground.run('up');
      await until(async () => {
        const [row] = await ground.admin.query(sql`select 1 from pg_inherits where inhdetachpending`);
        return row ?? null;
      });
      await reader.close();
      expect(await running).toMatchObject({ result: 'done' });
      const [row] = await ground.admin.query(sql`select count(*)::text as parts from pg_inherits`);
      expect(row).toEqual({ parts: '0' });
    });
  });

  it('a cut-off REINDEX leaves a copy, which is dropped, and is done again', { timeout: 60_000 }, async () => {
    const files = outsideFiles('reindex table concurrently big;', 'vacuum big;');
    await withOutside({ version, at }, { files }, async (ground) => {
      const writer = await openSession(ground.gated.database, { applicationName: 'writer' });
      await writer.query(sql`begin`);
      await writer.query(sql`insert into public.big values (-1, 'held')`);
      const running = ground.run('up');
      const pid = await until(async () => {
        const [row] = await ground.admin.query<{ pid: string }>(
          sql`select pid::text from pg_stat_activity where usename = 'oneroof_runner' and query ~* 'reindex' and state = 'active' and exists (select from pg_class where relname ~ '_ccnew')`,
        );
        return row?.pid ?? null;
      });
      await ground.admin.query(sql`select pg_terminate_backend(${pid}::integer)`);
      await writer.close();
      expect(await running).toMatchObject({ result: 'done' });
      const left = await ground.admin.query(sql`select relname from pg_class where relname ~ '^big.*_cc(new|old)'`);
      expect(left).toEqual([]);
      const [row] = await ground.admin.query(sql`select tries::text from gate.outside`);
      expect(row).toEqual({ tries: '2' });
    });
  });

  it('a cut-off DROP INDEX leaves an invalid index, whose drop is ended', { timeout: 60_000 }, async () => {
    const files = outsideFiles(
      'drop index concurrently public.big_v;',
      'create index concurrently big_v on public.big (v);',
    );
    await withOutside({ version, at }, { files, application: ['create index big_v on big (v)'] }, async (ground) => {
      const writer = await openSession(ground.gated.database, { applicationName: 'writer' });
      await writer.query(sql`begin`);
      await writer.query(sql`insert into public.big values (-1, 'held')`);
      const running = ground.run('up');
      await until(async () => ((await indexIn(ground)) === 'invalid' ? true : null));
      await ground.admin.query(
        sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'oneroof_runner'`,
      );
      await until(async () => {
        const [row] = await ground.admin.query(sql`select from gate.outside where phase = 'clearing'`);
        return row ?? null;
      });
      await writer.close();
      expect(await running).toMatchObject({ result: 'done' });
      expect(await indexIn(ground)).toBe('absent');
      expect(await ground.run('down')).toMatchObject({ result: 'done' });
      expect(await indexIn(ground)).toBe('valid');
    });
  });

  it('what waits has the time to work beside the time to wait, and not more than both', {
    timeout: 60_000,
  }, async () => {
    const files = (wait: string): Readonly<Record<string, string>> => {
      const found = outsideFiles(
        'create index concurrently big_v on public.big (public.slow(id));',
        'drop index concurrently if exists public.big_v;',
      );
      const manifest = (found['release.yaml'] ?? '').replace('Timeout: 1min', 'Timeout: 4s').replace('wait: 10s', wait);
      return { ...found, 'release.yaml': manifest };
    };
    const application = [
      "create function slow(i bigint) returns bigint immutable language plpgsql as 'begin perform pg_catalog.pg_sleep(case i when 1 then 5 else 0 end); return i; end'",
    ];
    await withOutside({ version, at }, { files: files('wait: 9s'), application }, async (ground) => {
      expect(await ground.run('up')).toMatchObject({ result: 'done' });
    });
    await withOutside({ version, at }, { files: files('wait: 200ms'), application }, async (ground) => {
      await expect(ground.run('up')).rejects.toMatchObject({ code: 'QUERY_TIMEOUT' });
      expect(await indexIn(ground)).toBe('absent');
    });
  });

  it('what the server refuses is told at its place, and leaves nothing', { timeout: 60_000 }, async () => {
    const files = outsideFiles(
      'create unique index concurrently big_v on big (v);',
      'drop index concurrently if exists big_v;',
    );
    await withOutside({ version, at }, { files }, async (ground) => {
      await runSql(ground.gated.database, ["insert into public.big values (-1, 'x1')"]);
      await expect(ground.run('up')).rejects.toMatchObject({
        problems: [{ code: 'SQL_FAILED', place: { file: 'tiers/1-index/up.sql' } }],
      });
      expect(await indexIn(ground)).toBe('absent');
    });
  });
});
