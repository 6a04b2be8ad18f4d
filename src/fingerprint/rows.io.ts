import { canonicalJson, digest } from '../core/index.ts';
import { type Connection, fixed, id, openSession, type Session, type Sql, sql } from '../database/index.ts';
import type { DataFingerprint, RelationRows, RowHash, SequencePosition } from './fingerprint.ts';
import { rowRelations } from './rows.sql.ts';

interface Found {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly kind: string;
  readonly columns: readonly string[];
  readonly reason: string | null;
  readonly populated: boolean;
}

/** Which rows are hashed, and how. */
export interface RowsPlan {
  /** Two signed 64-bit integers as text. */
  readonly seeds: readonly [string, string];
  /** `fast` where absent. */
  readonly hash?: RowHash;
  /** Names as in RelationRows and SequencePosition; all where absent. */
  readonly relations?: readonly string[];
  /** Sessions that read at the same time; the number of cores of this machine, at most 8, where absent. */
  readonly workers?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly bytes: number; readonly of: number }) => void;
}

/**
 * Hashes the rows of every table, partition, materialized view and large object inside the server, over one snapshot, by sessions
 * of its own.
 *
 * Shape   sorted by name; what could not be read is in `notProven` with its reason.
 * Units   seeds: two signed 64-bit integers as text.
 */
export async function captureRows(connection: Connection, plan: RowsPlan): Promise<DataFingerprint> {
  const session = await openSession(connection, { applicationName: plan.applicationName ?? 'oneroof rows' });
  try {
    return await capture(session, plan);
  } finally {
    await session.close();
  }
}

async function capture(session: Session, of: RowsPlan): Promise<DataFingerprint> {
  const wanted = of.relations === undefined ? null : new Set(of.relations);
  const known = await list(session);
  await session.query(sql`begin isolation level repeatable read read only`);
  try {
    // a rewrite committed after our snapshot would show us an empty table: the locks come first, LOCK takes no snapshot
    for (const table of known.filter(
      ({ kind, reason, name }) => lockable(kind) && reason === null && (wanted?.has(name) ?? true),
    ))
      await session.query(sql`lock table only ${id(table.schema, table.table)} in access share mode`);
    const locked = new Set(known.filter(({ reason }) => reason === null).map(({ name }) => name));
    const relations: RelationRows[] = [];
    const sequences: SequencePosition[] = [];
    const notProven: { relation: string; reason: string }[] = [];
    for (const found of await list(session)) {
      if (wanted !== null && !wanted.has(found.name)) continue;
      const reason =
        found.reason ??
        (lockable(found.kind) && !locked.has(found.name) ? 'was created while the rows were being read' : null);
      if (reason !== null) notProven.push({ relation: found.name, reason });
      else if (found.kind === 'S') sequences.push(await position(session, found));
      else relations.push(await hash(session, { found, seeds: of.seeds }));
    }
    return {
      version: 1,
      hash: 'fast',
      seeds: of.seeds,
      relations,
      sequences,
      notProven,
      digest: digest('rows', [canonicalJson(relations)]),
    };
  } finally {
    await session.query(sql`rollback`);
  }
}

function kindOf(relkind: string): RelationRows['kind'] {
  return relkind === 'm' ? 'materialized view' : relkind === 'L' ? 'large objects' : 'table';
}

function lockable(kind: string): boolean {
  return kind === 'r';
}

async function list(session: Session): Promise<readonly Found[]> {
  const rows = await session.query<{ found: string }>(sql`${fixed(rowRelations)}`);
  const found = rows.map((row) => JSON.parse(row.found) as Found);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function hash(
  session: Session,
  of: { readonly found: Found; readonly seeds: readonly [string, string] },
): Promise<RelationRows> {
  const { found, seeds } = of;
  if (!found.populated) return { relation: found.name, kind: kindOf(found.kind), rows: '0', sums: ['0', '0'] };
  // by name, so that a column that went and came back at the end is in the same place
  const columns = [...found.columns].sort();
  const list = columns
    .map((column) => sql`t.${id(column)}`)
    .reduce<Sql | null>((all, next) => (all === null ? next : sql`${all}, ${next}`), null);
  const [row] = await session.query<{ rows: string; first: string; second: string }>(sql`
    select count(*)::text as rows, coalesce(sum(hashtextextended(r.x, ${seeds[0]}::bigint)::numeric), 0)::text as first,
      coalesce(sum(hashtextextended(r.x, ${seeds[1]}::bigint)::numeric), 0)::text as second
    from (select row(${list ?? sql``})::text collate "C" as x from only ${id(found.schema, found.table)} t offset 0) r`);
  return {
    relation: found.name,
    kind: kindOf(found.kind),
    rows: row?.rows ?? '0',
    sums: [row?.first ?? '0', row?.second ?? '0'],
  };
}

async function position(session: Session, found: Found): Promise<SequencePosition> {
  const [row] = await session.query<{ value: string; called: string }>(
    sql`select last_value::text as value, is_called::text as called from ${id(found.schema, found.table)}`,
  );
  return { sequence: found.name, lastValue: row?.value ?? '', isCalled: row?.called === 'true' };
}
