import { type Problem, printable } from '../core/index.ts';
import { sql } from '../database/index.ts';
import {
  captureRows,
  compareRows,
  compareObjects,
  type DataFingerprint,
  type SchemaDelta,
  sidesOf,
  unproven,
} from '../fingerprint/index.ts';
import { type TierId } from '../release/index.ts';
import { type BoundaryPlan, tiersBehind } from './boundaries.ts';
import { type BoundaryResult } from './boundary.ts';
import { type Comparing, type MarkedClone, schemaOf } from './compare.io.ts';
import { declaredColumns, explained } from './proof.ts';

/** What was there at a boundary on the way forward. */
interface Recorded {
  readonly schema: SchemaDelta;
  readonly rows: DataFingerprint;
}

/** Rows at one boundary that are read without being asked for, in bytes of their tables. */
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
    const bytes = this.by.options.full === true ? 0 : await bytesOf(marked, plan.relations);
    if (bytes > mostBytes) {
      const reason = `the tables that later tiers write to have ${bytes} bytes: more than is read without --full`;
      this.results.set(after, { after, state: 'not proven', reason });
      return;
    }
    const schema = await schemaOf(marked, this.by);
    this.recorded.set(after, { schema, rows: await this.rowsOf(marked, plan.relations) });
  }

  /** On the way back, when the tier behind it was undone. Problems where it is not as it was. */
  async compare(marked: MarkedClone, after: TierId): Promise<readonly Problem[]> {
    const plan = this.plans.get(after);
    const was = this.recorded.get(after);
    if (plan === undefined || was === undefined) return [];
    const [schemaWas, schemaIs] = sidesOf(was.schema, await schemaOf(marked, this.by));
    const rows = await this.rowsOf(marked, plan.relations);
    const found = [
      // each clone carries a mark of its own
      ...compareObjects(schemaWas, schemaIs).filter(({ kind }) => kind !== 'database'),
      ...compareRows(was.rows, rows).filter((one) => one.in === 'rows'),
    ].filter(({ level }) => level === 'logical');
    const open = unproven(was.rows, rows);
    if (found.length > 0) this.results.set(after, { after, state: 'different', reason: null });
    else if (open.length > 0)
      this.results.set(after, { after, state: 'not proven', reason: `${open[0]?.relation}: ${open[0]?.reason}` });
    else this.results.set(after, { after, state: 'equal', reason: null });
    const tiers = this.by.options.release.release.tiers;
    const problems = explained(found, {
      code: 'BACK_DIFFERS',
      level: 'logical',
      schemas: [{ objects: schemaWas }, { objects: schemaIs }],
      work: { tiers: tiersBehind(tiers, after), steps: [] },
    });
    return problems.map((one) => ({
      ...one,
      problem: printable(`a rollback that stops after tier ${after} is left in place: ${one.problem}`),
    }));
  }

  private rowsOf({ clone }: MarkedClone, relations: readonly string[]): Promise<DataFingerprint> {
    const { release, signal } = this.by.options;
    return captureRows(clone.connection, {
      seeds: this.by.seeds,
      relations,
      except: declaredColumns(release.release.varies),
      applicationName: 'oneroof proof',
      signal,
    });
  }
}

async function bytesOf({ reading }: MarkedClone, relations: readonly string[]): Promise<number> {
  const [row] = await reading.query<{ bytes: string }>(sql`
    select coalesce(sum(pg_table_size(to_regclass(r))), 0)::text as bytes from unnest(${relations}::text[]) r where to_regclass(r) is not null`);
  return Number(row?.bytes ?? 0);
}
