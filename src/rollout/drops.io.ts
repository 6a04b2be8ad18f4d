import { type Milliseconds } from '../core/index.ts';
import { type Connection, id, openObserver, type Snapshot, sql } from '../database/index.ts';
import { type DroppedObject, type DroppedRows } from './drops.ts';

/** More rows than this are not counted: no one waits for it at night. */
const most = 1_000_000;
/** Milliseconds. */
const patience = 5000 as Milliseconds;

/** Counts, with the observer's role, what is in the tables and columns that a rollback drops. Missing objects are left out; what cannot be counted is null. */
export async function countDropped(
  observer: Connection,
  dropped: readonly DroppedObject[],
): Promise<readonly DroppedRows[]> {
  if (dropped.length === 0) return [];
  const session = await openObserver(observer, { applicationName: 'oneroof rollback', statementTimeout: patience });
  try {
    const counted: DroppedRows[] = [];
    for (const one of dropped) {
      // by itself: one that takes too long must not take the others with it
      const rows = await session.snapshot((reading) => countIn(reading, one)).catch(() => null);
      if (rows === 'absent') continue;
      counted.push({ ...one, rows: rows === null ? null : Math.min(rows, most), more: rows !== null && rows > most });
    }
    return counted;
  } finally {
    await session.close();
  }
}

/** The name comes from evidence, so it is not trusted: the server parses it, and the catalogue says what it is. */
async function countIn(reading: Snapshot, { name, kind }: DroppedObject): Promise<number | 'absent'> {
  const [found] = await reading.query<{ schema: string; relation: string; attribute: string | null }>(sql`
    select n.nspname as schema, c.relname as relation, a.attname as attribute
    from (select pg_catalog.parse_ident(${name}) as parts) p
    join pg_catalog.pg_namespace n on n.nspname = p.parts[1]
    join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = p.parts[2] and c.relkind in ('r', 'p', 'f')
    left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = p.parts[3] and a.attnum > 0 and not a.attisdropped
    where ${kind} = 'table' or a.attname is not null`);
  if (found === undefined) return 'absent';
  const { schema, relation, attribute } = found;
  const some = kind === 'column' && attribute !== null ? sql` where ${id(attribute)} is not null` : sql``;
  const [row] = await reading.query<{ rows: string }>(
    sql`select pg_catalog.count(*)::text as rows from (select 1 from ${id(schema, relation)}${some} limit ${most + 1}) found`,
  );
  return Number(row?.rows ?? 0);
}
