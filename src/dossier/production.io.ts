import { type Instant, OneRoofError } from '../core/index.ts';
import { fixed, type Harmless, openObserver, type Snapshot, sql } from '../database/index.ts';
import { schemaDigestSql } from '../fingerprint/index.ts';
import {
  type BaselineReading,
  type GateReadingOptions,
  readBaseline,
  readSchemaDrift,
  type SchemaDrift,
} from '../gate/index.ts';
import { readBlockers } from '../rollout/index.ts';
import { type ProductionReading } from './dossier.ts';
import { type RehearsedState, schemaAgainst, stateOf } from './production.ts';

/** Differences that a dossier shows. */
const mostDrift = 100;

/** What is checked, and the schema that was rehearsed. */
export interface ProductionLook extends Omit<GateReadingOptions, 'rehearsed'> {
  readonly rehearsed: RehearsedState;
}

/**
 * Reads production as it is now, read-only, with the observer's role. What cannot be read is a value with the reason.
 *
 * Errors  OBSERVER_WROTE: the reading changed something, which must not be ignored.
 */
export async function readProduction(look: ProductionLook): Promise<ProductionReading> {
  try {
    const baseline = await readBaseline(look);
    const around = await readAround(look);
    return writeDown(look, baseline, around);
  } catch (error) {
    if (!(error instanceof OneRoofError) || error.code === 'OBSERVER_WROTE') throw error;
    const { problem, fix } = error.problems[0];
    return { read: false, why: `${problem} (${fix})` };
  }
}

interface Around extends SchemaDrift {
  readonly schema: string;
  readonly blockers: readonly string[];
  readonly unseen: string | null;
  readonly harmless: Harmless;
}

async function readAround(look: ProductionLook): Promise<Around> {
  const { target } = look;
  const { release } = look.release;
  const observer = await openObserver(target.observer, { applicationName: 'oneroof dossier' });
  const work = () =>
    observer.snapshot(async (reading) => ({
      ...(await readDriftWith(reading, look)),
      schema: await readOwnSchema(reading),
      blockers: await readBlockers(reading, release),
      unseen: await readUnseen(reading),
    }));
  const seen = await work().catch(async (error: unknown) => {
    // the first error says what happened; an error of closing a broken session would hide it
    await observer.close().catch(() => null);
    throw error;
  });
  return { ...seen, harmless: await observer.close() };
}

/** By the gate, where there is one that our role may ask. */
async function readDriftWith(reading: Snapshot, look: ProductionLook): Promise<SchemaDrift> {
  const [may] = await reading.query<{ may: string }>(sql`
    select coalesce(pg_catalog.bool_and(pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_function_privilege(p.oid, 'execute')), false)::text as may
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'gate' and p.proname = 'compare_footprint'`);
  if (may?.may !== 'true') return { drift: null, unrelated: null };
  return await readSchemaDrift(reading, { release: look.release, rehearsed: look.rehearsed.of });
}

async function readOwnSchema(reading: Snapshot): Promise<string> {
  const [row] = await reading.query<{ digest: string }>(
    sql`select ${fixed(schemaDigestSql(reading.serverVersion))} as digest`,
  );
  return row?.digest ?? '';
}

/** The server hides from a role when the transactions of others began. */
async function readUnseen(reading: Snapshot): Promise<string | null> {
  const [row] = await reading.query<{ sees: string }>(
    sql`select pg_catalog.pg_has_role('pg_read_all_stats', 'usage')::text as sees`,
  );
  if (row?.sees === 'true') return null;
  return 'long transactions of other roles: the observer is not a member of pg_read_all_stats';
}

function writeDown(look: ProductionLook, baseline: BaselineReading, around: Around): ProductionReading {
  const { release } = look.release;
  const at: Instant = baseline.exit.takenAt;
  return {
    read: true,
    at,
    schema: schemaAgainst(look.rehearsed.schema, around),
    drift: (around.drift ?? []).slice(0, mostDrift),
    unrelated: around.unrelated,
    ...stateOf(release, baseline.exit.metrics),
    blockers: around.blockers,
    unseen: around.unseen,
    harmless: harmlessOf(baseline, around.harmless),
  };
}

/** Both sessions ended without OBSERVER_WROTE, so the server's counters were zero; changes by others meanwhile are named. */
function harmlessOf({ changedMeanwhile, harmless }: BaselineReading, later: Harmless): string {
  const { role, standby } = harmless;
  const rows = harmless.rowsWritten + later.rowsWritten;
  const meanwhile = changedMeanwhile.length === 0 ? '' : `; others changed meanwhile: ${changedMeanwhile.join(', ')}`;
  return `as ${role}${standby ? ', on a standby' : ''}, ${rows} rows written, no transaction ID, no advisory lock${meanwhile}`;
}
