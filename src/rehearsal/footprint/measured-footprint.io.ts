import { type Digest } from '../../core/index.ts';
import { type Session, sql } from '../../database/index.ts';
import { type Anchors, type Footprint, type FootprintPoint, lookAt } from '../../fingerprint/index.ts';
import { type Release } from '../../release/index.ts';
import { type MarkedClone, splitName } from '../comparison/index.ts';
import { withReleaseSession } from '../session/index.ts';
import { timeGate } from './gate-time.io.ts';
import {
  anchorsFrom,
  footprintOf,
  type FootprintStart,
  isSame,
  modesOf,
  relatedRelations,
  type SeenLock,
  type SeenPoint,
  sqlOf,
  wordsIn,
  wordsOf,
} from './measured-footprint.ts';

/** Locks that a statement takes of what it only reads, or whose key it looks up. */
const weak = new Set(['AccessShareLock', 'RowShareLock']);

/** Rounds of search, because found objects name further ones: a view on a view, a function that calls another. */
const mostRounds = 8;

/** What the transaction of a session has locked so far, and what deferred events would lock. */
export async function lockedBy(session: Session): Promise<readonly SeenLock[]> {
  await session.query(sql`savepoint oneroof_locks`);
  // if it fails, COMMIT reports it at the right place
  await session.query(sql`set constraints all immediate`).catch((cause: unknown) => cause);
  const rows = await readLocks(session);
  await session.query(sql`rollback to savepoint oneroof_locks`);
  await session.query(sql`release savepoint oneroof_locks`);
  return rows;
}

/** What metrics and checks lock on a clone as it is now. */
export async function lockedByQueries(
  { clone }: MarkedClone,
  { settings, metrics, tiers }: Release,
  signal: AbortSignal | undefined,
): Promise<readonly SeenLock[]> {
  const queries = [...metrics.map(({ query }) => query), ...tiers.flatMap(({ check }) => check)];
  return await withReleaseSession(clone.connection, { settings, signal }, async (session) => {
    const all: SeenLock[] = [];
    for (const query of queries) {
      await session.query(sql`begin`);
      // a check may ask for what is not there yet
      await session.rows(query.sql, { maxRows: 1 }).catch((cause: unknown) => cause);
      all.push(...(await readLocks(session)));
      await session.query(sql`rollback`);
    }
    return all;
  });
}

/**
 * What a release depends on, as far as it is known before the tiers run on a clone whose steps are checked one by one. Where the database has no
 * gate no one can sign it, and nothing is read.
 */
export async function beginFootprint(
  { reading }: MarkedClone,
  release: Release,
  locks: readonly SeenLock[],
): Promise<FootprintStart> {
  const words = new Set(sqlOf(release).flatMap(wordsOf));
  const known = await anchorsOf(reading, { release, locks, words });
  return { ...known, before: await lookAt(reading, known.anchors) };
}

/** How the footprint is after a tier, or a step that was committed by itself, and what the gate's checks take there. */
export async function readPoint(
  { reading }: MarkedClone,
  at: FootprintPoint,
  of: { readonly start: FootprintStart; readonly release: Release },
): Promise<SeenPoint> {
  const { objects, ...round } = await timeGate(reading, {
    anchors: of.start.anchors,
    at,
    allows: of.release.allows,
  });
  return { at, objects, round };
}

/**
 * At the end, on a clone that was rolled back. What only the rollback was seen to use was as it is now all the time: what the forward run changes
 * it locks.
 */
export async function endFootprint(
  { reading }: MarkedClone,
  of: {
    readonly start: FootprintStart;
    readonly release: Release;
    readonly locks: readonly SeenLock[];
    readonly points: readonly SeenPoint[];
    readonly whole: Digest;
  },
): Promise<Footprint> {
  const { start, release, locks, points, whole } = of;
  const known = await lookAt(reading, start.anchors);
  const { anchors } = await anchorsOf(reading, { release, locks, words: start.words });
  const all = isSame(anchors, start.anchors) ? known : await lookAt(reading, anchors);
  return footprintOf({ start, anchors, known, all, points, varies: release.varies, whole });
}

/** What is known of what a release uses. */
interface Used {
  readonly release: Release;
  readonly locks: readonly SeenLock[];
  readonly words: ReadonlySet<string>;
}

/** What the footprint names, as far as it is known: until what it names names nothing more. */
async function anchorsOf(reading: Session, used: Used): Promise<Omit<FootprintStart, 'before'>> {
  const owner = await ownerOf(reading);
  const modes = modesOf(used.locks);
  const written = new Set(
    [...modes].flatMap(([name, own]) => ([...own].every((mode) => weak.has(mode)) ? [] : [name])),
  );
  const words = new Set(used.words);
  const extra = new Set<string>();
  let anchors: Anchors | null = null;
  for (let round = 0; round < mostRounds; round += 1) {
    const { relations, schemas, taken } = await resolve(reading, { modes, extra, words, release: used.release });
    const next: Anchors = anchorsFrom({ relations, words, taken, schemas, owner });
    if (anchors !== null && isSame(anchors, next)) return { anchors: next, words };
    anchors = next;
    const objects = await lookAt(reading, next);
    for (const word of wordsIn(objects)) words.add(word);
    for (const name of relatedRelations(objects, written)) extra.add(name);
  }
  return { anchors: anchors as Anchors, words };
}

async function resolve(
  reading: Session,
  of: {
    readonly modes: ReadonlyMap<string, ReadonlySet<string>>;
    readonly extra: ReadonlySet<string>;
    readonly words: ReadonlySet<string>;
    readonly release: Release;
  },
): Promise<{
  readonly relations: readonly string[];
  readonly schemas: readonly string[];
  readonly taken: ReadonlySet<string>;
}> {
  const { modes, extra, words, release } = of;
  const locked = [...modes].map(([name, own]) => {
    const isNamed = words.has(splitName(name)[1] ?? '');
    const weakest = (mode: string): boolean => !isNamed && [...own].every((one) => one === mode);
    return { name, weak: weakest('RowShareLock'), weakIndex: weakest('AccessShareLock') };
  });
  const asked = JSON.stringify([...locked, ...[...extra].map((name) => ({ name, weak: false, weakIndex: false }))]);
  const path = JSON.stringify([...words, ...release.settings.searchPath]);
  const [row] = await reading.query<{ found: string }>(sql`
      with named as (
        select r ->> 'name' as name, (r ->> 'weak')::boolean as weak, (r ->> 'weakIndex')::boolean as weak_index, pg_catalog.to_regclass(r ->> 'name')::oid as oid from pg_catalog.jsonb_array_elements(${asked}::jsonb) r
      ), known as (
        -- what a foreign key locks at its other end, whatever the rows, is weak: rows of a table, and an index by which it finds them;
        -- an index belongs to its table; what is not there yet, or any more, keeps its name
        select n.name, case when i.indexrelid is null then n.weak else n.weak_index end as weak, coalesce(i.indrelid, n.oid) as oid from named n left join pg_catalog.pg_index i on i.indexrelid = n.oid
      ), used as (
        select k.name, k.oid from known k where not k.weak or k.oid is null or not exists (select from pg_catalog.pg_constraint f join known o on not o.weak
          where f.contype = 'f' and ((f.conrelid = k.oid and f.confrelid = o.oid) or (f.confrelid = k.oid and f.conrelid = o.oid)))
      ), relations as (
        select distinct case when n.oid is null then u.name else pg_catalog.format('%I.%I', n.nspname, c.relname) end as name
        from used u left join pg_catalog.pg_class c on c.oid = u.oid left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where n.nspname is null or (n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate'))
      ), schemas as (
        select n.oid, n.nspname as name from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate')
          and (n.nspname in (select pg_catalog.jsonb_array_elements_text(${path}::jsonb)) or exists (select from relations r where pg_catalog.starts_with(r.name, pg_catalog.quote_ident(n.nspname) || '.')))
      )
      select pg_catalog.json_build_object('relations', (select coalesce(pg_catalog.json_agg(name), '[]') from relations),
        'schemas', (select coalesce(pg_catalog.json_agg(name), '[]') from schemas),
        'taken', (select coalesce(pg_catalog.json_agg(distinct c.relname), '[]') from pg_catalog.pg_class c join schemas s on s.oid = c.relnamespace
          where c.relname in (select pg_catalog.jsonb_array_elements_text(${path}::jsonb))))::text as found`);
  const found = JSON.parse(row?.found ?? '{}') as Record<'relations' | 'schemas' | 'taken', string[]>;
  return { ...found, taken: new Set(found.taken) };
}

const readLocks = (session: Session): Promise<readonly SeenLock[]> =>
  session.query<{ relation: string; mode: string }>(locksNow).catch(() => []);

const locksNow = sql`
  select distinct pg_catalog.format('%I.%I', n.nspname, c.relname) as relation, l.mode
  from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where l.locktype = 'relation' and l.pid = pg_catalog.pg_backend_pid() and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'gate')`;

async function ownerOf(reading: Session): Promise<string> {
  // a copy that was made without the gate's contents has its functions alone
  const [row] = await reading.query<{ owner: string }>(sql`
    select coalesce((select app_owner from gate.identity), (select pg_catalog.pg_get_userbyid(p.proowner)::text from pg_catalog.pg_proc p
      where p.pronamespace = 'gate'::regnamespace and p.proname = 'execute_step')) as owner`);
  return row?.owner ?? '';
}
