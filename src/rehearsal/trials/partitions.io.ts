import { type Clone } from '../../clone/index.ts';
import { OneRoofError, type Problem, printable, stated } from '../../core/index.ts';
import { fixed, id, literal, type Session, type Sql, sql } from '../../database/index.ts';
import { type Anchors, compareObjects, lookAt } from '../../fingerprint/index.ts';
import { type Direction, type Tier } from '../../release/index.ts';
import { forwardOrder, reversibleParts } from '../boundaries/index.ts';
import {
  type Comparing,
  type MarkedClone,
  schemaDifferences,
  splitName,
  withMarkedClone,
} from '../comparison/index.ts';
import { withReleaseSession } from '../session/index.ts';
import { runChecks, runTier } from '../tier/index.ts';
import { type Bounds, boundsOf, type Partitioned, unlike, untriedPartition } from './partitions.ts';

/** What it takes. */
interface By extends Comparing {
  /** What the release depends on. */
  readonly anchors: Anchors;
}

/** A partition that was added. */
interface Made {
  readonly name: string;
  readonly parent: string;
}

/**
 * Proves that new partitions of the tables that a release names change nothing: adds one to each before the forward run, and another one before the
 * rollback. On a clone of its own, with the comparison of the gate.
 */
export async function provePartitions(by: By, parents: readonly string[]): Promise<readonly Problem[]> {
  const purpose = `new partitions for ${by.options.release.release.name}`;
  return await withMarkedClone(by.options, purpose, (marked) => prove(marked, parents, by));
}

async function prove(marked: MarkedClone, parents: readonly string[], by: By): Promise<readonly Problem[]> {
  const { clone, reading } = marked;
  const { tiers } = by.options.release.release;
  const before = await lookAt(reading, by.anchors);
  const made: Made[] = [];
  const grown = new Set<string>();
  const add = async (when: string, isLast: boolean): Promise<readonly Problem[]> => {
    const problems: Problem[] = [];
    for (const parent of parents) {
      const added = await addPartition(reading, { parent, when });
      // the release may make it, or drop it
      if (added === null)
        problems.push(
          ...(isLast && !grown.has(parent) ? [untriedPartition(stated`${{ parent }} is not a partitioned table`)] : []),
        );
      else if ('name' in added) {
        made.push({ name: added.name, parent });
        grown.add(parent);
      } else problems.push(added);
    }
    return problems.length > 0 ? problems : await notFollowing(reading, { made, when });
  };
  const open = forwardOrder(tiers).filter(({ barred }) => barred === null);
  const first = await add('before the forward run', false);
  if (first.length > 0) return first;
  const forward = await run(clone, { tiers: open, direction: 'up' }, by);
  if (forward.length > 0) return forward;
  const second = await add('before the rollback', true);
  if (second.length > 0) return second;
  const part = reversibleParts(open).at(-1) ?? { from: null, tiers: [] };
  const back = await run(clone, { tiers: part.tiers.toReversed(), direction: 'down' }, by);
  if (back.length > 0) return back;
  const followed = await notFollowing(reading, { made, when: 'after the rollback' });
  // after a one-way tier nothing is as it was
  if (followed.length > 0 || part.from !== null) return followed;
  return await others(marked, { parents, before }, by);
}

/** What is not as it was, beside the partitions that were added. */
async function others(
  marked: MarkedClone,
  of: { readonly parents: readonly string[]; readonly before: Readonly<Record<string, string>> },
  by: By,
): Promise<readonly Problem[]> {
  const { parents, before } = of;
  const [row] = await marked.reading.query<{ news: string }>(
    sql`select to_jsonb(gate.new_partitions(${JSON.stringify(parents)}::jsonb, ${JSON.stringify(before)}::jsonb))::text as news`,
  );
  const news = new Set(JSON.parse(row?.news ?? '[]') as readonly string[]);
  const delta = await schemaDifferences(marked, by);
  const found = compareObjects(delta.originals, delta.objects)
    .filter(({ kind, level }) => kind !== 'database' && level === 'logical')
    .map(({ kind, name, property, before: was }) => ({
      key: `${kind}: ${name}`,
      isNew: property === null && was === null,
    }));
  const unexpected = new Set(found.flatMap(({ key, isNew }) => (isNew && news.has(key) ? [] : [key])));
  return [...unexpected].map((key) =>
    unlike(
      stated`with new partitions the rollback does not restore the previous state: ${{ difference: key.replace(': ', ' ') }}`,
    ),
  );
}

async function run(
  clone: Clone,
  of: { readonly tiers: readonly Tier[]; readonly direction: Direction },
  by: By,
): Promise<readonly Problem[]> {
  const { settings } = by.options.release.release;
  const { direction } = of;
  return await withReleaseSession(clone.connection, { settings, signal: by.options.signal }, async (session) => {
    for (const tier of of.tiers) {
      const before = () => (direction === 'up' ? runChecks(session, tier) : Promise.resolve([]));
      const { problems } = await runTier(session, { tier, direction, limits: null, before });
      if (problems.length > 0)
        return problems.map((one) => ({ ...one, problem: printable(`with a new partition: ${one.problem}`) }));
    }
    return [];
  });
}

/** The new partitions that are not made as their parent is, where the release has not dropped that one. */
async function notFollowing(
  reading: Session,
  { made, when }: { readonly made: readonly Made[]; readonly when: string },
): Promise<readonly Problem[]> {
  const rows = await reading.query<{ name: string; there: string }>(sql`
    select m ->> 'name' as name, (to_regclass(m ->> 'name') is not null)::text as there from jsonb_array_elements(${JSON.stringify(made)}::jsonb) m
    where to_regclass(m ->> 'parent') is not null
      and coalesce(gate.follows(to_regclass(m ->> 'name'), to_regclass(m ->> 'parent')), false) is not true`);
  return rows.map(({ name, there }) =>
    unlike(
      there === 'true'
        ? stated`${{ moment: when }}, the new partition ${{ name }} does not follow its parent: the gate would refuse it as a new object`
        : stated`${{ moment: when }}, the new partition ${{ name }} does not exist any more`,
    ),
  );
}

/** Adds the next partition of a table, as the owner of the table; null: there is no such table now. */
async function addPartition(
  reading: Session,
  { parent, when }: { readonly parent: string; readonly when: string },
): Promise<Problem | { readonly name: string } | null> {
  const table = await readTable(reading, parent);
  if (table === null) return null;
  const bounds = boundsOf(table);
  if (typeof bounds === 'string') return untriedPartition(stated`${{ why: bounds }}`);
  const [schema = '', relation = ''] = splitName(table.table);
  const name = `${[...relation].slice(0, 12).join('')}_oneroof_${table.bounds.length + 1}`;
  try {
    const values = await nextValues(reading, bounds);
    if (values === null)
      return untriedPartition(stated`every value of ${{ type: bounds.type }} has a partition of ${{ parent }} already`);
    await reading.query(sql`begin`);
    await reading.query(sql`select pg_catalog.set_config('role', ${table.owner}, true)`);
    await reading.query(
      sql`create table ${id(schema, name)} partition of ${id(schema, relation)} for values ${values}`,
    );
    await reading.query(sql`commit`);
    const [made] = await reading.query<{ name: string }>(
      sql`select format('%I.%I', ${schema}::text, ${name}::text) as name`,
    );
    return { name: made?.name ?? '' };
  } catch (error) {
    await reading.query(sql`rollback`);
    if (error instanceof OneRoofError) throw error;
    return untriedPartition(
      stated`${{ moment: printable(when) }}, PostgreSQL refuses a new partition of ${{ parent: printable(parent) }}: ${{ said: printable((error as Error).message) }}`,
    );
  }
}

async function readTable(reading: Session, parent: string): Promise<Partitioned | null> {
  const [row] = await reading.query<{ found: string }>(sql`
    select json_build_object('table', format('%I.%I', n.nspname, c.relname), 'owner', pg_get_userbyid(c.relowner),
      'enumerated', exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = c.oid and a.attnum = k.partattrs[0] and t.typtype = 'e'),
      'strategy', case k.partstrat when 'r' then 'range' when 'l' then 'list' else 'hash' end,
      'key', (select json_agg(format_type(coalesce(nullif(t.typbasetype, 0), t.oid), null) order by u.n) from unnest(k.partattrs::int2[]) with ordinality u(attnum, n)
        left join pg_attribute a on a.attrelid = c.oid and a.attnum = u.attnum and u.attnum > 0 left join pg_type t on t.oid = a.atttypid),
      'bounds', (select coalesce(json_agg(pg_get_expr(p.relpartbound, p.oid)), '[]') from pg_inherits h join pg_class p on p.oid = h.inhrelid where h.inhparent = c.oid))::text as found
    from pg_partitioned_table k join pg_class c on c.oid = k.partrelid join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(${parent})`);
  return row === undefined ? null : (JSON.parse(row.found) as Partitioned);
}

/** The bound of a next partition: after the highest, of the same width; or a value that no partition has. Null: there is none. */
async function nextValues(reading: Session, bounds: Exclude<Bounds, string>): Promise<Sql | null> {
  const type = fixed(bounds.type);
  if (bounds.by === 'range') {
    const unit = bounds.type.startsWith('timestamp') ? sql`interval '1 day'` : sql`1`;
    const start = bounds.type === 'date' || bounds.type.startsWith('timestamp') ? sql`current_date` : sql`0`;
    const [row] = await reading.query<{ from: string; to: string }>(sql`
      with there as (select case when p ->> 0 not in ('MINVALUE', 'MAXVALUE') then (p ->> 0)::${type} end as lo, (p ->> 1)::${type} as hi
        from jsonb_array_elements(${JSON.stringify(bounds.pairs)}::jsonb) p
        union all select null, ${start}::${type} where ${bounds.pairs.length} = 0)
      select hi::text as "from", (hi + coalesce(hi - lo, ${unit}))::${type}::text as "to" from there order by there.hi desc limit 1`);
    return row === undefined ? null : sql`from (${literal(row.from)}) to (${literal(row.to)})`;
  }
  const [row] = await reading.query<{ value: string | null }>(candidates(bounds));
  return row?.value === undefined || row.value === null ? null : sql`in (${literal(row.value)})`;
}

/** Asks for a value that is not in a list. */
function candidates({ type, of, values }: Extract<Bounds, { readonly by: 'list' }>): Sql {
  const as = fixed(type);
  const list = JSON.stringify(values);
  switch (of) {
    case 'numbers':
      return sql`select (coalesce(max(v::${as}), 0) + 1)::text as value from jsonb_array_elements_text(${list}::jsonb) v`;
    case 'days':
      return sql`select (coalesce(max(v::${as}), current_date::${as}) + interval '1 day')::${as}::text as value from jsonb_array_elements_text(${list}::jsonb) v`;
    case 'texts':
      return sql`select min(g)::text as value from generate_series(1, 9999) g where not ${list}::jsonb ? g::text`;
    case 'uuids':
      return sql`select gen_random_uuid()::text as value`;
    case 'booleans':
      return sql`select min(v) as value from unnest(array['false', 'true']) v where not ${list}::jsonb ? v`;
    case 'labels':
      return sql`select min(v) as value from unnest(enum_range(null::${as})::text[]) v where not ${list}::jsonb ? v`;
  }
}
