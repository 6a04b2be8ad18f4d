import { randomBytes } from 'node:crypto';
import { onAbort } from '../core/index.ts';
import { openSession } from '../database/index.ts';
import { type Migration, type MigrationProject } from '../import/index.ts';
import { loadParser } from '../release/index.ts';
import { type ChosenMigrations } from './chosen.ts';
import { failureFault, unjudged } from './failure.ts';
import { isFailed } from './faults.ts';
import { judgeMigration, spotOf } from './judge.io.ts';
import { emptyTables, type JudgingGround, sendWithRoles } from './judging-ground.io.ts';
import { fillRows, rowsFromFile } from './rows/index.ts';
import { namedValues } from './named-values.ts';
import { namedReferences } from './named-references.ts';
import { plantReferences, plantValues } from './plant-values.io.ts';
import { refreshFilledViews } from './refresh-views.io.ts';
import { type ShownValues } from './said-error.ts';
import { openSandbox, type Sandbox } from './sandbox.io.ts';
import { sentOf } from './sent.ts';
import { type CheckResult, type Fault, type JudgedMigration } from './check-result.ts';

/** What is checked, and how. */
export interface CheckPlan {
  readonly project: MigrationProject;
  readonly chosen: ChosenMigrations;
  /** The major version of PostgreSQL. */
  readonly major: number;
  readonly as: Sandbox['role'];
  readonly values: ShownValues;
  /** A file of SQL with rows, in place before the first judged migration; null: synthetic rows alone. */
  readonly rows: string | null;
  readonly signal: AbortSignal;
  /** Before each migration. */
  readonly onProgress: (now: string) => void;
  /** After each judged migration. */
  readonly onJudged: (judged: JudgedMigration) => void;
}

const base = 'oneroof_base';
/** Rows that a table gets. */
const perTable = 8;
/** The rows are the same in each run, so that a check can be repeated. */
const seed = 'oneroof';

/**
 * Judges the migrations of a repository on a private server: replays the history, gives the tables rows, and runs each chosen migration forward,
 * back and forward again on a copy.
 *
 * Errors  SERVER_NO_BINARIES, SERVER_START, CHECK_ROWS, INTERRUPTED.
 */
export async function checkMigrations(plan: CheckPlan): Promise<CheckResult> {
  const began = performance.now();
  plan.onProgress('starting a private PostgreSQL');
  const sandbox = await openSandbox({ major: plan.major, as: plan.as });
  // what runs there is of no more use: the server ends, and with it every query
  const end = (): void => void sandbox.abandon();
  const stopListening = onAbort(plan.signal, end);
  try {
    plan.signal.throwIfAborted();
    return await new Run(plan, sandbox, await loadParser()).result(began);
  } finally {
    stopListening();
    await sandbox.stop();
  }
}

class Run {
  private readonly plan: CheckPlan;
  private readonly sandbox: Sandbox;
  private readonly ground: JudgingGround;
  private readonly history: Fault[] = [];
  private readonly judged: JudgedMigration[] = [];
  /** The first migration that the base could not get past. */
  private broken: Fault | null = null;
  private filled: CheckResult['rows'] = { tables: 0, rows: 0, empty: [] };

  constructor(plan: CheckPlan, sandbox: Sandbox, parser: JudgingGround['parser']) {
    this.plan = plan;
    this.sandbox = sandbox;
    const { values, signal } = plan;
    this.ground = { sandbox, parser, base, seeds: drawn(), values, roles: new Set(), signal };
  }

  async result(began: number): Promise<CheckResult> {
    const { project, chosen } = this.plan;
    const { judged } = chosen;
    await this.sandbox.make(base, 'empty');
    const last = project.migrations.findLastIndex((one) => judged.has(one));
    for (const migration of project.migrations.slice(0, last + 1)) {
      this.plan.signal.throwIfAborted();
      this.plan.onProgress(`${judged.has(migration) ? 'judging' : 'replaying'} ${migration.name}`);
      await this.advance(migration, judged.has(migration) ? await this.judge(migration) : null);
    }
    const failed = this.judged.some(isFailed) || this.history.length > 0;
    const { tool, folder, knownBy, migrations, warnings } = project;
    return {
      project: { tool, folder, knownBy, migrations: migrations.length, warnings: [...warnings] },
      server: { version: this.sandbox.version, network: this.sandbox.network, role: this.sandbox.role },
      scope: chosen.scope,
      history: this.history,
      roles: [...this.ground.roles].toSorted(),
      rows: this.filled,
      migrations: this.judged,
      outcome: failed ? 'failed' : 'passed',
      milliseconds: performance.now() - began,
    };
  }

  private async judge(migration: Migration): Promise<JudgedMigration> {
    const { project, onJudged } = this.plan;
    await this.fill(migration);
    const roles = await this.sandbox.roles();
    const judged = await judgeMigration(this.ground, migration, {
      hasDowns: project.migrations.some(({ down }) => down !== null),
      empty: this.filled.empty,
      broken: this.broken,
    });
    // roles belong to the whole server: what the judged one made is made again when the base goes past it
    await this.sandbox.restoreRoles(new Set([...roles, ...this.ground.roles]));
    this.judged.push(judged);
    onJudged(judged);
    return judged;
  }

  /** Takes the base past a migration. One that fails is left out, and named, if it was not judged. */
  private async advance(migration: Migration, judged: JudgedMigration | null): Promise<void> {
    const spot = spotOf(migration.up);
    if (migration.unreadable !== null) {
      const fix = 'what follows is judged without it';
      return this.leaveOut(unjudged(spot, { cause: migration.unreadable, fix }), judged);
    }
    const send = async (script = migration.up) =>
      (await sendWithRoles(this.ground, script, { database: base, old: [] })).failure;
    let failure = await send();
    // what comes after is judged as if the tool had run it the right way
    if (failure?.needsNoTransaction === true) failure = await send({ ...migration.up, send: 'statements' });
    const mayBeRows =
      judged === null ? this.judged.length > 0 : judged.faults.some(({ code }) => code === 'up-fails-on-rows');
    if (failure !== null && mayBeRows && (await emptyTables(this.sandbox.owner(base)))) failure = await send();
    if (failure === null) return;
    const fault =
      failure.unjudged === null
        ? failureFault('up-fails', failure, {
            begin: 'the history cannot be replayed',
            fix: 'correct it, or make it readable for the check',
          })
        : unjudged(failure.spot, failure.unjudged);
    this.leaveOut(fault, judged);
  }

  /** What follows is judged without this migration: what fails then may fail because of it. */
  private leaveOut(fault: Fault, judged: JudgedMigration | null): void {
    this.broken ??= fault;
    if (judged === null) this.history.push(fault);
  }

  private async fill(migration: Migration): Promise<void> {
    const session = await openSession(this.sandbox.owner(base), {
      applicationName: 'oneroof check',
      settings: { search_path: 'public' },
    });
    try {
      const given = this.judged.length > 0 || this.plan.rows === null ? 0 : await rowsFromFile(session, this.plan.rows);
      const { tables, rows, empty } = await fillRows(session, { seed, perTable });
      this.filled = { tables, rows: this.filled.rows + given + rows, empty: [...empty] };
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
function namedIn(parser: JudgingGround['parser'], { up, down }: Migration): ReturnType<typeof namedValues> {
  return namedValues({ up: sentOf(parser, up), down: down === null ? [] : sentOf(parser, down) });
}
