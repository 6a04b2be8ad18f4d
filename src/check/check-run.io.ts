import { onAbort } from '../core/index.ts';
import { findBinaries, launchWithout, serverEdition } from '../database/index.ts';
import { type Migration, type MigrationProject } from '../import/index.ts';
import { loadParser } from '../release/index.ts';
import { type ChainPlan, planted, ReplayChain } from './chain.io.ts';
import { type CheckResult, type JudgedMigration, type JudgementRecord } from './check-result.ts';
import { type ChosenMigrations } from './chosen.ts';
import { isFailed } from './faults.ts';
import { type GoldenGround } from './golden-ground.io.ts';
import { withSizes } from './in-production.ts';
import { type ProductionSizes } from './production-sizes.ts';
import { readRowsFile } from './rows/index.ts';
import { type ShownValues } from './said-error.ts';
import { openSandbox, type Sandbox, type SandboxRole } from './sandbox.io.ts';
import { VerdictBoard } from './verdict-board.ts';
import { type VerdictCache } from './verdict-cache.io.ts';
import { verdictKeys } from './verdict-key.ts';

/** What is checked, and how. */
export interface CheckPlan {
  readonly project: MigrationProject;
  readonly chosen: ChosenMigrations;
  /** The major version of PostgreSQL. */
  readonly major: number;
  readonly as: SandboxRole;
  readonly values: ShownValues;
  /** A file of SQL with rows, in place before the first judged migration; null: synthetic rows alone. */
  readonly rows: string | null;
  /** A golden copy that is judged on; null: the history is replayed, with synthetic rows. */
  readonly golden: GoldenGround | null;
  /** The production whose sizes are told; null: none is named. */
  readonly against: ProductionSizes | null;
  /** Private servers that judge at a time, at most. */
  readonly jobs: number;
  /** Verdicts of earlier runs of this program, which says what it is; null: each is judged now, as on a golden copy. */
  readonly cache: { readonly verdicts: VerdictCache; readonly program: string } | null;
  readonly signal: AbortSignal;
  /** Before each migration. */
  readonly onProgress: (now: string) => void;
  /** After each judged migration, in their order. */
  readonly onJudged: (judged: JudgedMigration) => void;
}

/** A server replays the history for itself: it is worth that for so many migrations. */
const worthAServer = 4;

/**
 * Judges the migrations of a repository on private servers: replays the history, gives the tables rows, and runs each chosen migration forward,
 * back and forward again on a copy. If all verdicts are known from earlier runs, no server is started.
 *
 * Errors  SERVER_NO_BINARIES, SERVER_START, CHECK_ROWS, INTERRUPTED.
 */
export async function checkMigrations(plan: CheckPlan): Promise<CheckResult> {
  const began = performance.now();
  const { project, chosen, golden, against } = plan;
  const sized = (judged: JudgedMigration): JudgedMigration => (against === null ? judged : withSizes(judged, against));
  const { runsOn, details } = golden === null ? privateServer(plan) : { ...golden, details: '' };
  const order = project.migrations.filter((one) => chosen.judged.has(one));
  const known = keptOf(plan, details);
  const board = new VerdictBoard(order, known.judgements, (judged) => plan.onJudged(sized(judged)));
  if (board.open > 0) {
    const last = order.findLast((one) => !known.judgements.has(one));
    await judgeOpen(plan, {
      board,
      // a golden copy has the history, so only what is judged is run on it
      migrations:
        golden === null ? project.migrations.slice(0, project.migrations.indexOf(last as Migration) + 1) : order,
      onJudgement: known.keep,
    });
  }
  const judgements = board.all();
  const end = judgements.at(-1);
  // each of what judged them may lack something else
  const faults = judgements.flatMap((one) => one.history).map((fault) => [JSON.stringify(fault), fault] as const);
  const history = [...new Map(faults).values()];
  const migrations = judgements.map(({ judged }) => sized(judged));
  const { tool, folder, knownBy, warnings } = project;
  return {
    project: { tool, folder, knownBy, migrations: project.migrations.length, warnings: [...warnings] },
    server: runsOn,
    scope: chosen.scope,
    history,
    roles: [...new Set(judgements.flatMap(({ roles }) => roles))].toSorted(),
    rows: end?.rows ?? golden?.rows ?? { tables: 0, rows: 0, empty: [] },
    golden: golden?.told ?? null,
    against: against === null ? null : { name: against.name, tables: against.tables.size },
    migrations,
    cached: known.judgements.size,
    outcome: migrations.some(isFailed) || history.length > 0 ? 'failed' : 'passed',
    milliseconds: performance.now() - began,
  };
}

/** What the private servers are, and all that tells them from others. */
function privateServer({ major, as }: Pick<CheckPlan, 'major' | 'as'>): {
  readonly runsOn: CheckResult['server'];
  readonly details: string;
} {
  const binaries = findBinaries(major);
  const { version, details } = serverEdition(binaries);
  return { runsOn: { version, network: launchWithout(binaries).network, role: as }, details };
}

/** What earlier runs judged, and how the next ones learn of this one. */
function keptOf(
  { project, chosen, as, values, rows, cache }: CheckPlan,
  server: string,
): {
  readonly judgements: ReadonlyMap<Migration, JudgementRecord>;
  readonly keep: (migration: Migration, judgement: JudgementRecord) => void;
} {
  // values of rows are on no disk, unless the user writes them there
  if (cache === null || values === 'shown') return { judgements: new Map(), keep: () => undefined };
  const { verdicts, program } = cache;
  const given = rows === null ? null : readRowsFile(rows);
  const keys = verdictKeys(project, chosen, { program, server, as, ...planted, rows: given });
  const found = [...keys].flatMap(([migration, key]) => {
    const judgement = verdicts.read(key, migration);
    return judgement === null ? [] : [[migration, judgement] as const];
  });
  return {
    judgements: new Map(found),
    keep: (migration, judgement) => {
      const key = keys.get(migration);
      if (key !== undefined) verdicts.write(key, judgement);
    },
  };
}

/** Lets several chains judge what is open. The first error ends them all. */
async function judgeOpen(plan: CheckPlan, of: Pick<ChainPlan, 'board' | 'migrations' | 'onJudgement'>): Promise<void> {
  const { project, chosen, jobs, values, rows, golden } = plan;
  const parser = await loadParser();
  const failed = new AbortController();
  const signal = AbortSignal.any([plan.signal, failed.signal]);
  const chain = async (_: unknown, at: number): Promise<void> => {
    try {
      await withSandbox(plan, signal, async (sandbox) => {
        const own: ChainPlan = {
          ...of,
          judged: chosen.judged,
          hasDowns: project.migrations.some(({ down }) => down !== null),
          parser,
          values,
          rows,
          golden,
          signal,
          // all replay the same
          onProgress: (now) => (at === 0 || now.startsWith('judging')) && plan.onProgress(now),
        };
        await new ReplayChain(own, sandbox).run();
      });
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const chains = golden === null ? Math.max(1, Math.min(jobs, Math.ceil(of.board.open / worthAServer))) : 1;
  if (golden === null) plan.onProgress('starting a private PostgreSQL');
  await Promise.allSettled(Array.from({ length: chains }, chain));
  signal.throwIfAborted();
}

async function withSandbox(
  { major, as, golden }: CheckPlan,
  signal: AbortSignal,
  use: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = golden?.sandbox ?? (await openSandbox({ major, as }));
  // what runs there is of no more use: the server ends, and with it every query
  const end = (): void => void sandbox.abandon();
  const stopListening = onAbort(signal, end);
  try {
    signal.throwIfAborted();
    await use(sandbox);
  } finally {
    stopListening();
    // who prepared a golden copy ends it
    if (golden === null) await sandbox.stop();
  }
}
