import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { writeStatement } from '../../src/evidence/index.ts';
import { submitSignature } from '../../src/gate/index.ts';
import { newest, runSql, versions } from '../database.io.ts';
import { indexIn, outsideFiles, type OutsideGround, until, withOutside } from '../rollout/outside.io.ts';
import { assertion } from './cycle.io.ts';
import { changed, ratifyHostile, type Safeguard } from './hostile.io.ts';
import { type LoopbackServer, startLoopbackServer } from './loopback.io.ts';
import { outsideCalls } from './outside-calls.io.ts';

const up = 'create index concurrently big_v on big (v)';
const down = 'drop index concurrently if exists big_v';
const files = outsideFiles(`${up};`, `${down};`);

const executor = <T>({ gated }: OutsideGround, use: (session: Session) => Promise<T>): Promise<T> =>
  gated.as('oneroof_executor', use);

const owner = (ground: OutsideGround, text: string): Promise<void> =>
  runSql(ground.gated.database, ['set role app_owner', text]);

async function revoke({ gated, statement }: OutsideGround): Promise<void> {
  const body = writeStatement({
    kind: 'revocation',
    subject: { name: 'concurrent', digest: statement as never },
    predicate: { reason: 'no', nonce: '1' },
  });
  await gated.as('oneroof_relay', (relay) => submitSignature(relay, body, assertion(gated.people.ben, body)));
}

/** Leaves an invalid index: a build that the server cuts off, because it waits for a writer. */
async function cutOff(ground: OutsideGround, session: Session): Promise<string> {
  const writer = await openSession(ground.gated.database, { applicationName: 'slow report' });
  await writer.run('begin');
  await writer.run("insert into public.big values (-1, 'held')");
  const calls = outsideCalls(ground, session);
  const epoch = await calls.begin();
  expect(await calls.send(epoch)).toBe(null);
  await until(async () => ((await indexIn(ground)) === 'invalid' ? true : null));
  await ground.admin.query(
    sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'oneroof_runner' and datname = current_database()`,
  );
  await calls.wait(epoch);
  await writer.close();
  return epoch;
}

/** Leaves an invalid index, and clears it while another session works on its table; `look` is asked in a transaction before that session begins. */
async function clearBeside(
  work: string,
  of: { readonly ground: OutsideGround; readonly session: Session; readonly look?: () => Promise<void> },
): Promise<void> {
  const { ground, session, look } = of;
  const epoch = await cutOff(ground, session);
  const calls = outsideCalls(ground, session);
  expect(await calls.decide(epoch)).toBe('debris');
  if (look !== undefined) {
    await session.run('begin');
    await look();
  }
  const reader = await openSession(ground.gated.database, { applicationName: 'slow report' });
  const repairing = await openSession(ground.gated.database, { applicationName: 'repair' });
  try {
    await reader.run('begin');
    await reader.run("insert into public.big values (-2, 'held')");
    const repair = repairing.run(work).catch(() => undefined);
    await until(async () => {
      const [row] = await ground.admin.query(sql`select 1 from pg_locks where locktype = 'virtualxid' and not granted`);
      return row ?? null;
    });
    try {
      await calls.clear(epoch);
      // what waits for this transaction waits for its end
      if (look !== undefined) await session.run('commit');
    } finally {
      await reader.run('rollback');
      await repair;
    }
  } finally {
    await reader.close();
    await repairing.close();
  }
}

/** What a stolen credential of the executor, or the application's owner, does; what refuses it, and what is taken out so that it ends well. */
interface Misuse {
  readonly name: string;
  readonly attack: (ground: OutsideGround) => Promise<void>;
  readonly why: string;
  readonly safeguard: readonly Safeguard[];
}

const digestAtSend: Safeguard = [
  "if gate.step_digest(step) is distinct from t.steps[o.n] then perform gate.refuse('step'",
  "if false then perform gate.refuse('step'",
];

const misuses: readonly Misuse[] = [
  ...['create table public.taken ()', down, `${up} `, `-- ${up}`].map(
    (text): Misuse => ({
      name: `another text than the ratified one is sent: ${text}`,
      attack: (ground) =>
        executor(ground, async (session) => {
          const calls = outsideCalls(ground, session);
          expect(await calls.send(await calls.begin(), text)).toBe(null);
        }),
      why: 'gate: step: these are not the bytes that were ratified',
      safeguard: [digestAtSend],
    }),
  ),
  {
    name: 'another text than the ratified one is intended',
    attack: (ground) =>
      executor(ground, async (session) => {
        await outsideCalls(ground, session).begin('create index concurrently big_v on big (id)');
      }),
    why: 'gate: step: these are not the bytes that were ratified',
    safeguard: [
      ['if t.steps[of_n] is null or gate.step_digest(step) is distinct from t.steps[of_n] then', 'if false then'],
    ],
  },
  {
    name: 'a seal that no program of ours made has another statement than its probe says',
    attack: (ground) =>
      executor(ground, async (session) => {
        const text = 'create table public.taken ()';
        const statement = await ratifyHostile(ground.gated, { steps: [text] });
        const calls = outsideCalls({ ...ground, statement }, session);
        expect(await calls.send(await calls.begin(text), text)).toBe(null);
      }),
    why: 'gate: outside: its text is not what its probe says',
    safeguard: [["if (step ~* gate.outside_shape(the_probe ->> 'act')) is not true then", 'if false then']],
  },
  {
    name: 'it is sent after a revocation',
    attack: (ground) =>
      executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        const epoch = await calls.begin();
        await revoke(ground);
        expect(await calls.send(epoch)).toBe(null);
      }),
    why: 'gate: revoked',
    safeguard: [['    perform gate.require_tier_open(o.statement, o.direction, o.tier);\n', '']],
  },
  {
    name: 'it is sent long after data gates and schema were compared',
    attack: (ground) =>
      executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        const epoch = await calls.begin();
        await ground.admin.run("update gate.outside set began_at = began_at - interval '61 seconds'");
        expect(await calls.send(epoch)).toBe(null);
      }),
    why: 'gate: age: the intention was written more than 60 seconds ago',
    safeguard: [["if (clock_timestamp() - o.began_at <= interval '60 seconds') is not true then", 'if false then']],
  },
  ...(['send', 'decide'] as const).map(
    (call): Misuse => ({
      name: `an older attempt goes on, with ${call}`,
      attack: (ground) =>
        executor(ground, async (session) => {
          const calls = outsideCalls(ground, session);
          const epoch = await calls.begin();
          await executor(ground, (other) => other.query(sql`select gate.begin_attempt(${ground.statement}, 'up')`));
          await calls[call](epoch);
        }),
      why: 'gate: fence: a newer attempt has begun',
      safeguard: [
        [
          "perform from gate.fence where epoch = of_epoch for update;\n  if not found then perform gate.refuse('fence', 'a newer attempt has begun'); end if;\n  perform pg_notify",
          'perform pg_notify',
        ],
      ],
    }),
  ),
  {
    name: 'it is sent twice at once',
    attack: (ground) =>
      executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        const epoch = await calls.begin();
        expect(await calls.send(epoch)).toBe(null);
        await calls.send(epoch);
      }),
    why: 'gate: order: nothing is to be sent',
    safeguard: [
      ["where u.phase in ('sent', 'clearing') and u.sent_at is null;", "where u.phase in ('sent', 'clearing');"],
    ],
  },
  {
    name: 'it is decided while it runs',
    attack: async (ground) => {
      const writer = await openSession(ground.gated.database, { applicationName: 'slow report' });
      try {
        await writer.run('begin');
        await writer.run("insert into public.big values (-1, 'held')");
        await executor(ground, async (session) => {
          const calls = outsideCalls(ground, session);
          const epoch = await calls.begin();
          expect(await calls.send(epoch)).toBe(null);
          await until(async () => ((await indexIn(ground)) === 'invalid' ? true : null));
          await calls.decide(epoch);
        });
      } finally {
        await writer.close();
      }
    },
    why: 'gate: outside: it is still running',
    safeguard: [
      [
        "then perform gate.refuse('outside', 'it is still running')",
        "then perform num_nonnulls('outside', 'it is still running')",
      ],
    ],
  },
  {
    name: 'the tier is entered while a statement of it is not decided',
    attack: (ground) =>
      executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        await calls.begin();
        await calls.begin();
      }),
    why: 'gate: outside: a statement of it was sent, and is not decided',
    safeguard: [['  perform gate.require_decided(of_statement);\n', '']],
  },
  {
    name: "an invalid index of another table, which has the step's name, is dropped as debris of it",
    attack: (ground) =>
      executor(ground, async (session) => {
        const calls = outsideCalls(ground, session);
        const epoch = await calls.begin();
        await owner(ground, "create table public.other as select 'x'::text as v from generate_series(1, 2)");
        await owner(ground, 'create unique index concurrently big_v on public.other (v)').catch(() => undefined);
        expect(await calls.decide(epoch)).toBe('debris');
        await calls.clear(epoch);
        expect(await calls.send(epoch)).toBe(null);
        await calls.wait(epoch);
        expect(await indexIn(ground)).toBe('absent');
      }),
    why: 'gate: outside: there is an object named big_v that is not of this step',
    safeguard: [["when seen #>> '{found,table}' is distinct from before ->> 'table' or", 'when']],
  },
  {
    name: 'an index that is being repaired, or built by others, is dropped as debris',
    attack: (ground) =>
      executor(ground, (session) => clearBeside('reindex index concurrently public.big_v', { ground, session })),
    why: 'gate: outside: process ',
    safeguard: [
      ["if busy is not null then perform gate.refuse('outside'", "if false then perform gate.refuse('outside'"],
    ],
  },
  {
    name: 'an index of its table is being built, which a transaction cannot know that looked at sessions before',
    attack: (ground) =>
      executor(ground, async (session) => {
        const look = async (): Promise<void> => void (await session.query(sql`select pid from pg_stat_activity`));
        await clearBeside('create index concurrently on public.big (id)', { ground, session, look });
      }),
    why: 'gate: outside: process ',
    safeguard: [['  perform pg_stat_clear_snapshot(); -- a transaction keeps', '  -- a transaction keeps']],
  },
  {
    name: 'it is sent by a session that has not written the intention',
    attack: (ground) =>
      executor(ground, async (session) => {
        const epoch = await outsideCalls(ground, session).begin();
        await executor(ground, async (other) => {
          await other.query(sql`select gate.outside_prepare()`);
          const problem = await outsideCalls(ground, other).send(epoch);
          if (problem !== null) throw new Error(problem);
        });
      }),
    why: 'this session has prepared no connection for it',
    safeguard: [['if (gate.own_link()).session is distinct from o.session then', 'if false then']],
  },
];

describe.each(versions)('statements outside of a transaction of PostgreSQL %s', (version) => {
  let at: LoopbackServer;
  beforeAll(async () => {
    at = await startLoopbackServer(version);
    await runSql(at.connection('postgres'), ['create role app_owner login']);
  });
  afterAll(() => at.server.stop());

  it.each(misuses)('are refused where $name', { timeout: 120_000 }, ({ attack, why }) =>
    withOutside({ version, at }, { files }, async (ground) => {
      await expect(attack(ground)).rejects.toThrow(why);
    }),
  );

  // the checks are the same on each version
  it.runIf((newest as readonly string[]).includes(version)).each(misuses)(
    'would not be refused where $name',
    { timeout: 120_000 },
    ({ attack, safeguard }) => withOutside({ version, at }, { files, change: changed(safeguard) }, attack),
  );
});
