import { setTimeout as wait } from 'node:timers/promises';
import { isAlive } from '../../src/core/index.ts';
import { openSession, type Session, sql } from '../../src/database/index.ts';
import { type StatementDigest } from '../../src/evidence/index.ts';
import { type Direction } from '../../src/release/index.ts';
import { type Version } from '../binaries.io.ts';
import { runSql } from '../database.io.ts';
import { ownAddress, ruleOf } from '../gate/loopback.io.ts';
import { type Runner, type Runners, withRunners } from './fixture.io.ts';
import { type KillableServer, withKillableServer } from './killable-server.io.ts';
import { keyOf, type Moment, stands, stops, withMoments } from './moments.ts';
import { type OutsideGround, withOutside } from './outside.io.ts';

/** What is killed. */
export const victims = ['client', 'executor', 'runner', 'server'] as const;
export type Victim = (typeof victims)[number];

/** The tiers of the release that are outside, by their numbers: each statement leaves something else to look at, or nothing. */
const tiers: Readonly<Record<string, Readonly<Record<Direction, readonly string[]>>>> = {
  2: {
    up: [
      'create index concurrently big_v on public.big (v)',
      'reindex index concurrently public.big_old',
      'alter table public.parted detach partition public.parted_1 concurrently',
      'vacuum public.big',
    ],
    down: ['vacuum public.parted_1', 'drop index concurrently if exists public.big_v'],
  },
  // what makes an index again is the only statement of its down
  3: {
    up: ['drop index concurrently public.big_w'],
    down: ['create index concurrently big_w on public.big (id, v)'],
  },
};

/** A statement of them: `n` is ten times the number of its tier, and its own. */
export interface Sent {
  readonly n: number;
  readonly text: string;
}

const sentIn = (direction: Direction): readonly Sent[] =>
  Object.entries(tiers).flatMap(([tier, of]) =>
    of[direction].map((text, at) => ({ n: Number(tier) * 10 + at + 1, text })),
  );

/** In the order in which they are run. */
export const statements: Readonly<Record<Direction, readonly Sent[]>> = {
  up: sentIn('up'),
  down: sentIn('down').toSorted((a, b) => Math.floor(b.n / 10) - Math.floor(a.n / 10) || a.n - b.n),
};

const lines = (texts: readonly string[]): string => texts.map((one) => `${one};\n`).join('');

const files: Readonly<Record<string, string>> = {
  'release.yaml': `format: 1
name: concurrent
title: Concurrent
database: shop
touches: [public.big, public.parted, public.parted_1, public.made]
authors: [{ name: writer, kind: agent, instructedBy: ira }]
settings: { lockTimeout: 5s, statementTimeout: 1min }
tiers:
  - { id: 1-made, title: Made }
  - { id: 2-outside, title: Outside, transaction: outside, wait: 10s }
  - { id: 3-outside, title: Outside, transaction: outside, wait: 10s }
`,
  'tiers/1-made/up.sql': 'create table public.made (id integer);\n',
  'tiers/1-made/down.sql':
    'alter table public.parted attach partition public.parted_1 for values from (0) to (10);\ndrop table if exists public.made;\n',
  ...Object.fromEntries(
    Object.entries(tiers).flatMap(([tier, { up, down }]) => [
      [`tiers/${tier}-outside/up.sql`, lines(up)],
      [`tiers/${tier}-outside/down.sql`, lines(down)],
    ]),
  ),
};

const application = [
  'create table parted (id integer, at integer not null) partition by range (at)',
  'create table parted_1 (id integer, at integer not null, constraint within check (at >= 0 and at < 10))',
  'alter table parted attach partition parted_1 for values from (0) to (10)',
  'insert into parted select i, i % 10 from generate_series(1, 100) i',
  'create index big_old on big (v, id)',
  'create index big_w on big (id, v)',
];

/** What went wrong, and how often what was done; counted over a whole test. */
export interface Tally {
  kills: number;
  /** A step that the gate has recorded, and its effect is not there; or that is not recorded. */
  readonly lost: string[];
  /** A statement that ended well twice, by the log of the server. */
  readonly twice: string[];
  readonly invalid: string[];
  /** The same command, or one whose process was not killed, did not reach its end. */
  readonly wrong: string[];
  /** How often a process whose server, or session, was killed between two transactions said that the connection was lost. */
  disconnected: number;
}

/** A server that can be killed, a gate that stops at moments, and one ratified cycle after the other. */
export class KillGround {
  readonly tally: Tally = { kills: 0, lost: [], twice: [], invalid: [], wrong: [], disconnected: 0 };
  private readonly killable: KillableServer;
  private readonly ground: OutsideGround;
  private readonly runners: Runners;
  private session: Session | null = null;
  private read = '';

  constructor(of: { killable: KillableServer; ground: OutsideGround; runners: Runners }) {
    this.killable = of.killable;
    this.ground = of.ground;
    this.runners = of.runners;
  }

  /** As the superuser; another one after the server was killed. */
  async admin(): Promise<Session> {
    this.session ??= await openSession(this.ground.gated.database, { applicationName: 'test' });
    return this.session;
  }

  async ratify(): Promise<StatementDigest> {
    const { gated } = this.ground;
    return await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
  }

  start(statement: StatementDigest, direction: Direction): Runner {
    const { gated } = this.ground;
    return this.runners.start({
      sealed: gated.sealed,
      connection: { ...gated.database, user: 'oneroof_executor' },
      statement,
      direction,
      through: null,
      boundary: 0,
      moment: 'at',
      signal: 'SIGKILL',
    });
  }

  async hold(keys: readonly number[]): Promise<void> {
    await (await this.admin()).query(
      sql`select pg_advisory_lock(${stops}::integer, k) from unnest(${keys}::integer[]) k`,
    );
  }

  async release(key: number): Promise<void> {
    await (await this.admin()).query(sql`select pg_advisory_unlock(${stops}::integer, ${key}::integer)`);
  }

  /** Waits until the gate stands at one of these moments; null: the process ended before. */
  async standing(keys: readonly number[], { ended }: Runner): Promise<number | null> {
    const admin = await this.admin();
    for (const until = Date.now() + 60_000; Date.now() < until; ) {
      const [row] = await admin.query<{ key: string }>(sql`
        select objid::text as key from pg_locks where locktype = 'advisory' and granted and classid = ${stands}::oid
          and objid::bigint = any (${keys}::bigint[]) and database = (select oid from pg_database where datname = current_database())`);
      if (row !== undefined) return Number(row.key);
      if (await Promise.race([ended.then(() => true), wait(5, false)])) return null;
    }
    throw new Error(`neither at one of ${keys.join(', ')} nor ended within a minute`);
  }

  /** How a process that was not killed has ended; `lost` is told where the session was killed while nothing was sent. */
  async ended(runner: Runner, after: string): Promise<'done' | 'lost' | 'wrong'> {
    const { told, signal } = await runner.ended;
    if (signal === null && /"result":"(done|nothing-to-do)"/.test(told)) return 'done';
    if (
      /^OneRoofError: (the connection to .* was lost|the connection was lost in tier .* says that it was not applied|the server ended the session between two|.*(no server answers there|takes no connections now|closed the connection before it answered|sslmode requires a connection))/.test(
        told,
      )
    ) {
      this.tally.disconnected += 1;
      return 'lost';
    }
    this.tally.wrong.push(`${after}: ${signal ?? told}`);
    return 'wrong';
  }

  /** Kills one; false where there is none. */
  async kill(victim: Victim, runner: Runner): Promise<boolean> {
    if (victim === 'client') {
      if (!isAlive(runner.pid)) return false;
      process.kill(runner.pid, 'SIGKILL');
      await runner.ended;
    } else if (victim === 'server') {
      this.listen();
      this.session = null;
      await this.killable.kill();
    } else {
      const rows = await (await this.admin()).query(sql`
        select pg_terminate_backend(pid) from pg_stat_activity where usename = ${`oneroof_${victim}`} and datname = current_database()`);
      if (rows.length === 0) return false;
    }
    this.tally.kills += 1;
    return true;
  }

  /** A transaction that statements on either table have to wait for, until what is returned is called. */
  async block(): Promise<() => Promise<void>> {
    const blocker = await openSession(this.ground.gated.database, { applicationName: 'report' });
    await blocker.query(sql`begin`);
    await blocker.query(sql`update public.big set v = v where id = 1`);
    await blocker.query(sql`select count(*) from public.parted`);
    return () => blocker.close().catch(() => undefined);
  }

  /** Waits until something half done is there. */
  async debris(): Promise<void> {
    const admin = await this.admin();
    for (const until = Date.now() + 20_000; Date.now() < until; await wait(10)) {
      const rows = await admin.query(
        sql`select from pg_index where not indisvalid union all select from pg_inherits where inhdetachpending`,
      );
      if (rows.length > 0) return;
    }
    throw new Error('nothing was left half done');
  }

  /** The same command, undisturbed, and what is there afterwards. */
  async conclude(statement: StatementDigest, direction: Direction): Promise<void> {
    const { tally } = this;
    const ended = await this.ground.run(direction, { statement }).then(
      ({ result }) => result,
      (error: unknown) => String(error),
    );
    if (!['done', 'nothing-to-do'].includes(ended)) tally.wrong.push(`${direction}: the same command: ${ended}`);
    const admin = await this.admin();
    const isUp = direction === 'up';
    const [found] = await admin.query<Record<string, string>>(sql`
      select (select count(*)::text from gate.steps where statement = ${statement} and direction = ${direction}) as steps,
        (select count(*)::text from gate.markers where statement = ${statement} and direction = ${direction}) as markers,
        (select count(*)::text from gate.outside where statement = ${statement} and phase <> 'done') as undecided,
        (select count(*)::text from pg_index where indexrelid = to_regclass('public.big_v')) as big_v,
        (select count(*)::text from pg_index where indexrelid = to_regclass('public.big_w')) as big_w,
        (select count(*)::text from pg_inherits where inhparent = 'public.parted'::regclass) as parts,
        (select count(*)::text from pg_authid where rolname = 'oneroof_runner' and rolpassword is not null) as passwords,
        (select count(*)::text from pg_stat_activity where usename = 'oneroof_runner') as runners`);
    const steps = statements[direction].length + (isUp ? 1 : 2);
    const wanted = {
      steps: `${steps}`,
      markers: '3',
      undecided: '0',
      big_v: isUp ? '1' : '0',
      big_w: isUp ? '0' : '1',
    };
    const expected = JSON.stringify({ ...wanted, parts: isUp ? '0' : '1', passwords: '0', runners: '0' });
    if (JSON.stringify(found) !== expected) tally.lost.push(`${direction}: ${JSON.stringify(found)} for ${expected}`);
    const invalid = await admin.query<{ name: string }>(
      sql`select indexrelid::regclass::text as name from pg_index where not (indisvalid and indisready and indislive)
        union all select inhrelid::regclass::text from pg_inherits where inhdetachpending`,
    );
    tally.invalid.push(...invalid.map(({ name }) => `${direction}: ${name}`));
    this.listen();
    for (const { text } of statements[direction]) {
      const times = this.read
        .split('\n')
        .filter((line) => line.startsWith('oneroof_runner|') && line.endsWith(`: ${text}`));
      // VACUUM leaves nothing to decide by, so it is done again where no one heard the answer
      if (times.length > 1 && !text.startsWith('vacuum')) tally.twice.push(`${direction}: ${text}: ${times.length}`);
    }
    this.read = '';
    this.seen = this.killable.server().log().length;
  }

  private seen = 0;

  /** Keeps what the server has logged; a server that is started again has a log of its own. */
  private listen(): void {
    this.read += this.killable.server().log().slice(this.seen);
    this.seen = 0;
  }

  async close(): Promise<void> {
    await this.session?.close().catch(() => undefined);
  }
}

/** A ground for one version of the server. */
export async function withKillGround(version: Version, use: (ground: KillGround) => Promise<void>): Promise<void> {
  const host = ownAddress();
  // the end of each statement is logged: an oracle that is not of the gate
  const settings = { listen_addresses: host, log_min_duration_statement: '0', log_line_prefix: '%u|' };
  await withRunners((runners) =>
    withKillableServer(
      version,
      async (killable) => {
        await ruleOf(killable.server())('scram-sha-256');
        await runSql(killable.own, ['create role app_owner login']);
        const at = { connection: (database: string) => ({ ...killable.own, host, database }) };
        await withOutside({ version, at }, { files, application, change: withMoments }, async (ground) => {
          const kills = new KillGround({ killable, ground, runners });
          try {
            await use(kills);
          } finally {
            await kills.close();
          }
        });
      },
      settings,
    ),
  );
}

/** A kill of somebody at a moment of one statement. */
export interface Cut {
  readonly direction: Direction;
  /** The number of the statement. */
  readonly n: number;
  readonly moment: Moment;
  readonly clears: boolean;
  readonly victim: Victim;
}

export const nameOf = ({ direction, n, moment, clears, victim }: Cut): string =>
  `${direction} ${n}, ${clears ? 'clearing, ' : ''}${moment}: ${victim}`;

/**
 * One direction of a cycle, cut where it is asked for: in the order of the statements and their moments.
 *
 * Shape   answers with the cuts that were made; a moment that was not met again was not cut.
 */
export async function runCut(
  ground: KillGround,
  of: { readonly statement: StatementDigest; readonly direction: Direction; readonly cuts: readonly Cut[] },
): Promise<readonly Cut[]> {
  const { statement, direction } = of;
  const stages = new Map(of.cuts.flatMap((cut) => stagesOf(cut, of.cuts)).map((stage) => [stage.key, stage]));
  const made: Cut[] = [];
  await ground.hold([...stages.keys()]);
  let runner = ground.start(statement, direction);
  let unblock = async (): Promise<void> => undefined;
  for (;;) {
    const key = await ground.standing([...stages.keys()], runner);
    const stage = key === null ? undefined : stages.get(key);
    if (stage === undefined) {
      if ((await ground.ended(runner, `${direction}: ${made.map(nameOf).join('; ')}`)) !== 'lost') break;
      runner = ground.start(statement, direction);
      continue;
    }
    stages.delete(stage.key);
    if (stage.does === 'block') unblock = await ground.block();
    else {
      if (stage.waits) await ground.debris();
      if ((await ground.kill(stage.does, runner)) && stage.cut !== null) made.push(stage.cut);
      // its locks went with the server
      if (stage.does === 'server') await ground.hold([...stages.keys()]);
    }
    if (stage.does !== 'server') await ground.release(stage.key);
    if (stage.does === 'block') continue;
    await unblock();
    unblock = async () => undefined;
    if (stage.does === 'client') runner = ground.start(statement, direction);
  }
  await unblock();
  for (const key of stages.keys()) await ground.release(key);
  await ground.conclude(statement, direction);
  return made;
}

interface Stage {
  readonly key: number;
  readonly does: Victim | 'block';
  /** Until the statement has left something half done. */
  readonly waits: boolean;
  readonly cut: Cut | null;
}

/** A kill while the statement runs needs something to wait for; what is half done has to be made first. */
function stagesOf(cut: Cut, all: readonly Cut[]): readonly Stage[] {
  const { n, moment, clears, victim } = cut;
  const own: Stage = { key: keyOf(cut), does: victim, waits: false, cut };
  const isFirst = all.find((one) => one.n === n) === cut;
  if (!isFirst || (!clears && moment !== 'running')) return [own];
  const block: Stage = {
    key: keyOf({ n, moment: 'intention committed', clears: false }),
    does: 'block',
    waits: false,
    cut: null,
  };
  if (!clears) return [block, own];
  return [block, { key: keyOf({ n, moment: 'running', clears: false }), does: 'runner', waits: true, cut: null }, own];
}
