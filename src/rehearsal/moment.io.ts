import { fixed, type Session, sql } from '../database/index.ts';
import { type CalledFunction } from './dispatch.ts';

/** A relation as it is at one moment. */
export interface Relation {
  /** Quoted as in SQL. */
  readonly name: string;
  /** `relkind`. */
  readonly kind: string;
  readonly file: string;
  /** The foreign server of a foreign table. */
  readonly server: string | null;
}

/** Changed rows of a relation, as the backend counts them. */
interface Changed {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** What the server says of an open transaction at one moment. Relations by OID: a name may be given to another one. */
export interface Moment {
  readonly relations: ReadonlyMap<string, Relation>;
  /** OID and mode of every relation lock, e.g. `16384 ShareLock`. */
  readonly locks: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, Changed>;
  /** Null where the server does not count them. */
  readonly called: ReadonlyMap<string, CalledFunction> | null;
  /** Libraries that the backend has loaded; null where the server does not tell (before 18). */
  readonly modules: readonly string[] | null;
  readonly invalid: readonly string[];
  readonly wal: bigint;
}

interface Told {
  readonly relations: readonly (Relation & Changed & { readonly oid: string; readonly modes: readonly string[] })[];
  readonly called: readonly (CalledFunction & { readonly oid: string })[] | null;
  readonly modules: readonly string[] | null;
  readonly invalid: readonly string[];
  readonly wal: string;
}

/** Reads all relations of the database: once for each transaction, because it costs what the catalogue costs. */
export async function readMoment(session: Session): Promise<Moment> {
  return momentOf(await told(session, 'every relation'), null);
}

/**
 * Reads what a statement may have changed since the last moment: the relations that this transaction has locked. Whatever it wrote to or
 * replaced is locked until its end, so this costs what the transaction did and not what the database holds.
 */
export async function readNext(session: Session, last: Moment): Promise<Moment> {
  return momentOf(await told(session, 'locked relations'), last);
}

function momentOf(now: Told, last: Moment | null): Moment {
  const relations = new Map(last?.relations);
  const rows = new Map(last?.rows);
  const locks = new Set<string>();
  for (const { oid, modes, inserted, updated, deleted, name, kind, file, server } of now.relations) {
    // dropped by this transaction: its lock holds on, its row is gone, its name is the last one known
    if (name !== null) relations.set(oid, { name, kind, file, server });
    if (inserted + updated + deleted > 0) rows.set(oid, { inserted, updated, deleted });
    for (const mode of modes) locks.add(`${oid} ${mode}`);
  }
  const called = now.called === null ? null : new Map(now.called.map(({ oid, ...one }) => [oid, one]));
  return { relations, rows, locks, called, modules: now.modules, invalid: now.invalid, wal: BigInt(now.wal) };
}

// one query, so that measuring adds one round trip to a step; every name is qualified, because the author's search_path is in force
async function told(session: Session, want: 'every relation' | 'locked relations'): Promise<Told> {
  const whole = want === 'every relation';
  const [row] = await session.query<{ told: string }>(sql`
    with locked as materialized (
      select l.relation as oid, pg_catalog.array_agg(l.mode order by l.mode) as modes
      from pg_catalog.pg_locks l
      where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted
        and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
      group by l.relation
    ), seen as (
      select coalesce(c.oid, k.oid) as oid, coalesce(k.modes, '{}') as modes, c.relkind, c.relfilenode,
        case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end as name
      from ${fixed(whole ? 'pg_catalog.pg_class c left join locked k on k.oid = c.oid' : 'locked k left join pg_catalog.pg_class c on c.oid = k.oid')}
      left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.oid is null or (n.nspname !~ '^pg_' and n.nspname <> 'information_schema')
    )
    select pg_catalog.json_build_object(
      'relations', coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
          'oid', s.oid::text, 'modes', s.modes, 'name', s.name, 'kind', s.relkind, 'file', s.relfilenode::text,
          'server', (select v.srvname from pg_catalog.pg_foreign_table t join pg_catalog.pg_foreign_server v on v.oid = t.ftserver
                     where s.relkind = 'f' and t.ftrelid = s.oid),
          'inserted', coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(s.oid), 0),
          'updated', coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(s.oid), 0),
          'deleted', coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(s.oid), 0))) from seen s), '[]'),
      'called', case when pg_catalog.current_setting('track_functions') = 'all' then coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
          'oid', p.oid::text, 'function', pg_catalog.format('%I.%I', n.nspname, p.proname), 'language', l.lanname,
          'extension', (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
                        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'
                          and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass),
          'calls', pg_catalog.pg_stat_get_xact_function_calls(p.oid)))
        from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where not l.lanpltrusted and l.lanname <> 'internal'
          and pg_catalog.pg_stat_get_xact_function_calls(p.oid) > 0), '[]') end,
      'modules', ${fixed(session.serverVersion >= 180_000 ? "(select coalesce(pg_catalog.json_agg(m.file_name), '[]') from pg_catalog.pg_get_loaded_modules() m)" : 'null')},
      'invalid', coalesce((select pg_catalog.json_agg(pg_catalog.format('%I.%I', n.nspname, c.relname) order by 1)
        from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where not i.indisvalid), '[]'),
      'wal', (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::text
    )::text as told`);
  return JSON.parse(row?.told ?? '{}') as Told;
}
