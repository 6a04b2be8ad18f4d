import { canonicalJson, digest } from '../../core/index.ts';
import { type Connection, openSession, type Session, sql } from '../../database/index.ts';
import { type ChangedFiles, changedSince, type Marked } from './changed.io.ts';
import { type Changed, type Range, type ReadingShape, wayOf } from './changed.ts';
import { shapesOf } from './changed.sql.ts';
import { countOthers, perhapsChanged } from './list.sql.ts';
import { compareRows, unproven } from '../list-differences.ts';
import type { DataComparison, DataFingerprint, Difference, RelationRows } from '../fingerprint.ts';
import { captureRows, fingerprintOfRows, listRelations } from './hash-rows.io.ts';
import { beginReading, readSequences } from './read.io.ts';
import { type CatalogRelation } from './plan.ts';
import { Tally } from './tally.ts';
import { lanes, type PieceAnswer, readBlocks } from './rows.sql.ts';

/** One of two copies of a database. */
export interface DataSide {
  readonly connection: Connection;
  /** When both copies were equal; `never changed` for the one that no one writes to; null where it is not known. */
  readonly since: Marked | { readonly files: ChangedFiles } | 'never changed';
  /** One that is open already; it stays open. */
  readonly session?: Session;
}

/** How two copies are compared. */
export interface DataPlan {
  readonly seeds: readonly [string, string];
  /** Read every row, whatever changed. */
  readonly full?: true;
  /** Columns that are left out, by the `columnsKey` of their relation. */
  readonly except?: ReadonlyMap<string, ReadonlySet<string>>;
  /** Keys of the objects whose definition may differ, as a SchemaDelta has them; null, or absent: any may. */
  readonly concerned?: ReadonlySet<string> | null;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compares the rows of two copies of one database, at a cost that follows what changed in them since they were equal; where that cannot
 * be told, by reading both. No one may write to either meanwhile.
 *
 * Source  docs/FORMAT.md "Changed blocks".
 */
export async function compareData(before: DataSide, after: DataSide, plan: DataPlan): Promise<DataComparison> {
  if (plan.full === true) return await compareFully(before, after, { ...plan, fallback: null });
  const opened: Session[] = [];
  const open = async (side: DataSide): Promise<Session> => {
    if (side.session !== undefined) return side.session;
    const session = await openSession(side.connection, { applicationName: 'oneroof proof' });
    opened.push(session);
    return session;
  };
  try {
    const [left, right] = [await open(before), await open(after)];
    const [was, is] = await Promise.all([filesOf(left, before), filesOf(right, after)]);
    if ('unavailable' in was) return await compareFully(before, after, { ...plan, fallback: was.unavailable });
    if ('unavailable' in is) return await compareFully(before, after, { ...plan, fallback: is.unavailable });
    return await compareChanged({ before, after, left, right, was: was.files, is: is.files }, plan);
  } finally {
    await Promise.all(opened.map((session) => session.close()));
  }
}

async function filesOf(
  session: Session,
  { since }: DataSide,
): Promise<{ readonly files: ChangedFiles } | { readonly unavailable: string }> {
  if (since === 'never changed') return { files: new Map() };
  return 'lsn' in since ? await changedSince(session, since) : since;
}

async function compareFully(
  before: DataSide,
  after: DataSide,
  plan: DataPlan & { readonly fallback: string | null },
): Promise<DataComparison> {
  const [was, is] = await bothRows(before, after, plan);
  return {
    method: 'full',
    fallback: plan.fallback,
    differences: compareRows(was, is),
    notProven: unproven(was, is),
    relations: named(was, is),
    whole: named(was, is),
    blocks: 0,
    rows: total(is.relations),
    digest: { before: was.digest, after: is.digest },
  };
}

function bothRows(
  before: DataSide,
  after: DataSide,
  plan: DataPlan & { readonly relations?: readonly string[]; readonly among?: readonly string[] | null },
): Promise<readonly [DataFingerprint, DataFingerprint]> {
  const { seeds, except, relations, among = null, signal } = plan;
  const wanted = {
    seeds,
    signal,
    among,
    applicationName: 'oneroof proof',
    ...(except === undefined ? {} : { except }),
    ...(relations === undefined ? {} : { relations }),
  };
  return Promise.all([captureRows(before.connection, wanted), captureRows(after.connection, wanted)]);
}

interface Both {
  readonly before: DataSide;
  readonly after: DataSide;
  readonly left: Session;
  readonly right: Session;
  readonly was: ChangedFiles;
  readonly is: ChangedFiles;
}

/** The OIDs of the relations whose rows may differ; null where any may. */
async function amongWhich({ left, right, was, is }: Both, plan: DataPlan): Promise<readonly string[] | null> {
  const { concerned = null } = plan;
  if (concerned === null) return null;
  const relations = [...concerned].filter((key) => key.startsWith('pg_class ')).map((key) => key.slice(9));
  const asked = perhapsChanged({ files: [...was.keys(), ...is.keys()], oids: relations });
  const rows = await Promise.all([left, right].map((session) => session.query<{ oid: string }>(asked)));
  return [...new Set(rows.flat().map(({ oid }) => oid))];
}

async function shapesIn(
  session: Session,
  of: { readonly among: readonly string[] | null; readonly files: ChangedFiles },
): Promise<Changed> {
  const rows = await session.query<ReadingShape>(shapesOf(of.among));
  return { files: of.files, shapes: new Map(rows.map((row) => [row.name, row])) };
}

async function compareChanged(both: Both, plan: DataPlan): Promise<DataComparison> {
  const { before, after, left, right } = both;
  const among = await amongWhich(both, plan);
  const [was, is] = await Promise.all([
    shapesIn(left, { among, files: both.was }),
    shapesIn(right, { among, files: both.is }),
  ]);
  const listed = await Promise.all([left, right].map((session) => listRelations(session, { among })));
  const known = new Map(listed.flat().map((found) => [found.name, found]));
  const whole: string[] = [];
  const touched: { readonly found: CatalogRelation; readonly blocks: readonly Range[] }[] = [];
  let untouched = 0;
  for (const found of known.values()) {
    const way = found.reason === null ? wayOf(found.name, was, is) : 'whole';
    if (way === 'whole') whole.push(found.name);
    else if (way.blocks.length === 0) untouched += 1;
    else touched.push({ found, blocks: way.blocks });
  }
  const tables = whole.filter((name) => known.get(name)?.kind !== 'S');
  const [tablesWere, tablesAre] =
    tables.length === 0 ? [null, null] : await bothRows(before, after, { ...plan, relations: tables, among });
  const rowsWere = await withPositions(left, { read: tablesWere, listed: listed[0] ?? [], plan });
  const rowsAre = await withPositions(right, { read: tablesAre, listed: listed[1] ?? [], plan });
  const parts: { readonly was: RelationRows; readonly is: RelationRows }[] = [];
  for (const part of touched) {
    const [one, other] = await Promise.all([left, right].map((session) => hashBlocks(session, { ...part, plan })));
    parts.push({ was: one as RelationRows, is: other as RelationRows });
  }
  const inBlocks = parts.flatMap(({ was: one, is: other }): Difference[] => {
    if (one.rows === other.rows && one.sums.join() === other.sums.join()) return [];
    const base = { in: 'rows', level: 'logical', kind: one.kind, name: one.relation } as const;
    return one.rows === other.rows
      ? [{ ...base, property: 'content', before: one.sums.join(), after: other.sums.join() }]
      : [{ ...base, property: 'rows in changed blocks', before: one.rows, after: other.rows }];
  });
  const read = (rows: DataFingerprint, side: 'was' | 'is') =>
    digest('rows', [canonicalJson(rows.relations), canonicalJson(parts.map((part) => part[side]))]);
  return {
    method: 'changed blocks',
    fallback: null,
    differences: [...compareRows(rowsWere, rowsAre), ...inBlocks].sort((a, b) => (a.name < b.name ? -1 : 1)),
    notProven: unproven(rowsWere, rowsAre),
    relations: await relationsOf(both, { among, compared: named(rowsWere, rowsAre) + parts.length + untouched }),
    whole: named(rowsWere, rowsAre),
    blocks: touched.reduce(
      (sum, { blocks }) => sum + blocks.reduce((n, [from, to]) => n + ((to ?? from + 1) - from), 0),
      0,
    ),
    rows: total([...rowsAre.relations, ...parts.map((part) => part.is)]),
    digest: { before: read(rowsWere, 'was'), after: read(rowsAre, 'is') },
  };
}

/** The rows of relations that were read whole, if any were, and where the sequences stand. */
async function withPositions(
  session: Session,
  of: { readonly read: DataFingerprint | null; readonly listed: readonly CatalogRelation[]; readonly plan: DataPlan },
): Promise<DataFingerprint> {
  const { read, listed, plan } = of;
  const tally = new Tally(lanes.fast);
  for (const { name, kind, reason } of listed) if (kind === 'S' && reason !== null) tally.fail(name, reason);
  const readable = listed.filter(({ kind, reason }) => kind === 'S' && reason === null);
  if (readable.length > 0) {
    await session.query(sql`begin read only`);
    await beginReading(session);
  }
  const sequences = await readSequences(session, { sequences: readable, tally, check: () => undefined });
  if (readable.length > 0) await session.query(sql`commit`);
  const own = fingerprintOfRows({ hash: 'fast', seeds: plan.seeds, sequences, tally });
  return read === null ? own : { ...read, sequences, notProven: [...read.notProven, ...own.notProven] };
}

/** How many relations were compared, with those that are known to be equal. */
async function relationsOf(
  { right }: Both,
  of: { readonly among: readonly string[] | null; readonly compared: number },
): Promise<number> {
  const { among, compared } = of;
  if (among === null) return compared;
  const [others] = await right.query<{ count: string }>(countOthers(among));
  return compared + Number(others?.count);
}

/** How many relations one side or the other has. */
function named(before: DataFingerprint, after: DataFingerprint): number {
  return new Set([...before.relations, ...after.relations].map(({ relation }) => relation)).size;
}

/** The rows in some blocks of one relation, on one side. */
async function hashBlocks(
  session: Session,
  of: { readonly found: CatalogRelation; readonly blocks: readonly Range[]; readonly plan: DataPlan },
): Promise<RelationRows> {
  const { seeds, except } = of.plan;
  const { serverVersion } = session;
  const [answer] = await session.query<PieceAnswer>(
    readBlocks(of.found, of.blocks, { hash: 'fast', seeds, serverVersion, except }),
  );
  const tally = new Tally(lanes.fast);
  tally.begin(of.found);
  if (answer !== undefined) tally.add({ ...of.found, file: answer.file }, answer);
  return tally.relations()[0] as RelationRows;
}

function total(relations: readonly RelationRows[]): string {
  return relations.reduce((sum, one) => sum + BigInt(one.rows), 0n).toString();
}
