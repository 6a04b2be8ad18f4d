import { randomBytes } from 'node:crypto';
import { openSession } from '../database/index.ts';
import { type Migration, type Script } from '../import/index.ts';
import { type Parser } from '../release/index.ts';
import { type Fault, type JudgementRecord } from './check-result.ts';
import { failureFault, unjudged } from './failure.ts';
import { leaveOut, type LeftOut } from './left-out.ts';
import { judgeMigration, spotOf } from './judge.io.ts';
import { dropInvalidIndexes, emptyTables, type JudgingGround, sendWithRoles } from './judging-ground.io.ts';
import { namedRows } from './named-rows.ts';
import { namedValues, withBodies } from './named-values.ts';
import { namedReferences } from './named-references.ts';
import { plantReferences, plantValues } from './plant-values.io.ts';
import { refreshFilledViews } from './refresh-views.io.ts';
import { fillRows, rowsFromFile } from './rows/index.ts';
import { type ShownValues } from './said-error.ts';
import { type Sandbox } from './sandbox.io.ts';
import { type Sent, sentOf } from './sent.ts';
import { type VerdictBoard } from './verdict-board.ts';

/** A database with the history and with rows. */
export interface GoldenBase {
  readonly database: string;
  readonly rows: JudgementRecord['rows'];
}

/** What chains have in common. */
export interface ChainPlan {
  /** All migrations up to the last one that is to be judged. */
  readonly migrations: readonly Migration[];
  readonly judged: ReadonlySet<Migration>;
  /** Some migration of the project has a down. */
  readonly hasDowns: boolean;
  readonly board: VerdictBoard;
  readonly onJudgement: (migration: Migration, judgement: JudgementRecord) => void;
  readonly parser: Parser;
  readonly values: ShownValues;
  /** What the chain begins on; null: on nothing, and it replays the history. */
  readonly golden: GoldenBase | null;
  /** A file of SQL with rows, in place before the first judged migration; null: synthetic rows alone. */
  readonly rows: string | null;
  readonly signal: AbortSignal;
  /** Before each migration. */
  readonly onProgress: (now: string) => void;
}

const replayed = 'oneroof_base';
/** Of one statement that plants rows. */
const longestPlanting = '5s';
/** Verdicts that say that an up does not run. */
const failing: readonly string[] = ['not-judged', 'up-fails', 'up-fails-on-rows', 'needs-no-transaction'];
/** How rows are made: the same in each run and in each chain, so that a check can be repeated. */
export const planted = { seed: 'oneroof', perTable: 8 } as const;

/**
 * One database on a server of its own that is taken past each migration. Before one that is to be judged it gets rows; if no other chain has done
 * so, the migration is judged on a copy. A judgement leaves nothing in the chain, so each comes to the same, whichever chain makes it.
 */
export class ReplayChain {
  private readonly plan: ChainPlan;
  private readonly sandbox: Sandbox;
  private readonly ground: JudgingGround;
  private readonly history: Fault[] = [];
  /** What the base could not get past. */
  private leftOut: LeftOut | null = null;
  /** The base lacks what another run would not lack: nothing that is judged on it is kept. */
  private isPassing = false;
  private filled: JudgementRecord['rows'] | null = null;

  constructor(plan: ChainPlan, sandbox: Sandbox) {
    this.plan = plan;
    this.sandbox = sandbox;
    const { parser, values, signal, golden } = plan;
    const base = golden?.database ?? replayed;
    this.filled = golden?.rows ?? null;
    this.ground = { sandbox, parser, base, seeds: drawn(), values, roles: new Set(), signal };
  }

  /** Goes on until each migration is judged, or about to be by another chain. */
  async run(): Promise<void> {
    const { migrations, judged, board, signal, golden, onProgress, onJudgement } = this.plan;
    if (golden === null) await this.sandbox.make(replayed, 'empty');
    for (const migration of migrations) {
      if (board.open === 0) return;
      signal.throwIfAborted();
      if (judged.has(migration)) {
        if (golden === null) await this.fill(migration);
        if (board.claim(migration)) {
          onProgress(`judging ${migration.name}`);
          const judgement = await this.judge(migration);
          if (!this.isPassing) onJudgement(migration, judgement);
          board.say(migration, judgement);
          if (board.open === 0) return;
        }
      } else onProgress(`replaying ${migration.name}`);
      await this.advance(migration);
    }
  }

  private async judge(migration: Migration): Promise<JudgementRecord> {
    const were = await this.sandbox.roles();
    const roles = new Set(this.ground.roles);
    const rows = this.filled ?? { tables: 0, rows: 0, empty: [] };
    const history = [...this.history];
    const judged = await judgeMigration({ ...this.ground, roles }, migration, {
      hasDowns: this.plan.hasDowns,
      empty: rows.empty,
      leftOut: this.leftOut,
    });
    // roles belong to the whole server: what the judged one made is made again when the base goes past it
    await this.sandbox.restoreRoles(were);
    return { judged, history, roles: [...roles], rows };
  }

  /** Takes the base past a migration. One that fails is left out, and named, if it was not judged. */
  private async advance(migration: Migration): Promise<void> {
    const { judged, board, signal, golden } = this.plan;
    const { base } = this.ground;
    const isJudged = judged.has(migration);
    const spot = spotOf(migration.up);
    if (migration.unreadable !== null) {
      const fix = 'what follows is judged without it';
      return this.leave(
        migration,
        unjudged(spot, { cause: migration.unreadable, facts: { why: migration.unreadable }, fix }),
        isJudged,
      );
    }
    const send = async (script = migration.up) =>
      (await sendWithRoles(this.ground, script, { database: base, old: null })).failure;
    let failure = await send();
    // what comes after is judged as if the tool had run it the right way
    if (failure?.needsNoTransaction === true) failure = await send({ ...migration.up, send: 'statements' });
    if (failure === null) return;
    const said = isJudged ? (await board.of(migration, signal)).judged.faults.map(({ code }) => code) : null;
    const mayBeRows = said === null ? this.filled !== null : said.includes('up-fails-on-rows');
    // what is judged on production's rows is not judged without them
    if (golden === null && mayBeRows && (await emptyTables(this.sandbox.owner(base)))) {
      if (failure.leaves !== null) await dropInvalidIndexes(this.sandbox.owner(base));
      failure = await send();
    }
    if (failure === null) return;
    const fault =
      failure.unjudged === null
        ? failureFault('up-fails', failure, {
            begin: 'the history cannot be replayed',
            fix: 'correct it, or make it readable for the check',
          })
        : unjudged(failure.spot, failure.unjudged);
    // its own verdict may be that of another server, on which it ran
    const isTold = said !== null && said.some((code) => failing.includes(code));
    this.isPassing ||= failure.unjudged !== null || (said !== null && !isTold);
    this.leave(migration, fault, isTold);
  }

  /** What follows is judged without this migration: what fails then may fail because of it. */
  private leave(migration: Migration, fault: Fault, isTold: boolean): void {
    this.leftOut = leaveOut(this.leftOut, migration, fault);
    if (!isTold) this.history.push(fault);
  }

  private async fill(migration: Migration): Promise<void> {
    const session = await openSession(this.sandbox.owner(this.ground.base), {
      applicationName: 'oneroof check',
      // triggers and views of the schema run, and may never end
      settings: { search_path: 'public', statement_timeout: longestPlanting },
    });
    try {
      const given = this.filled !== null || this.plan.rows === null ? 0 : await rowsFromFile(session, this.plan.rows);
      const { tables, rows, empty } = await fillRows(session, planted);
      this.filled = { tables, rows: (this.filled?.rows ?? 0) + given + rows, empty: [...empty] };
      await plantValues(session, namedIn(this.ground.parser, migration));
      await plantReferences(session, namedReferences(sentOf(this.ground.parser, migration.up)));
      await refreshFilledViews(session);
    } finally {
      await session.close();
    }
  }
}

/** Two numbers that no migration can know. */
function drawn(): readonly [string, string] {
  const one = (): string => randomBytes(8).readBigInt64LE().toString();
  return [one(), one()];
}

/** The values that the statements of a migration ask rows for. */
function namedIn(parser: Parser, { up, down }: Migration): Parameters<typeof plantValues>[1] {
  const all = (script: Script): readonly Sent[] => withBodies(parser, sentOf(parser, script));
  const of = { up: all(up), down: down === null ? [] : all(down) };
  return { rows: namedRows(of), values: namedValues(of) };
}
