import { type Session, sql } from '../../database/index.ts';
import { type ChosenRows, chosenRows, type DataFingerprint } from '../../fingerprint/index.ts';
import { type SampleSetup } from '../../setup/index.ts';
import { type GoldenSample } from '../clone.ts';
import { type RowsEnds } from '../dump/copy-rows.io.ts';
import { type TableFacts } from '../dump/facts.ts';
import { readCopiedTables } from '../dump/source.io.ts';
import { readForeignKeys } from '../foreign-keys.io.ts';
import { closeSample } from './close-sample.io.ts';
import { requireSample, requireSteady } from './require-sample.io.ts';
import { type ChosenTables, chooseTables, type KeptRows, partitionRoot, sampleDigest, whole } from './sample-plan.ts';

/** Which rows of production a copy gets. */
export interface RowsChoice {
  readonly chosen: ChosenTables;
  /** Requires that the empty copy can be filled so. */
  check(copy: Session): Promise<void>;
  /** Copies what the chosen rows refer to. `hashed`: the hashes of the chosen rows of production; answers with those of all that was copied. */
  close(copy: Session, of: { readonly ends: RowsEnds; readonly signal: AbortSignal }): Promise<void>;
  withFetched(rows: DataFingerprint): DataFingerprint;
  /** What the record of the golden copy says of it: nothing where every row is copied. */
  record(rows: DataFingerprint): { readonly sample?: GoldenSample };
}

/** Every row. */
const all: RowsChoice = {
  chosen: new Map(),
  check: () => Promise.resolve(),
  close: () => Promise.resolve(),
  withFetched: (rows) => rows,
  record: () => ({}),
};

/** Chooses, in the transaction of the snapshot on production, the rows that are copied. */
export async function chooseRows(
  from: Session,
  of: {
    readonly sample: SampleSetup | undefined;
    readonly keep: readonly KeptRows[];
    readonly tables: readonly TableFacts[];
    readonly seeds: readonly [string, string];
  },
): Promise<RowsChoice> {
  const { sample, keep, tables, seeds } = of;
  const digest = sampleDigest(sample);
  if (sample === undefined || digest === null) return all;
  const keys = await readForeignKeys(from);
  const chosen = chooseTables(tables, { sample, keep, keys });
  const rows: ChosenRows = await chosenRows(from, seeds);
  return {
    chosen,
    check: (copy) => requireSteady(copy, keep),
    close: (copy, { ends, signal }) => closeSample({ from, copy, ends, tables, keys, chosen, rows, signal }),
    withFetched: (before) => rows.onTopOf(before),
    record: ({ relations }) => ({
      sample: { digest, share: sample.share, tables: sampledTables(relations, { tables, chosen }) },
    }),
  };
}

/** The tables of which not every row was chosen, partitions together, with the rows that were copied. */
function sampledTables(
  relations: DataFingerprint['relations'],
  of: { readonly tables: readonly TableFacts[]; readonly chosen: ChosenTables },
): GoldenSample['tables'] {
  const sampled = of.tables.filter(({ name }) => of.chosen.has(name));
  return [...new Set(sampled.map(partitionRoot))].map((root) => {
    const parts = sampled.filter((one) => partitionRoot(one) === root);
    const kept = relations.filter(({ relation }) => parts.some(({ name }) => name === relation));
    const estimates = parts.map(({ rows }) => rows);
    return {
      table: root,
      // of what cannot be compared it is not known either
      rows: kept.length === parts.length ? kept.reduce((sum, { rows }) => sum + Number(rows), 0) : null,
      about: estimates.includes(null) ? null : estimates.reduce<number>((sum, rows) => sum + (rows ?? 0), 0),
    };
  });
}

/** How much less a copy takes than production, before foreign keys are followed, which adds to it. Bytes, with indexes. */
export async function sparedBytes(session: Session, sample: SampleSetup | undefined): Promise<number> {
  if (sample === undefined) return 0;
  const keep = await requireSample(session, sample);
  const chosen = chooseTables(await readCopiedTables(session), { sample, keep, keys: await readForeignKeys(session) });
  const [row] = await session.query<{ bytes: string }>(sql`
    select coalesce(sum(pg_catalog.pg_total_relation_size(name::regclass)), 0)::text as bytes
    from pg_catalog.json_array_elements_text(${JSON.stringify([...chosen.keys()])}::json) as name`);
  return Math.floor(Number(row?.bytes ?? 0) * (1 - sample.share / whole));
}
