import { type NotProven, type RelationRows } from '../fingerprint.ts';
import { type CatalogRelation } from './plan.ts';
import { type PieceAnswer } from './rows.sql.ts';

interface Sum {
  rows: bigint;
  readonly sums: bigint[];
}

/** What has been read so far: the pieces of a relation are added; one that cannot be read takes the relation out. */
export class Tally {
  private readonly read = new Map<string, Sum & { readonly of: CatalogRelation }>();
  private readonly failed = new Map<string, string>();
  private readonly lanes: number;

  constructor(lanes: number) {
    this.lanes = lanes;
  }

  /** Begins a relation: without any piece it has no rows. */
  begin(of: CatalogRelation): void {
    this.read.set(of.name, { of, rows: 0n, sums: Array.from({ length: this.lanes }, () => 0n) });
  }

  add(of: CatalogRelation, answer: Omit<PieceAnswer, 'at'>): void {
    // the rows of another file are not those of the snapshot
    if (answer.file !== of.file) return this.fail(of.name, 'was rewritten or truncated while its rows were being read');
    const sum = this.read.get(of.name);
    if (sum === undefined) return;
    sum.rows += BigInt(answer.rows);
    for (const [lane, value] of answer.sums.split(',').entries())
      sum.sums[lane] = (sum.sums[lane] ?? 0n) + BigInt(value);
  }

  fail(relation: string, reason: string): void {
    if (!this.failed.has(relation)) this.failed.set(relation, reason);
  }

  hasFailed(relation: string): boolean {
    return this.failed.has(relation);
  }

  relations(): readonly RelationRows[] {
    return [...this.read.values()]
      .filter(({ of }) => !this.failed.has(of.name))
      .map(
        ({ of, rows, sums }) =>
          ({
            relation: of.name,
            kind: of.kind === 'm' ? 'materialized view' : of.kind === 'L' ? 'large objects' : 'table',
            rows: rows.toString(),
            sums: sums.map(String),
          }) satisfies RelationRows,
      )
      .sort((a, b) => (a.relation < b.relation ? -1 : 1));
  }

  notProven(): readonly NotProven[] {
    return [...this.failed]
      .map(([relation, reason]) => ({ relation, reason }))
      .sort((a, b) => (a.relation < b.relation ? -1 : 1));
  }
}
