import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { id, openSession, type Session, sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { indexIn, outsideFiles, type OutsideGround, until, withOutside } from '../rollout/outside.io.ts';
import { changed, type Safeguard } from './hostile.io.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback.io.ts';
import { outsideCalls } from './outside-calls.io.ts';

const files = outsideFiles('create index concurrently big_v on big (v);', 'drop index concurrently if exists big_v;');

/** With a second tier, which runs in a transaction. */
const mixed = {
  ...files,
  'release.yaml': `${files['release.yaml']}  - { id: 2-rows, title: Rows }\n`,
  'tiers/2-rows/up.sql': "insert into big values (-5, 'x');",
  'tiers/2-rows/down.sql': 'delete from big where id = -5;',
};

const executor = <T>({ gated }: OutsideGround, use: (session: Session) => Promise<T>): Promise<T> =>
  gated.as('oneroof_executor', use);

const stateOf = (session: Session, text: string): Promise<string> =>
  session.run(text).then(
    () => 'done',
    (error: unknown) => String((error as { code?: unknown }).code),
  );

/** Whether the connection works: null, or why not. */
const tried = async (session: Session): Promise<string | null> => {
  await session.query(sql`select gate.outside_prepare()`);
  const [row] = await session.query<{ why: string | null }>(sql`select gate.outside_try() as why`);
  return row?.why ?? null;
};

describe.each(versions)('the connection of the gate to PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());
  const within = (use: (ground: OutsideGround) => Promise<void>): Promise<void> =>
    withOutside({ version, at }, { files }, use);

  it('keeps its password in a table that its session can neither read nor replace', { timeout: 120_000 }, () =>
    within(async (ground) => {
      await executor(ground, async (session) => {
        await session.query(sql`select gate.outside_prepare()`);
        for (const text of [
          'select * from pg_temp.oneroof_link',
          'table oneroof_link',
          'copy pg_temp.oneroof_link to stdout',
          "update pg_temp.oneroof_link set word = 'mine'",
          "insert into pg_temp.oneroof_link values ('mine', 'mine', 'mine')",
          'delete from pg_temp.oneroof_link',
          'truncate pg_temp.oneroof_link',
          'drop table pg_temp.oneroof_link',
          'alter table pg_temp.oneroof_link rename to other',
          'alter table pg_temp.oneroof_link owner to oneroof_executor',
          'grant select on pg_temp.oneroof_link to public',
          'create temporary table more () inherits (oneroof_link)',
          'create rule seen as on insert to pg_temp.oneroof_link do also notify seen',
          'create trigger seen before insert on pg_temp.oneroof_link for each row execute function suppress_redundant_updates_trigger()',
          'create index on pg_temp.oneroof_link (word)',
          'create policy seen on pg_temp.oneroof_link using (true)',
          'create statistics on word, link from pg_temp.oneroof_link',
          'do $$ begin lock table pg_temp.oneroof_link; end $$',
          'create temporary view seen as select * from oneroof_link; select * from seen',
        ])
          expect(['42501', '42601'], text).toContain(await stateOf(session, text));
        // a session may throw away what is temporary: then it has none
        await session.run('discard temp');
        expect(await session.query(sql`select gate.outside_try() as why`)).toEqual([
          { why: 'this session has prepared no connection' },
        ]);
      });
      for (const text of [
        'create temporary table oneroof_link (word text, link text, session text)',
        "create temporary view oneroof_link as select 'word'::text as word, 'link'::text as link, 'x'::text as session",
      ])
        await executor(ground, async (session) => {
          await session.run(text);
          expect(await stateOf(session, 'select gate.outside_prepare()')).toBe('42P07');
          expect(await session.query(sql`select gate.outside_try() as why`)).toEqual([
            { why: 'this session has prepared no connection' },
          ]);
        });
    }),
  );

  it('lets no one else in: not without a password, not with another, not before or after', { timeout: 120_000 }, () =>
    within(async (ground) => {
      const enter = (word: string | null): Promise<string> =>
        openSession(
          {
            ...ground.gated.database,
            user: 'oneroof_runner',
            ...(word === null ? {} : { password: { reveal: () => word } as never }),
          },
          { applicationName: 'thief' },
        ).then(
          async (session) => {
            await session.close();
            return 'in';
          },
          () => 'out',
        );
      await executor(ground, async (session) => {
        for (const word of [null, '', 'oneroof_runner']) expect(await enter(word)).toBe('out');
        await session.query(sql`select gate.outside_prepare()`);
        for (const word of [null, '', 'oneroof_runner']) expect(await enter(word)).toBe('out');
        expect(await session.query(sql`select gate.outside_try() as why`)).toEqual([{ why: null }]);
        for (const word of [null, '', 'oneroof_runner']) expect(await enter(word)).toBe('out');
      });
      // who lets it in without a password is told
      await at.rule('trust');
      try {
        await executor(ground, async (session) => expect(await tried(session)).toMatch(/scram-sha-256|password/));
      } finally {
        await at.rule('scram-sha-256');
      }
    }),
  );

  it('reaches a database, and an owner, of any name', { timeout: 120_000 }, () =>
    within(async ({ gated, admin }) => {
      await admin.close();
      const server = at.connection('postgres');
      const names = [` a' host=127.0.0.9 user='postgres`, String.raw`b\' \\`, 'ü "c" = $1'];
      const owner = String.raw`o'w"n\er `;
      let now = gated.database.database;
      const rename = async (name: string): Promise<void> => {
        await runSql(server, [`alter database ${id(now).text} rename to ${id(name).text}`]);
        now = name;
      };
      try {
        await runSql(gated.database, [`alter role app_owner rename to ${id(owner).text}`]);
        await runSql(gated.database, [`update gate.identity set app_owner = $o$${owner}$o$`]);
        for (const name of names) {
          await rename(name);
          await withSession({ ...gated.database, database: name, user: 'oneroof_executor' }, async (session) =>
            expect(await tried(session), name).toBe(null),
          );
        }
      } finally {
        await rename(gated.database.database);
        await runSql(server, [`alter role ${id(owner).text} rename to app_owner`]);
      }
    }),
  );

  it('decides by names as PostgreSQL reads them, and drops no other index', { timeout: 120_000 }, () => {
    const name = String.raw`"B""ig.$1 'v\"`;
    const odd = outsideFiles(
      `create unique index concurrently ${name} on public."Odd ""t" (v);`,
      `drop index concurrently if exists public.${name};`,
    );
    const application = [
      'create table public."Odd ""t" (v integer)',
      // what a careless name would mean
      'create index "B" on public."Odd ""t" (v)',
      'create index "B""ig" on public."Odd ""t" (v)',
    ];
    const plan = {
      application,
      files: { ...odd, 'release.yaml': (odd['release.yaml'] ?? '').replace('public.big', `'public."Odd ""t"'`) },
    };
    return withOutside({ version, at }, plan, async (ground) => {
      const { admin } = ground;
      const indexes = async (): Promise<string> =>
        (
          await admin.query<{ n: string }>(
            sql`select count(*)::text as n from pg_index i join pg_class c on c.oid = i.indrelid where c.relname = 'Odd "t'`,
          )
        )[0]?.n ?? '';
      await admin.run('insert into public."Odd ""t" values (1), (1)');
      await executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        expect(await calls.run()).toBe('debris');
        expect(await indexes()).toBe('3');
        const [row] = await session.query<{ epoch: string }>(
          sql`select gate.begin_attempt(${ground.statement}, 'up')::text as epoch`,
        );
        const epoch = row?.epoch ?? '';
        await calls.clear(epoch);
        expect(await calls.send(epoch)).toBe(null);
        await calls.wait(epoch);
        expect(await calls.decide(epoch)).toBe('absent');
      });
      expect(await indexes()).toBe('2');
      await admin.run('delete from public."Odd ""t"');
      expect(await ground.run('up')).toMatchObject({ result: 'done' });
      expect(await ground.run('down')).toMatchObject({ result: 'done' });
      expect(await indexes()).toBe('2');
    });
  });

  it('is not called by other roles, nor in another isolation level', { timeout: 120_000 }, () =>
    within(async (ground) => {
      const { statement, gated } = ground;
      const calls = [
        `gate.outside_begin('${statement}', 'up', '1-index', 1, 'x')`,
        `gate.outside_clear('${statement}', 1)`,
        `gate.outside_send('${statement}', 1, 'x')`,
        `gate.outside_poll('${statement}', 1)`,
        `gate.outside_cancel('${statement}')`,
        `gate.outside_decide('${statement}', 1)`,
      ];
      for (const role of ['oneroof_relay', 'oneroof_observer', 'app_owner'])
        await gated.as(role, async (session) => {
          for (const call of calls) expect(await stateOf(session, `select ${call}`), call).toBe('42501');
        });
      for (const role of ['oneroof_observer', 'app_owner'])
        await gated.as(role, async (session) =>
          expect(await stateOf(session, 'select gate.outside_prepare()')).toBe('42501'),
        );
      await executor(ground, async (session) => {
        await session.run('begin isolation level repeatable read');
        await expect(session.run('select gate.outside_prepare()')).rejects.toThrow('gate: session');
      });
    }),
  );

  it('runs what was sent although its transaction was undone, once, and decides it', { timeout: 120_000 }, () =>
    within(async (ground) => {
      await executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        const epoch = await calls.begin();
        await session.run('begin');
        expect(await calls.send(epoch)).toBe(null);
        await session.run('rollback');
        await until(async () => ((await indexIn(ground)) === 'valid' ? true : null));
        await calls.wait(epoch);
        expect(await calls.decide(epoch)).toBe('done');
        await expect(calls.send(epoch)).rejects.toThrow('gate: order: nothing is to be sent');
      });
      // the password was not taken away: the next connection does it
      expect(await ground.run('up')).toMatchObject({ result: 'done' });
      expect(await ground.run('down')).toMatchObject({ result: 'done' });
      const [row] = await ground.admin.query(
        sql`select rolpassword as word from pg_authid where rolname = 'oneroof_runner'`,
      );
      expect(row).toEqual({ word: null });
    }),
  );

  const inTransaction: Safeguard = [
    "if t.transaction is not distinct from 'outside' then perform",
    'if false then perform',
  ];
  const outside: Safeguard = ["if t.transaction is distinct from 'outside' then perform", 'if false then perform'];
  it.each([
    {
      name: 'as they are',
      change: [],
      step: 'gate: order: the steps of this tier run outside',
      begin: 'gate: order: this tier runs in transactions',
    },
    // without the checks, PostgreSQL refuses the one, and the missing probe the other
    {
      name: 'without these checks',
      change: [inTransaction, outside],
      step: 'cannot run inside',
      begin: 'gate: outside: its text is not what its probe says',
    },
  ])('runs no step of another kind of tier, with the rules $name', { timeout: 120_000 }, ({ change, step, begin }) =>
    withOutside({ version, at }, { files: mixed, change: changed(change) }, async (ground) => {
      const { statement } = ground;
      await executor(ground, async (session) => {
        const entered = async (tier: string): Promise<void> => {
          const [row] = await session.query<{ epoch: string }>(
            sql`select gate.begin_attempt(${statement}, 'up')::text as epoch`,
          );
          await session.run('begin');
          await session.query(sql`select gate.enter_tier(${statement}, 'up', ${tier}, ${row?.epoch}::bigint)`);
        };
        await entered('1-index');
        const text = 'create index concurrently big_v on big (v)';
        await expect(
          session.query(sql`select gate.run_step(${statement}, 'up', '1-index', 1, ${text})`),
        ).rejects.toThrow(step);
        await session.run('rollback');
        await ground.run('up', { through: '1-index' as never });
        await entered('2-rows');
        const rows = "insert into big values (-5, 'x')";
        await expect(
          session.query(sql`select gate.outside_begin(${statement}, 'up', '2-rows', 1, ${rows})`),
        ).rejects.toThrow(begin);
        await session.run('rollback');
      });
    }),
  );
});
