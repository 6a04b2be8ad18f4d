import { canonicalJson, digest } from '../../core/index.ts';
import { fixed, type Session, sql } from '../../database/index.ts';
import { type DataFingerprint, type RelationRows } from '../fingerprint.ts';
import { listRelations } from './hash-rows.io.ts';
import { type CatalogRelation } from './plan.ts';
import { lanes, type PieceAnswer, readPieces } from './rows.sql.ts';
import { Tally } from './tally.ts';

/** Adds up the hashes of rows that are chosen a few at a time. */
export interface ChosenRows {
  /**
   * Reads the rows of some relations for which a condition over `t` is true, in the transaction of the session. `keys`: what stands before the
   * query, as WITH, and what the condition may read.
   */
  add(of: {
    readonly relations: readonly string[];
    readonly keys: string;
    readonly condition: string;
  }): Promise<bigint>;
  /** What was added, on top of the rows that were read before: no row may be in both. */
  onTopOf(rows: DataFingerprint): DataFingerprint;
}

/** Begins to add up rows of production's relations, hashed with the given seeds. */
export async function chosenRows(session: Session, seeds: readonly [string, string]): Promise<ChosenRows> {
  const found = new Map((await listRelations(session)).map((one) => [one.name, one]));
  const tally = new Tally(lanes.fast);
  for (const one of found.values()) if (one.reason === null && one.kind !== 'S') tally.begin(one);
  return {
    add: async ({ relations, keys, condition }) => {
      const pieces = relations.flatMap((name) => {
        const of = found.get(name);
        // of what cannot be compared nothing is claimed
        return of === undefined || of.reason !== null ? [] : [{ of, from: null, to: null, bytes: 0 }];
      });
      if (pieces.length === 0) return 0n;
      const only = new Map(relations.map((name) => [name, condition]));
      const query = readPieces(pieces, { hash: 'fast', seeds, serverVersion: session.serverVersion, only });
      const answers = await session.query<PieceAnswer>(sql`with ${fixed(keys)} ${query}`);
      let rows = 0n;
      for (const { at, ...answer } of answers) {
        tally.add((pieces[Number(at)] as { of: CatalogRelation }).of, answer);
        rows += BigInt(answer.rows);
      }
      return rows;
    },
    onTopOf: (rows) => {
      const more = new Map(tally.relations().map((one) => [one.relation, one]));
      const relations = rows.relations.map((one) => sumOf(one, more.get(one.relation)));
      return { ...rows, relations, digest: digest('rows', [canonicalJson(relations)]) };
    },
  };
}

function sumOf(one: RelationRows, more: RelationRows | undefined): RelationRows {
  if (more === undefined) return one;
  return {
    ...one,
    rows: String(BigInt(one.rows) + BigInt(more.rows)),
    sums: one.sums.map((sum, lane) => String(BigInt(sum) + BigInt(more.sums[lane] ?? '0'))),
  };
}
