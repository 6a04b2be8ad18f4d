import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { runSql, versions } from '../database.io.ts';
import { indexIn, outsideFiles, type OutsideGround, until, withOutside } from '../rollout/outside.io.ts';
import { changed, type Safeguard } from './hostile.io.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback.io.ts';
import { outsideCalls } from './outside-calls.io.ts';

const files = outsideFiles('create index concurrently big_v on big (v);', 'drop index concurrently if exists big_v;');
const detach = outsideFiles('alter table parted detach partition parted_1 concurrently;', 'vacuum parted_1;');

/** Code of the application's owner, which leaves its role and gives the role behind it a password. */
const leaves = [
  `create function leave() returns integer language plpgsql as $f$ declare was text := current_setting('role'); begin
     perform set_config('role', 'none', false);
     perform pg_sleep(2);  -- until the gate has taken its own password away
     alter role oneroof_runner password 'known';
     perform set_config('role', was, false);
     return 1; end $f$`,
  `create function harmless(i integer) returns integer language plpgsql immutable as $f$ begin
     return case when session_user = 'oneroof_runner' then public.leave() else 1 end; end $f$`,
  'create table parted (id integer, at integer) partition by range (at)',
  'create table parted_1 partition of parted for values from (0) to (10)',
  'alter table parted_1 add constraint small check (harmless(1) = 1)',
];

/** An attack that ends well for the thief, what refuses it, and what is taken out for that. */
interface Theft {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly application?: readonly string[];
  readonly attack: (ground: OutsideGround) => Promise<void>;
  readonly why: RegExp;
  readonly safeguard: readonly Safeguard[];
}

const within = <T>({ gated }: OutsideGround, user: string, use: (session: Session) => Promise<T>): Promise<T> =>
  gated.as(user, use);

/** Ends well where the runner logs in with this password, and is the application's owner. */
async function logIn({ gated }: OutsideGround, word: string): Promise<void> {
  const password = { reveal: () => word } as never;
  const runner = await openSession(
    { ...gated.database, user: 'oneroof_runner', password },
    { applicationName: 'thief' },
  );
  await runner.run('set role app_owner');
  await runner.run('create table public.taken ()');
  await runner.close();
}

/** Whatever looks like a password in the texts that a server sent, also where they hold it as numbers. */
function wordsIn(texts: readonly string[]): readonly string[] {
  const bytes = texts.flatMap((text) => [...text.matchAll(/\[([-\d\s]+)\]/g)].map(([, list = '']) => list));
  const decoded = bytes.map((list) => Buffer.from(list.trim().split(/\s+/).map(Number)).toString('latin1'));
  return [...texts, ...decoded].flatMap((text) => [...text.matchAll(/[0-9a-f]{64}/g)].map(([word]) => word));
}

/** Sends SQL of its own over the connection on which a ratified statement runs, once the functions of dblink are lent. */
async function takeConnection(ground: OutsideGround, lent: readonly string[], call: string): Promise<void> {
  await within(ground, 'oneroof_executor', async (session) => {
    const calls = outsideCalls(ground, session);
    const epoch = await calls.begin();
    await runSql(ground.gated.database, lent);
    expect(await calls.send(epoch)).toBe(null);
    // what waits holds a snapshot, for which the build would wait
    await until(async () => ((await indexIn(ground)) === 'valid' ? true : null));
    await session.run(call);
  });
}

/** Waits for what runs on the first connection of the session, and sends its own. */
const takes = (schema: string): string => `$f$ declare c text := (${schema}.dblink_get_connections())[1]; begin
  for i in 1..2 loop perform from ${schema}.dblink_get_result(c) t(v text); end loop;
  perform ${schema}.dblink_exec(c, 'create table public.taken ()'); end $f$`;
const needed = ['dblink_get_connections()', 'dblink_get_result(text)', 'dblink_exec(text, text)'];
const lentTo = (role: string): string[] => [
  `grant usage on schema gate_loopback to ${role}`,
  ...needed.map((one) => `grant execute on function gate_loopback.${one} to ${role}`),
];
const openly: Safeguard = [
  "if lends is not null then return format('%s may call",
  "if false then return format('%s may call",
];

const vacuum = outsideFiles('vacuum big;', 'vacuum big;');

const thefts: readonly Theft[] = [
  {
    name: 'that VACUUM was done, although nothing was noted as sent',
    files: vacuum,
    attack: (ground) =>
      within(ground, 'oneroof_executor', async (session) => {
        const calls = outsideCalls(ground, session);
        const epoch = await calls.begin();
        await session.run('begin');
        expect(await calls.send(epoch)).toBe(null);
        await session.run('rollback');
        await calls.wait(epoch);
        if ((await calls.decide(epoch)) !== 'done') throw new Error('nothing was recorded');
        await runSql(ground.gated.database, ['create table public.taken ()']);
      }),
    why: /nothing was recorded/,
    safeguard: [['\n        and o.sent_at is not null;', ';']],
  },
  {
    name: 'the password from the plans that the server prints',
    attack: (ground) =>
      within(ground, 'oneroof_executor', async (session) => {
        await session.run('set client_min_messages = log');
        await session.run('set debug_print_plan = on');
        await session.run('set debug_pretty_print = off');
        await session.query(sql`select gate.outside_prepare()`);
        const [word] = wordsIn(session.heard().notices.map(({ message, detail }) => `${message} ${detail ?? ''}`));
        if (word === undefined) throw new Error('no plan has it');
        await logIn(ground, word);
      }),
    why: /no plan has it/,
    // either of them is enough
    safeguard: [
      ['set debug_print_plan = off', ''],
      ['set plan_cache_mode = force_generic_plan', ''],
    ],
  },
  {
    name: "the runner's role, by a check constraint of a partition",
    files: detach,
    application: leaves,
    attack: async (ground) => {
      await within(ground, 'oneroof_executor', (session) => outsideCalls(ground, session).run());
      await logIn(ground, 'known');
    },
    why: /gate: outside: a check constraint of parted_1 calls functions that are not of the server/,
    safeguard: [["when seen -> 'calls' is distinct from 'false'", 'when false']],
  },
  {
    name: 'the connection, where everyone may call dblink',
    attack: (ground) => takeConnection(ground, lentTo('public'), `do ${takes('gate_loopback')}`),
    why: /gate: loopback: oneroof_executor may call the functions of dblink/,
    safeguard: [openly],
  },
  {
    name: 'the connection, by functions of the library that no extension has',
    attack: (ground) =>
      takeConnection(
        ground,
        [
          'dblink_get_connections() returns text[]',
          'dblink_get_result(text) returns setof record',
          'dblink_exec(text, text) returns text',
        ].map((one) => `create function public.${one} language c as '$libdir/dblink', '${one.replace(/\(.*/, '')}'`),
        `do ${takes('public')}`,
      ),
    why: /gate: loopback: oneroof_executor may call the functions of dblink/,
    safeguard: [openly],
  },
  {
    name: "the connection, by another role's function that runs with its rights",
    attack: (ground) =>
      takeConnection(
        ground,
        [
          `do $do$ begin if to_regrole('reports') is null then create role reports; end if; end $do$`,
          ...lentTo('reports'),
          `create function public.report() returns void language plpgsql security definer as ${takes('gate_loopback')}`,
          'alter function public.report() owner to reports',
        ],
        'select public.report()',
      ),
    why: /gate: loopback: the executor or the relay may call public[.]report[(][)], whose owner may call the functions of dblink/,
    safeguard: [["if lends is not null then return format('the executor", "if false then return format('the executor"]],
  },
];

/** Ends well where the first table of the thief is there. */
async function requireTaken({ admin }: OutsideGround): Promise<void> {
  const [row] = await admin.query(sql`select to_regclass('public.taken')::text as taken`);
  expect(row).not.toEqual({ taken: null });
}

describe.each(versions)('the loopback of PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  const planOf = (theft: Theft) => ({
    files: theft.files ?? files,
    ...(theft.application === undefined ? {} : { application: theft.application }),
  });

  it.each(thefts)('does not give away $name', { timeout: 120_000 }, (theft) =>
    withOutside({ version, at }, planOf(theft), async (ground) => {
      await expect(theft.attack(ground)).rejects.toThrow(theft.why);
      const [row] = await ground.admin.query(sql`select to_regclass('public.taken')::text as taken`);
      expect(row).toEqual({ taken: null });
    }),
  );

  it.each(thefts)('would give away $name', { timeout: 120_000 }, (theft) =>
    withOutside({ version, at }, { ...planOf(theft), change: changed(theft.safeguard) }, async (ground) => {
      await theft.attack(ground);
      await requireTaken(ground);
    }),
  );

  /** All that a server writes that logs whatever it can, while a connection is made, and while one is refused. */
  async function logged(safeguard: readonly Safeguard[]): Promise<string> {
    let written = '';
    await withOutside({ version, at }, { files, change: changed(safeguard) }, async (ground) => {
      const all = ["log_statement = 'all'", 'log_min_messages = debug5', 'log_min_error_statement = debug5'];
      const more = [
        'log_parameter_max_length = -1',
        'log_parameter_max_length_on_error = -1',
        'log_min_duration_statement = 0',
      ];
      // statements inside of functions too, with their plans and parameters
      const explained = [
        "session_preload_libraries = 'auto_explain'",
        'auto_explain.log_min_duration = 0',
        'auto_explain.log_nested_statements = on',
        'auto_explain.log_analyze = on',
        'auto_explain.log_verbose = on',
      ];
      const begun = at.server.log().length;
      await runSql(at.connection('postgres'), [
        "load 'auto_explain'",
        ...[...all, ...more, ...explained].map((one) => `alter system set ${one}`),
        'select pg_reload_conf()',
        'select pg_sleep(0.5)',
      ]);
      try {
        await within(ground, 'oneroof_executor', async (session) => {
          const tried = async (): Promise<string | null> => {
            await session.query(sql`select gate.outside_prepare()`);
            return (await session.query<{ why: string | null }>(sql`select gate.outside_try() as why`))[0]?.why ?? null;
          };
          expect(await tried()).toBe(null);
          await at.rule('reject');
          expect(await tried()).toMatch(/rejects/);
        });
      } finally {
        await at.rule('scram-sha-256');
        await runSql(at.connection('postgres'), ['alter system reset all', 'select pg_reload_conf()']);
      }
      written = at.server.log().slice(begun);
    });
    return written;
  }
  const password = /password=[0-9a-f]|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/;

  it('writes its password into no log, whatever the server logs', { timeout: 120_000 }, async () => {
    const log = await logged([]);
    expect(log).toContain('select gate.outside_try() as why');
    expect(log).toMatch(/Query Text: .*dblink_connect/);
    expect(log).not.toMatch(password);
  });

  it.each<readonly [string, Safeguard]>([
    [
      'it is a parameter of EXECUTE',
      [
        "gate.outside_address($2, $3))', gate.dblink_schema()) using link, a.host, a.port",
        "$2)', gate.dblink_schema()) using link, gate.outside_address(a.host, a.port)",
      ],
    ],
    ['a plan is made for its value', ['set plan_cache_mode = force_generic_plan', '']],
  ])('would write it where %s', { timeout: 120_000 }, async (_, safeguard) => {
    expect(await logged([safeguard])).toMatch(password);
  });

  it('is closed while its role has more than the application owner, or settings', { timeout: 120_000 }, () =>
    withOutside({ version, at }, { files }, async (ground) => {
      const problem = async (): Promise<unknown> =>
        (await ground.admin.query<{ why: string | null }>(sql`select gate.outside_problem() as why`))[0]?.why;
      expect(await problem()).toBe(null);
      for (const [done, undone, why] of [
        [
          'grant app_owner to oneroof_runner with admin option',
          'revoke admin option for app_owner from oneroof_runner',
          'oneroof_runner is not a member of app_owner',
        ],
        [
          'grant pg_read_all_data to oneroof_runner',
          'revoke pg_read_all_data from oneroof_runner',
          'oneroof_runner is a member of pg_read_all_data too',
        ],
        [
          `alter role oneroof_runner set default_tablespace = ''`,
          'alter role oneroof_runner reset all',
          'oneroof_runner has settings of its own',
        ],
      ] as const) {
        await ground.admin.run(done);
        try {
          expect(await problem()).toBe(why);
          await expect(
            within(ground, 'oneroof_executor', (s) => s.query(sql`select gate.outside_prepare()`)),
          ).rejects.toThrow(`gate: loopback: ${why}`);
        } finally {
          await ground.admin.run(undone);
        }
      }
      expect(await problem()).toBe(null);
    }),
  );
});
