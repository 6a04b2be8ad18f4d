import { canonicalJson } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type Direction, type Release, type SealedRelease } from '../release/index.ts';
import { chooseCycle, isInPlace } from './ratified-cycles.ts';
import { readCycles } from './target.io.ts';
import {
  type Acceptance,
  besideFootprint,
  differingObjects,
  type DriftDifference,
  driftForm,
  type Footprint,
  listSchema,
  type RehearsedSchema,
  type Unrelated,
  unlisted,
} from '../fingerprint/index.ts';

/** What would close the next tier of a cycle: how the database differs from what was rehearsed, or from what its last tier left. */
export async function readDrift(
  session: Pick<Session, 'query'>,
  { statement, direction }: { readonly statement: StatementDigest; readonly direction: Direction },
): Promise<readonly DriftDifference[]> {
  const [row] = await session.query<{ drift: string }>(
    sql`select gate.drift_of(${statement}, ${direction})::text as drift`,
  );
  return driftForm.parse(JSON.parse(row?.drift ?? 'null'));
}

/** How the database differs from a footprint that no one signed yet, but for what its release expects. */
export async function compareFootprint(
  session: Pick<Session, 'query'>,
  { footprint, release }: { readonly footprint: Footprint; readonly release: Pick<Release, 'expects'> },
): Promise<readonly DriftDifference[]> {
  const { anchors, before, varies } = footprint;
  const asked = JSON.stringify({ anchors, before, varies, expects: release.expects ?? null });
  const [row] = await session.query<{ drift: string }>(
    sql`select gate.compare_footprint(${asked}::jsonb)::text as drift`,
  );
  return driftForm.parse(JSON.parse(row?.drift ?? 'null'));
}

/** Hands in what people sign of the schema; before the target's descriptor, which names its digest. */
export async function submitFootprint(session: Session, footprint: Footprint | Acceptance): Promise<void> {
  await session.query(sql`select gate.submit_footprint(${canonicalJson(footprint)})`);
}

/** How a database differs from what was rehearsed. */
export interface SchemaDrift {
  /** Of what the release depends on; null: nothing was rehearsed that it could be compared with. */
  readonly drift: readonly DriftDifference[] | null;
  /** Of all else: the first of it by name; null: that is not known. */
  readonly unrelated: Unrelated | null;
}

/** Objects that are named. */
const mostNamed = 20;

/**
 * Compares the schema with what the cycle in place has left, or with what was there before the release; what the release does not depend on with
 * the schema that was rehearsed.
 */
export async function readSchemaDrift(
  session: Pick<Session, 'query' | 'serverVersion'>,
  { release, rehearsed }: { readonly release: SealedRelease; readonly rehearsed: RehearsedSchema | null },
): Promise<SchemaDrift> {
  const { seal } = release;
  const cycle = chooseCycle(await readCycles(session), { seal, direction: 'down' });
  const inPlace = cycle !== null && isInPlace(cycle);
  if (rehearsed === null && !inPlace) return { drift: null, unrelated: null };
  const drift = inPlace
    ? await readDrift(session, { statement: cycle.statement, direction: 'down' })
    : rehearsed === null
      ? null
      : await compareFootprint(session, { footprint: rehearsed.footprint, release: release.release });
  if (rehearsed?.listing == null || drift === null) return { drift, unrelated: null };
  const all = differingObjects(unlisted(rehearsed.listing), await listSchema(session));
  const beside = besideFootprint(all, { footprint: rehearsed.footprint, drift });
  return { drift, unrelated: { count: beside.length, objects: beside.slice(0, mostNamed) } };
}
