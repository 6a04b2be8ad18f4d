import { type Problem, printable } from '../core/index.ts';
import { sql } from '../database/index.ts';
import {
  captureRows,
  compareRows,
  type ComparedSchemas,
  compareObjects,
  type DataFingerprint,
  type Difference,
  type SchemaDelta,
  sidesOf,
  unproven,
} from '../fingerprint/index.ts';
import { type TierId } from '../release/index.ts';
import { type BoundaryPlan, tiersBehind } from './boundaries.ts';
import { type BoundaryResult } from './boundary.ts';
import { type Comparing, type MarkedClone, schemaOf } from './compare.io.ts';
import { declaredColumns, explained, isDeclared } from './proof.ts';

/** What was there at a half-way point on the way forward. */
export interface Recorded {
  readonly relations: readonly string[];
  readonly schema: SchemaDelta;
  readonly rows: DataFingerprint;
}

/** Rows at one half-way point that are read without being asked for, in bytes of their tables. */
const mostBytes = 256 * 1024 * 1024;

/**
 * Half-way points of a release. The way forward on the twin records the schema and the rows of the relations that later tiers write to; on the way
 * back the clone must be the same again. What the release declares to vary is left out.
 */
export class Boundaries {
  readonly results = new Map<TierId, BoundaryResult>();
  private readonly recorded = new Map<TierId, Recorded>();
  private readonly plans: ReadonlyMap<TierId, BoundaryPlan>;
  private readonly by: Comparing;

  constructor(plans: readonly BoundaryPlan[], chosen: ReadonlySet<TierId>, by: Comparing) {
    this.by = by;
    this.plans = new Map(plans.filter(({ after }) => chosen.has(after)).map((plan) => [plan.after, plan]));
    for (const { after } of plans)
      if (!chosen.has(after))
        this.results.set(after, { after, state: 'not proven', reason: 'one of every few boundaries is proven' });
  }

  /** On the way forward, when a tier has run. */
  async record(marked: MarkedClone, after: TierId): Promise<void> {
    const plan = this.plans.get(after);
    if (plan === undefined) return;
    const was = await recordPoint(marked, plan.relations, this.by);
    if (typeof was === 'string') this.results.set(after, { after, state: 'not proven', reason: was });
    else this.recorded.set(after, was);
  }

  /** On the way back, when the tier behind it was undone. Problems where it is not as it was. */
  async compare(marked: MarkedClone, after: TierId): Promise<readonly Problem[]> {
    const was = this.recorded.get(after);
    if (was === undefined) return [];
    const { found, schemas, ...state } = await comparePoint(marked, was, this.by);
    this.results.set(after, { after, ...state });
    const { tiers } = this.by.options.release.release;
    const work = { tiers: tiersBehind(tiers, after), steps: [] };
    const problems = explained(found, { code: 'BACK_DIFFERS', level: 'logical', schemas, work });
    return problems.map((one) => ({
      ...one,
      problem: printable(`a rollback that stops after tier ${after} is left in place: ${one.problem}`),
    }));
  }
}

/** Records what is there; a text where that costs more than nobody asked for. */
export async function recordPoint(
  marked: MarkedClone,
  relations: readonly string[],
  by: Comparing,
): Promise<Recorded | string> {
  const bytes = by.options.full === true ? 0 : await bytesOf(marked, relations);
  if (bytes > mostBytes) return `the tables that are written to have ${bytes} bytes: more than is read without --full`;
  return { relations, schema: await schemaOf(marked, by), rows: await rowsAt(marked, relations, by) };
}

/** How a clone stands to what was recorded. */
export interface Compared extends Pick<BoundaryResult, 'state' | 'reason'> {
  readonly found: readonly Difference[];
  readonly schemas: ComparedSchemas;
}

/** Compares a clone with what was recorded, of this clone or of another one: all that differs logically. */
export async function comparePoint(marked: MarkedClone, was: Recorded, by: Comparing): Promise<Compared> {
  const [schemaWas, schemaIs] = sidesOf(was.schema, await schemaOf(marked, by));
  const rows = await rowsAt(marked, was.relations, by);
  const { varies } = by.options.release.release;
  const found = [
    // each clone carries a mark of its own
    ...compareObjects(schemaWas, schemaIs).filter((one) => one.kind !== 'database' && !isDeclared(one, varies)),
    ...compareRows(was.rows, rows).filter((one) => one.in === 'rows'),
  ].filter(({ level }) => level === 'logical');
  const known = { found, schemas: [{ objects: schemaWas }, { objects: schemaIs }] } as const;
  if (found.length > 0) return { state: 'different', reason: null, ...known };
  const [open] = unproven(was.rows, rows);
  if (open !== undefined) return { state: 'not proven', reason: `${open.relation}: ${open.reason}`, ...known };
  return { state: 'equal', reason: null, ...known };
}

function rowsAt({ clone }: MarkedClone, relations: readonly string[], by: Comparing): Promise<DataFingerprint> {
  const { release, signal } = by.options;
  return captureRows(clone.connection, {
    seeds: by.seeds,
    relations,
    except: declaredColumns(release.release.varies),
    applicationName: 'oneroof proof',
    signal,
  });
}

async function bytesOf({ reading }: MarkedClone, relations: readonly string[]): Promise<number> {
  const [row] = await reading.query<{ bytes: string }>(sql`
    select coalesce(sum(pg_table_size(to_regclass(r))), 0)::text as bytes from unnest(${relations}::text[]) r where to_regclass(r) is not null`);
  return Number(row?.bytes ?? 0);
}
