import { type SourceIdentity } from '../clone/index.ts';
import { type Instant, now, OneRoofError, type Problem, stated } from '../core/index.ts';
import {
  type Connection,
  findGuarded,
  type Harmless,
  isRowSecurity,
  measureMetric,
  type Observer,
  openObserver,
  readerOf,
  type Snapshot,
  sql,
} from '../database/index.ts';
import { captureSchema, type RehearsedSchema } from '../fingerprint/index.ts';
import { ownSettings, type Release, type SealedRelease } from '../release/index.ts';
import { readClocks } from './database-clock.io.ts';
import { type Baseline, type GateReading, type GateVerdict } from './gate.ts';
import { judge, type MeasuredMetrics } from './judge-metrics.ts';
import { type GateRows } from './rows.ts';
import { readSchemaDrift, type SchemaDrift } from './drift.io.ts';
import { readRows } from './target.io.ts';

/** What is checked, and since when. */
export interface GateReadingOptions {
  readonly release: SealedRelease;
  readonly target: { readonly name: string; readonly observer: Connection };
  readonly at: Instant;
  /** What was rehearsed; null: nothing that counts. */
  readonly rehearsed?: RehearsedSchema | null;
}

/** Two measurements of production, with what lies between, and what our own session did. */
export interface BaselineReading {
  readonly identity: SourceIdentity;
  readonly entry: Baseline;
  readonly exit: Baseline;
  /** Metrics that differ between entry and exit, and `schema`: someone else's change. */
  readonly changedMeanwhile: readonly string[];
  readonly harmless: Harmless;
  /** Metrics that could not be measured; they are in neither baseline. */
  readonly failed: Readonly<Record<string, Problem>>;
}

/**
 * Measures every metric and the schema's digest twice, at entry and at exit, read-only.
 *
 * Errors  those of openObserver: OBSERVER_CAN_WRITE, CONNECT_…; OBSERVER_WROTE.
 */
export async function readBaseline(look: Omit<GateReadingOptions, 'rehearsed'>): Promise<BaselineReading> {
  const { last: _, ...baseline } = await lookWith(look, async () => null);
  return baseline;
}

/** The baseline, and what is checked last. */
async function lookWith<Last>(
  { release: { release }, target, at }: Omit<GateReadingOptions, 'rehearsed'>,
  last: (observer: Observer) => Promise<Last>,
): Promise<BaselineReading & { readonly last: Last }> {
  const observer = await openObserver(target.observer, {
    applicationName: 'oneroof gate',
    searchPath: release.settings.searchPath,
    custom: ownSettings(release.settings),
  });
  const look = (takenAt: Instant) => observer.snapshot((reading) => measure(reading, release, takenAt));
  const work = async () => {
    const identity = await observer.snapshot(readRatifiedRole);
    return { identity, first: await look(at), second: await look(now()), last: await last(observer) };
  };
  const done = await work().catch(async (error: unknown) => {
    // the first error says what happened; an error of closing a broken session would hide it
    await observer.close().catch(() => null);
    throw error;
  });
  const harmless = await observer.close();
  const { identity, first, second } = done;
  const names = new Set([...Object.keys(first.baseline.metrics), ...Object.keys(second.baseline.metrics)]);
  return {
    identity,
    entry: first.baseline,
    exit: second.baseline,
    changedMeanwhile: [
      ...[...names].filter((name) => first.baseline.metrics[name] !== second.baseline.metrics[name]),
      ...(first.baseline.schemaDigest === second.baseline.schemaDigest ? [] : ['schema']),
    ],
    harmless,
    failed: { ...first.failed, ...second.failed },
    last: done.last,
  };
}

/** Where no gate is installed, or this role may not ask it, its rows are not known; the rest of the reading stands all the same. */
async function readRowsWith(
  observer: Observer,
  { release, rehearsed }: { readonly release: SealedRelease; readonly rehearsed: RehearsedSchema | null },
): Promise<SchemaDrift & { readonly rows: GateRows }> {
  try {
    return await observer.snapshot(async (session) => ({
      rows: await readRows(session, release.seal),
      ...(await readSchemaDrift(session, { release, rehearsed })),
    }));
  } catch (error) {
    if (error instanceof OneRoofError && error.code === 'CONNECTION_LOST') throw error;
    return {
      rows: { state: 'unread', why: error instanceof Error ? error.message : String(error) },
      drift: null,
      unrelated: null,
    };
  }
}

async function measure(reading: Snapshot, release: Release, takenAt: Instant) {
  const metrics: Record<string, number> = {};
  const failed: Record<string, Problem> = {};
  for (const { name, query } of release.metrics) {
    try {
      metrics[name] = await measureMetric(readerOf(reading), { name, sql: query.sql, place: query.place });
    } catch (error) {
      if (!(error instanceof OneRoofError) || error.code === 'CONNECTION_LOST') throw error;
      const guarded = isRowSecurity(error.cause) ? await findGuarded(reading) : null;
      // the verdict shows the problem alone, and a person has to know what to do
      failed[name] =
        guarded === null
          ? error.problems[0]
          : { ...error.problems[0], ...stated`${{ said: guarded.text }}; ${{ fix: guarded.fix }}`, fix: guarded.fix };
    }
  }
  const { digest } = await captureSchema(reading);
  return { baseline: { takenAt, metrics, schemaDigest: digest } satisfies Baseline, failed };
}

async function readRatifiedRole(reading: Snapshot): Promise<SourceIdentity> {
  const [row] = await reading.query<{ database: string; system: string; timeline: string; oid: string }>(sql`
    select current_database() as database, s.system_identifier::text as system,
      -- the control file still shows the old timeline right after a promotion; a standby has nothing better
      case when pg_is_in_recovery() then c.timeline_id::bigint
        else ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint end::text as timeline, d.oid::text as oid
    from pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_database d
    where d.datname = current_database()`);
  return {
    database: row?.database ?? '',
    systemIdentifier: row?.system ?? '',
    timeline: Number(row?.timeline),
    databaseOid: row?.oid ?? '',
    serverVersion: reading.serverVersion,
  };
}

/** Where everything has been rolled out already, production need not be at greenfield again. */
function decide(release: Release, metrics: MeasuredMetrics['metrics']): GateVerdict {
  const before = judge({ release, metrics, progress: 'greenfield' });
  if (before.decision === 'OPEN' || Object.keys(release.invariants.finalized).length === 0) return before;
  const after = judge({ release, metrics, progress: 'finalized' });
  return after.decision === 'OPEN' ? after : before;
}

/**
 * Reads the gate in production once. Production that cannot be read is BLOCKED, not an error.
 *
 * Errors  OBSERVER_CAN_WRITE, OBSERVER_WROTE, and errors of the address (exit status 2 or 3): a reading that would not be safe.
 */
export async function readGate(look: GateReadingOptions): Promise<GateReading> {
  const { release: sealed, target, at } = look;
  const facts = {
    version: 1,
    release: sealed.release.name,
    seal: sealed.seal,
    target: target.name,
    readAt: at,
  } as const;
  try {
    const { rehearsed = null } = look;
    const { failed, last, ...read } = await lookWith(look, async (observer) => ({
      clocks: await observer.snapshot(readClocks),
      ...(await readRowsWith(observer, { release: sealed, rehearsed })),
    }));
    const metrics = { ...read.exit.metrics, ...failed };
    return { ...facts, ...read, ...last, verdict: decide(sealed.release, metrics) };
  } catch (error) {
    if (!(error instanceof OneRoofError) || error.exitStatus !== 4 || error.code === 'OBSERVER_WROTE') throw error;
    return {
      ...facts,
      identity: null,
      entry: null,
      exit: null,
      changedMeanwhile: [],
      harmless: null,
      rows: { state: 'unread', why: error.problems[0].problem },
      drift: null,
      unrelated: null,
      verdict: { decision: 'BLOCKED', reasons: [{ kind: 'unreachable', problem: error.problems[0].problem }] },
    };
  }
}
