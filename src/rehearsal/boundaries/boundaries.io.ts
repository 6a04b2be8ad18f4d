import { type Problem, printable } from '../../core/index.ts';
import { sql } from '../../database/index.ts';
import {
  captureRows,
  compareRows,
  type ComparedSchemas,
  compareObjects,
  type DataFingerprint,
  type Difference,
  sidesOf,
  unproven,
} from '../../fingerprint/index.ts';
import { type TierId } from '../../release/index.ts';
import {
  type Comparing,
  declaredColumns,
  explained,
  isDeclared,
  type MarkedClone,
  schemaDifferences,
} from '../comparison/index.ts';
import { type BoundaryState, tiersBehind } from './boundaries.ts';
import { type BoundaryResult } from './boundary.ts';

/** The most that is read at one half-way point without `--full`, in bytes of the tables. */
const mostBytes = 256 * 1024 * 1024;

/**
 * Compares a half-way point in the rollback, after the tier behind it was undone, with what the forward run on the twin recorded there. What the
 * release declares to vary is left out. Nothing where nothing was recorded; problems where it is not as it was.
 */
export async function compareBoundary(
  marked: MarkedClone,
  at: { readonly after: TierId; readonly was: BoundaryState | undefined },
  by: Comparing,
): Promise<{ readonly boundaries: readonly BoundaryResult[]; readonly problems: readonly Problem[] }> {
  const { after, was } = at;
  if (was === undefined) return { boundaries: [], problems: [] };
  const { found, schemas, ...state } = await comparePoint(marked, was, by);
  const work = { tiers: tiersBehind(by.options.release.release.tiers, after), steps: [] };
  const problems = explained(found, { code: 'BACK_DIFFERS', level: 'logical', schemas, work });
  return {
    boundaries: [{ after, ...state }],
    problems: problems.map((one) => ({
      ...one,
      problem: printable(`a rollback that stops with tier ${after} in place: ${one.problem}`),
    })),
  };
}

/** Records the present state; a text if that would cost more than is allowed without `--full`. */
export async function recordPoint(
  marked: MarkedClone,
  relations: readonly string[],
  by: Comparing,
): Promise<BoundaryState | string> {
  const bytes = by.options.full === true ? 0 : await bytesOf(marked, relations);
  if (bytes > mostBytes) return `the tables that are written to have ${bytes} bytes: more than are read without --full`;
  return { relations, schema: await schemaDifferences(marked, by), rows: await rowsAt(marked, relations, by) };
}

/** How a clone differs from what was recorded. */
export interface BoundaryComparison extends Pick<BoundaryResult, 'state' | 'reason'> {
  readonly found: readonly Difference[];
  readonly schemas: ComparedSchemas;
}

/** Compares a clone with what was recorded, of this clone or of another one: all that differs logically. */
export async function comparePoint(
  marked: MarkedClone,
  was: BoundaryState,
  by: Comparing,
): Promise<BoundaryComparison> {
  const [schemaWas, schemaIs] = sidesOf(was.schema, await schemaDifferences(marked, by));
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
