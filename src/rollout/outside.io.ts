import { setTimeout as wait } from 'node:timers/promises';
import { OneRoofError } from '../core/index.ts';
import { type Session, sql, sqlStateOf } from '../database/index.ts';
import { noLoopback, refusalOf } from '../gate/index.ts';
import { type Release, type Tier } from '../release/index.ts';
import { enterTier, type TierCall } from './gate-calls.io.ts';
import { unknown } from './halt.ts';
import { rolloutInterrupted, undo } from './executor-session.io.ts';
import { isRetryable } from './retry.ts';
import { type RolloutEvent } from './rollout.ts';
import { type Numbered } from './steps.io.ts';
import { failed, isLost } from './tier.io.ts';

/** A statement outside of a transaction that was to be sent, by the gate's own row. */
export interface OutsideRow {
  readonly direction: 'up' | 'down';
  readonly tier: string;
  readonly n: number;
  readonly phase: 'sent' | 'debris' | 'clearing' | 'absent';
  /** Whether the text was sent, as far as the row knows. */
  readonly sent: boolean;
  /** Its server process; null: not known. */
  readonly pid: number | null;
  /** `done`, or SQLSTATE and message; null: no one heard it. */
  readonly answer: string | null;
  readonly running: boolean;
}

/** What the row says of the statement that is not decided yet; null: every one is. */
export async function readUndecided(session: Session, statement: string): Promise<OutsideRow | null> {
  return (await readSent(session, statement)).find(({ phase }) => phase !== 'absent') ?? null;
}

/** Where the release has what was sent; ROLLOUT_UNKNOWN where it has no such step. */
export function sentStep({ tiers }: Release, sent: OutsideRow): { readonly tier: Tier; readonly one: Numbered } {
  const tier = tiers.find(({ id }) => id === sent.tier);
  const step = tier?.[sent.direction][sent.n - 1];
  if (tier === undefined || step === undefined)
    throw unknown('a statement that was sent', 'it is not in the release', 'gate.outside');
  return { tier, one: { n: sent.n, step } };
}

async function readSent(session: Session, statement: string): Promise<readonly OutsideRow[]> {
  const [row] = await session.query<{ rows: string }>(sql`
    select coalesce(pg_catalog.json_agg(o), '[]')::text as rows from gate.outside_of(${statement}) o`);
  return JSON.parse(row?.rows ?? '[]') as readonly OutsideRow[];
}

/** One statement to run outside of a transaction, and how its run reaches the database and its user. */
export interface OutsideStep {
  readonly target: string;
  readonly entry: TierCall;
  readonly tier: Tier;
  readonly one: Numbered;
  /** A session with the settings of the release; another one where the last was lost. */
  readonly open: () => Promise<Session>;
  readonly close: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: RolloutEvent) => void;
  /** Told the server process that runs it. */
  readonly onRunner: (pid: number) => void;
  /** Nothing new is sent: only what was sent is decided, whatever comes out. */
  readonly only?: 'what was sent';
}

/** How long a server may be away before the run gives up. Milliseconds. */
const away = 30_000;

/**
 * Runs one statement, or goes on with one that an earlier attempt has sent, until the gate has recorded it as done.
 *
 * Shape   every step of it is a row of the gate that is committed, so a session that is lost at any moment costs a new one and no more.
 * Errors  LOCK_TIMEOUT, QUERY_TIMEOUT, SQL_FAILED: nothing of it is there, or what is there is said; GATE_LOOPBACK; INTERRUPTED; refusals of the gate.
 */
export async function runOutside(step: OutsideStep): Promise<void> {
  const began = performance.now();
  let lastSeen = performance.now();
  const run = new OutsideRun(step, began);
  for (;;) {
    try {
      const session = await step.open();
      lastSeen = performance.now();
      if ((await run.advance(session)) === 'done') return;
    } catch (error) {
      // a row that another process updates at this moment, such as the runner's password for another database
      const isBusy = isRetryable(sqlStateOf(error)) || /tuple concurrently updated/.test(String(error));
      if (!isLost(error) && !isAway(error) && !isBusy) throw told(error, step);
      if (performance.now() - lastSeen > away) throw error;
      if (isLost(error)) await step.close();
      await wait(200);
    }
  }
}

/** What the server refused of a call of the gate itself, such as one that took longer than a statement may, at the place of the statement. */
function told(error: unknown, { entry, one }: OutsideStep): unknown {
  if (error instanceof OneRoofError || refusalOf(error) !== null) return error;
  return failed(error, { entry, at: one.step, holders: [] });
}

/** A server that is restarted takes no connections for a while; one that ends while TLS is agreed on looks like one that has none. */
function isAway(error: unknown): boolean {
  return (
    error instanceof OneRoofError &&
    ['CONNECT_REFUSED', 'CONNECT_STARTING', 'CONNECT_TOO_MANY', 'CONNECT_TLS', 'CONNECT_FAILED'].includes(error.code)
  );
}

class OutsideRun {
  private readonly step: OutsideStep;
  private readonly began: number;
  /** The session that has committed an intention, and so may send it. */
  private prepared: Session | null = null;
  private isCancelled = false;
  /** Since when it is waited for. */
  private sentAt: number;

  constructor(step: OutsideStep, began: number) {
    this.step = step;
    this.began = began;
    this.sentAt = began;
  }

  /** One move from the present rows. */
  async advance(session: Session): Promise<'done' | 'on'> {
    const { statement } = this.step.entry;
    const open = await readUndecided(session, statement);
    if (open === null) return this.step.only === undefined ? await this.begin(session) : 'done';
    if (open.phase === 'debris') return await this.clear(session);
    if (!open.sent && !open.running && this.prepared === session) return await this.send(session);
    this.prepared = null;
    if (await this.isRunning(session, open)) return 'on';
    return await this.decide(session, open);
  }

  private get isAborted(): boolean {
    return this.step.signal?.aborted === true;
  }

  private async begin(session: Session): Promise<'on'> {
    const { entry, one } = this.step;
    if (this.isAborted) throw rolloutInterrupted(entry.tier);
    this.step.onEvent({ at: 'step', tier: entry.tier, step: one.n });
    await session.query(sql`begin`);
    try {
      await enterTier(session, entry);
      await session.query(
        sql`select gate.outside_begin(${entry.statement}, ${entry.direction}, ${entry.tier}, ${one.n}::integer, ${one.step.sql})`,
      );
      await session.query(sql`commit`);
    } catch (error) {
      await undo(session);
      throw error;
    }
    this.prepared = session;
    return 'on';
  }

  private async clear(session: Session): Promise<'on'> {
    const { statement, epoch } = this.step.entry;
    await session.query(sql`select gate.outside_clear(${statement}, ${epoch}::bigint)`);
    this.prepared = session;
    return 'on';
  }

  private async send(session: Session): Promise<'on'> {
    const { entry, one, target } = this.step;
    this.prepared = null;
    const [row] = await session.query<{ problem: string | null }>(
      sql`select gate.outside_send(${entry.statement}, ${entry.epoch}::bigint, ${one.step.sql}) as problem`,
    );
    const problem = row?.problem ?? null;
    // another rollout of this server may have changed the runner's password meanwhile
    if (problem !== null && performance.now() - this.began > 10_000) throw noLoopback(target, problem);
    this.sentAt = performance.now();
    return 'on';
  }

  private async isRunning(session: Session, open: OutsideRow): Promise<boolean> {
    const { statement, epoch } = this.step.entry;
    if (this.isAborted && !this.isCancelled) {
      this.isCancelled = true;
      await session.query(sql`select gate.outside_cancel(${statement})`);
    }
    const [row] = await session.query<{ running: string }>(
      sql`select gate.outside_poll(${statement}, ${epoch}::bigint)::text as running`,
    );
    if (row?.running !== 'true') return false;
    if (open.pid !== null) this.step.onRunner(open.pid);
    // its end is heard within a fiftieth of its time; a long one is asked less often, because each question is a snapshot that it may have to wait for
    await wait(Math.min(Math.max((performance.now() - this.sentAt) / 50, 10), 500));
    return true;
  }

  private async decide(session: Session, open: OutsideRow): Promise<'done' | 'on'> {
    const { entry, tier, one } = this.step;
    this.step.onRunner(session.pid);
    const [row] = await session.query<{ outcome: string }>(
      sql`select gate.outside_decide(${entry.statement}, ${entry.epoch}::bigint) as outcome`,
    );
    const outcome = row?.outcome ?? '';
    const isOurs = open.direction === entry.direction && open.tier === entry.tier && open.n === one.n;
    if (outcome === 'done') return isOurs ? 'done' : 'on';
    const said = (await readSent(session, entry.statement)).find(({ n, tier: of }) => n === open.n && of === open.tier);
    const answer = said?.answer ?? open.answer;
    if (outcome === 'absent' && this.step.only !== undefined) return 'done';
    if (this.isAborted && outcome === 'absent') throw rolloutInterrupted(entry.tier);
    if (answer === null || answer === 'done') return 'on';
    const state = answer.slice(0, 5);
    const isLeft = outcome === 'debris' && open.phase === 'clearing';
    // waiting for a lock again is worth while only where each wait is short
    const mayWait = isRetryable(state) && performance.now() - this.began < (tier.wait ?? 0);
    if ((outcome === 'absent' || isLeft) && !mayWait) {
      const cause = Object.assign(new Error(answer.slice(7)), { code: state });
      const error = failed(cause, { entry, at: one.step, holders: [] });
      throw isLeft ? withDebris(error, open.tier) : error;
    }
    await wait(200);
    return 'on';
  }
}

/** What was cut off is still there, because taking it away was cut off too. */
function withDebris(error: OneRoofError, tier: string): OneRoofError {
  const [first] = error.problems;
  return new OneRoofError(first.code, {
    ...first,
    facts: { ...first.facts, tier },
    problem: `${first.problem}; what tier ${tier} left half done is still there, and harms no one but the speed of writes`,
    fix: 'end what it waits for, or wait for it; then run the same command again: it takes that away first',
    cause: error,
  });
}
