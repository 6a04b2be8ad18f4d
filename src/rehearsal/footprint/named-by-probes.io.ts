import { id, type Session, sql } from '../../database/index.ts';
import { type Direction, type Probe, type Tier } from '../../release/index.ts';
import { type SeenLock } from './measured-footprint.ts';

/**
 * What the statements of an outside tier name, of what is there before it: their locks are released when they end, so those of a fast statement may
 * not be seen.
 */
export async function namedByProbes(
  session: Session,
  { tier, direction }: { readonly tier: Tier; readonly direction: Direction },
): Promise<readonly SeenLock[]> {
  const names = tier[direction].flatMap(({ probe }) => (probe === undefined ? [] : relationsOf(probe)));
  if (names.length === 0) return [];
  return await session.query<{ relation: string; mode: string }>(sql`
    select distinct pg_catalog.format('%I.%I', n.nspname, c.relname) as relation, 'ShareUpdateExclusiveLock' as mode
    from pg_catalog.unnest(${names}::pg_catalog.text[]) t(name)
    join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(t.name) join pg_catalog.pg_namespace n on n.oid = c.relnamespace`);
}

function relationsOf(probe: Probe): readonly string[] {
  const named = (schema: string | null, name: string): string => id(...(schema === null ? [] : [schema]), name).text;
  switch (probe.act) {
    case 'create-index':
      return [named(probe.schema, probe.table)];
    case 'detach':
    case 'finalize':
      return [named(probe.schema, probe.table), named(probe.partitionSchema, probe.partition)];
    default:
      return [named(probe.schema, probe.name)];
  }
}
