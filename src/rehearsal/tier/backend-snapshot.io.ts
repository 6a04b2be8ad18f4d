import { fixed, literal, type Session, type Sql, sql } from '../../database/index.ts';
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
export interface BackendSnapshot extends Rest {
  readonly relations: ReadonlyMap<string, Relation>;
  /** Those of them that were read for this moment: all, or what may be another than at the moment before. */
  readonly read: ReadonlyMap<string, Relation>;
  /** OID and mode of every relation lock, e.g. `16384 ShareLock`. */
  readonly locks: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, Changed>;
  /** Libraries that the backend has loaded; null where the server does not tell (before 18). */
  readonly modules: readonly string[] | null;
  readonly wal: bigint;
  /** What it was read from: where it is the same the next time, nothing that is locked has changed. */
  readonly probe: Probe;
  readonly held: readonly LockRow[];
}

/** What takes a scan of the catalogue. */
interface Rest {
  /** Null where the server does not count them. */
  readonly called: ReadonlyMap<string, CalledFunction> | null;
  /** The functions that are counted: in C, or in an untrusted language. */
  readonly countable: readonly string[];
  readonly invalid: readonly string[];
}

/** What the server tells without reading its catalogue. */
interface Probe {
  /** Each relation lock: OID, mode, and of one that lets write what has been written, the file, and a hash of the name. */
  readonly locks: string;
  /** Each function that was called, as OID and calls. */
  readonly calls: string | null;
  readonly modules: readonly string[] | null;
  readonly wal: string;
}

/** Reads all relations of the database: once for each transaction, because it costs what the catalogue costs. */
export async function readBackendSnapshot(session: Session): Promise<BackendSnapshot> {
  const rest = await readRest(session);
  const relations = await readRelations(session, 'all');
  const probe = await readProbe(session, rest.countable);
  const rows = new Map([...relations].flatMap(([oid, { changed }]) => (changed === null ? [] : [[oid, changed]])));
  return momentOf(probe, { relations, read: relations, rest, rows, held: lockRows(probe) });
}

/**
 * Reads what a statement may have changed since the last moment, of the relations that this transaction has locked: whatever it wrote to or
 * replaced is locked until its end. Relations are read where the lock, the file or the name is another one. `rest`: what takes a scan of the
 * catalogue waits for the last statement of a transaction, unless this one may have made a function. `also`: sent in the same round trip.
 */
export async function readNext(
  session: Session,
  last: BackendSnapshot,
  how: { readonly rest: 'now' | 'later'; readonly also: readonly Sql[] },
): Promise<BackendSnapshot> {
  const probe = await readProbe(session, last.countable, how.also);
  const isRead = how.rest === 'now' || probe.calls !== last.probe.calls;
  if (probe.locks === last.probe.locks && !isRead) return { ...last, probe, ...measured(probe), read: new Map() };
  const held = lockRows(probe);
  const known = new Map(last.held.map(({ key, is }) => [key, is]));
  const other = held.flatMap(({ oid, key, is }) => (known.get(key) === is ? [] : [oid]));
  const read = other.length === 0 ? new Map<string, Found>() : await readRelations(session, [...new Set(other)]);
  const relations = read.size === 0 ? last.relations : new Map([...last.relations, ...read]);
  const found = [...read.values()];
  const invalid = new Set(last.invalid);
  for (const { name, isInvalid } of found) if (isInvalid) invalid.add(name);
  const next = isRead ? await readRest(session) : { ...last, invalid: [...invalid] };
  return momentOf(probe, { relations, read, rest: next, rows: last.rows, held });
}

interface Found extends Relation {
  /** An index that is not valid. */
  readonly isInvalid: boolean;
  /** What earlier transactions of the session have written counts too, until the server takes it over; null where that is nothing. */
  readonly changed: Changed | null;
}

function changedOf(inserted: number, updated: number, deleted: number): Changed | null {
  return inserted + updated + deleted > 0 ? { inserted, updated, deleted } : null;
}

/** The parts of a moment that a probe holds as they are. */
function measured({ modules, wal }: Probe): Pick<BackendSnapshot, 'modules' | 'wal'> {
  return { modules, wal: BigInt(wal) };
}

function momentOf(
  probe: Probe,
  of: Pick<BackendSnapshot, 'relations' | 'read' | 'rows' | 'held'> & { readonly rest: Rest },
): BackendSnapshot {
  const { relations, read, rest, held } = of;
  const rows = new Map(of.rows);
  for (const { oid, changed } of held) if (changed !== null && relations.has(oid)) rows.set(oid, changed);
  const locks = new Set(held.map(({ key }) => key));
  const { countable, invalid } = rest;
  // a statement may have switched the counting off, and its settings are taken back by now
  const called = probe.calls === null ? null : rest.called;
  return { relations, read, locks, rows, called, countable, invalid, ...measured(probe), probe, held };
}

interface LockRow {
  readonly oid: string;
  /** OID and mode. */
  readonly key: string;
  /** Null where no row was changed. */
  readonly changed: Changed | null;
  /** File and name; empty where the lock lets change neither them nor rows. */
  readonly is: string;
}

function lockRows({ locks }: Probe): readonly LockRow[] {
  return locks === '' ? [] : locks.split(' ').map(lockRow);
}

function lockRow(text: string): LockRow {
  const [oid = '', mode = '', inserted, updated, deleted, ...is] = text.split(',');
  const changed = changedOf(Number(inserted), Number(updated), Number(deleted));
  return { oid, key: `${oid} ${mode}`, changed, is: is.join() };
}

// functions alone: a join of catalogues takes longer to plan than a small statement takes to run; every name is qualified, because the
// author's search_path is in force. What initdb made is not of the application.
async function readProbe(session: Session, countable: readonly string[], also: readonly Sql[] = []): Promise<Probe> {
  const asked = sql`
    select
      (select coalesce(pg_catalog.string_agg(pg_catalog.concat_ws(',', l.relation, l.mode,
          case when l.mode not in ('AccessShareLock', 'RowShareLock') then pg_catalog.concat_ws(',',
            coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(l.relation), 0),
            coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(l.relation), 0),
            coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(l.relation), 0),
            pg_catalog.pg_relation_filenode(l.relation),
            pg_catalog.hashtextextended(l.relation::pg_catalog.regclass::text, 0)) end), ' '), '')
        from pg_catalog.pg_lock_status() l
        where l.pid = pg_catalog.pg_backend_pid() and l.locktype = 'relation' and l.granted and l.relation >= 16384) as locks,
      case when pg_catalog.current_setting('track_functions') = 'all' then (
        select coalesce(pg_catalog.string_agg(pg_catalog.concat_ws(' ', f, pg_catalog.pg_stat_get_xact_function_calls(f)), ','), '')
        from pg_catalog.unnest(${literal(`{${countable.join()}}`)}::pg_catalog.oid[]) f where pg_catalog.pg_stat_get_xact_function_calls(f) > 0) end as calls,
      ${fixed(session.serverVersion >= 180_000 ? "(select coalesce(pg_catalog.json_agg(m.file_name), '[]') from pg_catalog.pg_get_loaded_modules() m)" : 'null')} as modules,
      (pg_catalog.pg_current_wal_insert_lsn() - '0/0')::text as wal`;
  const [row] = await session.script<Omit<Probe, 'modules'> & { readonly modules: string | null }>([asked, ...also]);
  if (row === undefined) throw new TypeError('a query without FROM returns one row');
  return { ...row, modules: row.modules === null ? null : (JSON.parse(row.modules) as string[]) };
}

/** Relations of the application by OID; one that was dropped is not among them. */
async function readRelations(session: Session, of: 'all' | readonly string[]): Promise<ReadonlyMap<string, Found>> {
  const [row] = await session.query<{ told: string }>(sql`
    select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(c.oid::text, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relkind,
      c.relfilenode::text,
      case when c.relkind = 'f' then (select v.srvname from pg_catalog.pg_foreign_table t join pg_catalog.pg_foreign_server v on v.oid = t.ftserver
        where t.ftrelid = c.oid) end,
      case when c.relkind in ('i', 'I') then (select not i.indisvalid from pg_catalog.pg_index i where i.indexrelid = c.oid) else false end,
      coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), 0), coalesce(pg_catalog.pg_stat_get_xact_tuples_updated(c.oid), 0),
      coalesce(pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid), 0))
      order by c.oid), '[]')::text as told
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      ${of === 'all' ? sql`` : sql`and c.oid = any (${of}::pg_catalog.oid[])`}`);
  type Told = readonly (readonly [
    string,
    string,
    string,
    string,
    string | null,
    boolean | null,
    number,
    number,
    number,
  ])[];
  return new Map(
    (JSON.parse(row?.told ?? '[]') as Told).map(([oid, name, kind, file, server, isInvalid, ...counts]) => [
      oid,
      { name, kind, file, server, isInvalid: isInvalid === true, changed: changedOf(...counts) },
    ]),
  );
}

async function readRest(session: Session): Promise<Rest> {
  const [row] = await session.query<{ told: string }>(sql`
    with countable as materialized (
      select p.oid, p.proname, p.pronamespace, l.lanname from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
      where not l.lanpltrusted and l.lanname <> 'internal'
    )
    select pg_catalog.json_build_object(
      'countable', (select coalesce(pg_catalog.json_agg(p.oid::text), '[]') from countable p),
      'called', case when pg_catalog.current_setting('track_functions') = 'all' then coalesce((select pg_catalog.json_agg(pg_catalog.json_build_object(
          'oid', p.oid::text, 'function', pg_catalog.format('%I.%I', n.nspname, p.proname), 'language', p.lanname,
          'extension', (select e.extname from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
                        where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'
                          and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass),
          'calls', pg_catalog.pg_stat_get_xact_function_calls(p.oid)))
        from countable p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where pg_catalog.pg_stat_get_xact_function_calls(p.oid) > 0), '[]') end,
      'invalid', coalesce((select pg_catalog.json_agg(pg_catalog.format('%I.%I', n.nspname, c.relname) order by 1)
        from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace where not i.indisvalid), '[]')
    )::text as told`);
  const told = JSON.parse(row?.told ?? '{}') as Omit<Rest, 'called'> & {
    readonly called: readonly (CalledFunction & { readonly oid: string })[] | null;
  };
  const called = told.called === null ? null : new Map(told.called.map(({ oid, ...one }) => [oid, one]));
  return { ...told, called };
}
