import { openSession, type Session, type Sql, sql } from '../../database/index.ts';
import { type Direction, type Step, type Tier } from '../../release/index.ts';
import { type BackendSnapshot, readBackendSnapshot, readNext, type Relation } from './backend-snapshot.io.ts';
import { type StepMeasure } from './step-measure.ts';

/** The state of a step, and the moment before it. */
export interface StepAt {
  readonly tier: Tier;
  readonly direction: Direction;
  readonly index: number;
  readonly before: BackendSnapshot;
  /** The moment at which its transaction began. */
  readonly begun: BackendSnapshot;
  /** Whether another step of its transaction comes after it. */
  readonly place: 'last' | 'before others';
  /** Of its parameters: the bounds of a batch. */
  readonly values: readonly (string | null)[];
  /** Sent to the server with the reading of the measures. */
  readonly also: readonly Sql[];
}

/** Kinds of statements that make no function: what would take a scan of the functions waits until others have run. */
const withoutFunctions = new Set([
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CreateStmt',
  'CreateSeqStmt',
  'IndexStmt',
  'AlterTableStmt',
  'DropStmt',
  'CommentStmt',
  'GrantStmt',
]);

/** A step with its measures, and the moment after it: the next step's moment before. */
export interface MeasuredStep {
  readonly measure: StepMeasure;
  readonly after: BackendSnapshot;
}

/**
 * Runs one step and measures it on its own backend. Inside a transaction the server still knows everything that the step did; of a step that
 * runs outside one (CREATE INDEX CONCURRENTLY) it forgets the locks when the statement ends, so a second session looks at them meanwhile.
 * Such a step changes no rows.
 */
export async function measureStep(session: Session, step: Step, at: StepAt): Promise<MeasuredStep> {
  const { before } = at;
  session.heard();
  const start = performance.now();
  const sampled = step.transactional ? null : await sampling(session, () => session.run(step.sql, at.values));
  const done = sampled === null ? await session.run(step.sql, at.values) : sampled.done;
  const durationMs = sampled?.durationMs ?? performance.now() - start;
  const heard = session.heard();
  const rest = at.place === 'last' || !withoutFunctions.has(step.kind) ? 'now' : 'later';
  const after =
    sampled === null ? await readNext(session, before, { rest, also: at.also }) : await readBackendSnapshot(session);
  const relationOf = (oid: string): Relation | undefined => before.relations.get(oid) ?? after.relations.get(oid);
  const held =
    sampled?.held ??
    new Map([...after.locks].flatMap((key) => (before.locks.has(key) ? [] : [[key, { fromMs: 0, heldMs: 0 }]])));
  const replaced = rewritten(before, after);
  const changed = changedRows(before, after);
  const measure: StepMeasure = {
    tier: at.tier.id,
    direction: at.direction,
    index: at.index,
    digest: step.digest,
    title: step.title,
    measured: sampled === null ? 'whole' : 'sampled',
    durationMs,
    rows: done.rows,
    rowsByRelation: changed,
    locks: [...held].flatMap(([key, span]) => {
      const [oid = '', mode = ''] = key.split(' ');
      const relation = relationOf(oid);
      if (relation === undefined) return [];
      const age = at.begun.relations.has(oid) ? ('existing' as const) : ('new' as const);
      return [{ relation: relation.name, mode, kind: relation.kind, age, ...span }];
    }),
    rewritten: replaced.map(({ name }) => name),
    rewrittenTables: replaced.flatMap(({ kind, name }) => (kind === 'i' ? [] : [name])),
    largestRewrite: await largest(session, replaced),
    ...(await emptied(session, replaced)),
    ...(await unmatched(session, { step, rows: done.rows, changed, locked: { before, after } })),
    invalidIndexes: after.invalid.filter((name) => !before.invalid.includes(name)),
    walBytes: Number(after.wal - before.wal),
    outward: outward(before, after),
    notices: heard.notices,
    notifications: heard.notifications,
  };
  return { measure, after };
}

function changedRows(before: BackendSnapshot, after: BackendSnapshot): StepMeasure['rowsByRelation'] {
  return [...after.rows].flatMap(([oid, now]) => {
    const was = before.rows.get(oid) ?? { inserted: 0, updated: 0, deleted: 0 };
    const delta = {
      relation: (after.relations.get(oid) ?? before.relations.get(oid))?.name ?? oid,
      inserted: now.inserted - was.inserted,
      updated: now.updated - was.updated,
      deleted: now.deleted - was.deleted,
    };
    return delta.inserted + delta.updated + delta.deleted === 0 ? [] : [delta];
  });
}

/** Relations whose file is another one. An index of a rewritten table is made again under its name, so that is looked for too. */
function rewritten(before: BackendSnapshot, after: BackendSnapshot): readonly (Relation & { readonly oid: string })[] {
  if (after.read.size === 0) return [];
  const files = new Map([...before.relations.values()].map(({ name, file }) => [name, file]));
  return [...after.read].flatMap(([oid, relation]) => {
    const was = before.relations.get(oid)?.file ?? files.get(relation.name);
    const isOther = was !== undefined && was !== relation.file;
    return isOther && ['r', 'm', 'i'].includes(relation.kind) ? [{ oid, ...relation }] : [];
  });
}

/** The largest of the tables that were rewritten, by what stands on disk afterwards: a TRUNCATE writes nothing. */
async function largest(
  session: Session,
  replaced: ReturnType<typeof rewritten>,
): Promise<StepMeasure['largestRewrite']> {
  const tables = replaced.filter(({ kind }) => kind !== 'i');
  if (tables.length === 0) return null;
  const [row] = await session.query<{ oid: string; bytes: string }>(sql`
    select t.oid::text, pg_catalog.pg_table_size(t.oid)::text as bytes
    from pg_catalog.unnest(${tables.map(({ oid }) => oid)}::pg_catalog.oid[]) t(oid) order by pg_catalog.pg_table_size(t.oid) desc limit 1`);
  const relation = tables.find(({ oid }) => oid === row?.oid)?.name;
  return row === undefined || relation === undefined ? null : { relation, bytes: Number(row.bytes) };
}

/** The replaced tables that hold nothing now. */
async function emptied(
  session: Session,
  replaced: ReturnType<typeof rewritten>,
): Promise<Pick<StepMeasure, 'emptied'>> {
  const tables = replaced.filter(({ kind }) => kind !== 'i');
  const full = await withRows(session, tables);
  const empty = tables.filter(({ oid }) => !full.has(oid)).map(({ name }) => name);
  return empty.length === 0 ? {} : { emptied: empty };
}

/** Statements that write rows, and statements that call what may. */
const writing: readonly string[] = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];
const calling: readonly string[] = ['DoStmt', 'SelectStmt', 'CallStmt'];

/** The tables that a statement had locked which was to write, and changed no row, where one of them has rows. */
async function unmatched(
  session: Session,
  of: {
    readonly step: Step;
    readonly rows: number | null;
    readonly changed: StepMeasure['rowsByRelation'];
    readonly locked: { readonly before: BackendSnapshot; readonly after: BackendSnapshot };
  },
): Promise<Pick<StepMeasure, 'unmatched'>> {
  const { before, after } = of.locked;
  const { kind } = of.step;
  const own = [...after.locks].filter((key) => !before.locks.has(key)).map((key) => key.split(' '));
  const isTable = (oid = ''): boolean => ['r', 'p'].includes(after.relations.get(oid)?.kind ?? '');
  const isToWrite = writing.includes(kind)
    ? of.rows === 0
    : calling.includes(kind) && own.some(([oid, mode]) => mode === 'RowExclusiveLock' && isTable(oid));
  if (!isToWrite || of.changed.length > 0) return {};
  // a statement before it in its transaction may have taken the same locks
  const keys = writing.includes(kind) ? [...after.locks].map((key) => key.split(' ')) : own;
  const oids = [...new Set(keys.map(([oid = '']) => oid))].filter(isTable);
  const tables = oids.flatMap((oid) =>
    after.relations.has(oid) ? [{ oid, name: after.relations.get(oid)?.name ?? '' }] : [],
  );
  const full = await withRows(session, tables);
  if (full.size === 0) return {};
  return {
    unmatched: tables.map(({ oid, name }) => ({
      relation: name,
      hasRows: full.has(oid),
      rowSecurity: full.get(oid) === true,
    })),
  };
}

/** Those of the tables whose files, or whose partitions', hold something, by OID, and whether row security hides rows of them from the role. */
async function withRows(
  session: Session,
  tables: readonly { readonly oid: string }[],
): Promise<ReadonlyMap<string, boolean>> {
  if (tables.length === 0) return new Map();
  const rows = await session.query<{ oid: string; guarded: string }>(sql`
    select t.oid::text, pg_catalog.row_security_active(t.oid)::text as guarded from pg_catalog.unnest(${tables.map(({ oid }) => oid)}::pg_catalog.oid[]) t(oid)
    where pg_catalog.pg_relation_size(t.oid) > 0
      or exists (select from pg_catalog.pg_partition_tree(t.oid) p where pg_catalog.pg_relation_size(p.relid) > 0)`);
  return new Map(rows.map(({ oid, guarded }) => [oid, guarded === 'true']));
}

function outward(before: BackendSnapshot, after: BackendSnapshot): StepMeasure['outward'] {
  const called =
    after.called === null
      ? null
      : [...after.called].flatMap(([oid, now]) => {
          const calls = now.calls - (before.called?.get(oid)?.calls ?? 0);
          return calls > 0 ? [{ ...now, calls }] : [];
        });
  const foreign = [...after.locks].flatMap((key) => {
    const relation = after.relations.get(key.split(' ')[0] ?? '');
    return before.locks.has(key) || relation === undefined || relation.server === null
      ? []
      : [{ relation: relation.name, server: relation.server }];
  });
  const modules = after.modules?.filter((name) => before.modules?.includes(name) === false) ?? null;
  return { called, foreign, modules };
}

/** When a lock was first seen, from the begin of its statement, and for how long. */
interface Span {
  readonly fromMs: number;
  readonly heldMs: number;
}

// between two readings a lock can come and go unnoticed; reading more often would slow down what is measured
const pauseMs = 2;

async function sampling<T>(
  session: Session,
  work: () => Promise<T>,
): Promise<{ readonly done: T; readonly durationMs: number; readonly held: ReadonlyMap<string, Span> }> {
  const watcher = await openSession(session.connection, { applicationName: 'oneroof locks' });
  const held = new Map<string, Span>();
  const since = new Map<string, number>();
  const watched = { isRunning: true };
  const look = async (): Promise<void> => {
    const rows = await watcher.query<{ key: string }>(sql`
      select distinct l.relation::text || ' ' || l.mode as key from pg_catalog.pg_locks l
      where l.pid = ${session.pid} and l.locktype = 'relation' and l.granted`);
    const seen = new Set(rows.map(({ key }) => key));
    const now = performance.now();
    for (const key of since.keys()) if (!seen.has(key)) since.delete(key);
    for (const key of seen) {
      const from = since.get(key) ?? now - pauseMs;
      since.set(key, from);
      const heldMs = now - from;
      // a lock may come and go: the longest of its spans
      if (heldMs > (held.get(key)?.heldMs ?? -1)) held.set(key, { fromMs: Math.max(0, from - start), heldMs });
    }
  };
  const looking = async (): Promise<void> => {
    while (watched.isRunning) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const start = performance.now();
  try {
    let durationMs = 0;
    const running = work().finally(() => {
      durationMs = performance.now() - start;
      watched.isRunning = false;
    });
    const [done] = await Promise.all([running, looking()]);
    return { done, durationMs, held };
  } finally {
    watched.isRunning = false;
    await watcher.close();
  }
}
