import { type Session, sql } from '../database/index.ts';
import { type Step, type Tier, type Direction } from '../release/index.ts';
import { type StepMeasure } from './rehearsal.ts';

interface Lock {
  readonly relation: string;
  readonly mode: string;
}
interface Counted {
  readonly relation: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What the server says of the open transaction at one moment. */
interface Moment {
  readonly rows: readonly Counted[];
  readonly locks: readonly Lock[];
  readonly files: Readonly<Record<string, string>>;
  readonly invalid: readonly string[];
  readonly wal: string;
}

/** Where a step stands. */
export interface StepAt {
  readonly tier: Tier;
  readonly direction: Direction;
  readonly index: number;
}

/**
 * Runs one step and measures it on its own backend: inside a transaction all of it; outside one (CREATE INDEX CONCURRENTLY) no rows by
 * relation and no locks, because the server forgets both when the statement ends.
 */
export async function measureStep(session: Session, step: Step, at: StepAt): Promise<StepMeasure> {
  const before = await moment(session);
  session.heard();
  const start = performance.now();
  const done = await session.run(step.sql);
  const durationMs = performance.now() - start;
  const heard = session.heard();
  const after = await moment(session);
  const held = new Set(before.locks.map((lock) => `${lock.mode} ${lock.relation}`));
  return {
    tier: at.tier.id,
    direction: at.direction,
    index: at.index,
    digest: step.digest,
    title: step.title,
    durationMs,
    rows: done.rows,
    rowsByRelation: after.rows.flatMap((row) => grown(row, before.rows)),
    locks: after.locks.filter((lock) => !held.has(`${lock.mode} ${lock.relation}`)),
    rewritten: Object.keys(after.files).filter(
      (name) => before.files[name] !== undefined && before.files[name] !== after.files[name],
    ),
    invalidIndexes: after.invalid.filter((name) => !before.invalid.includes(name)),
    walBytes: Number(BigInt(after.wal) - BigInt(before.wal)),
    notices: heard.notices,
    notifications: heard.notifications,
  };
}

function grown(row: Counted, before: readonly Counted[]): readonly Counted[] {
  const was = before.find((other) => other.relation === row.relation);
  const delta = {
    relation: row.relation,
    inserted: row.inserted - (was?.inserted ?? 0),
    updated: row.updated - (was?.updated ?? 0),
    deleted: row.deleted - (was?.deleted ?? 0),
  };
  return delta.inserted + delta.updated + delta.deleted === 0 ? [] : [delta];
}

// one query, so that measuring adds one round trip per side; every name is qualified, because the author's search_path is in force
async function moment(session: Session): Promise<Moment> {
  const [row] = await session.query<{ moment: string }>(sql`
    with user_relation as (
      select c.oid, c.relkind, c.relfilenode, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    )
    select pg_catalog.json_build_object(
      'rows', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('relation', pg_catalog.format('%I.%I', s.schemaname, s.relname),
          'inserted', s.n_tup_ins, 'updated', s.n_tup_upd, 'deleted', s.n_tup_del))
        from pg_catalog.pg_stat_xact_user_tables s where s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0), '[]'),
      'locks', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object('relation', r.name, 'mode', l.mode) order by r.name, l.mode)
        from pg_catalog.pg_locks l join user_relation r on r.oid = l.relation
        where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted), '[]'),
      'files', coalesce((select pg_catalog.json_object_agg(r.name, r.relfilenode::text)
        from user_relation r where r.relkind in ('r', 'm', 'i') and r.relfilenode <> 0), '{}'),
      'invalid', coalesce((select pg_catalog.json_agg(r.name order by r.name)
        from pg_catalog.pg_index i join user_relation r on r.oid = i.indexrelid where not i.indisvalid), '[]'),
      'wal', (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::text
    )::text as moment`);
  return JSON.parse(row?.moment ?? '{}') as Moment;
}
