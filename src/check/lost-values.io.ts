import { type TableValues, valuesOf } from './database-state.io.ts';
import { type UpSeen } from './up-seen.ts';
import { type Sandbox } from './sandbox.io.ts';

/** What old tables lost, counted where it still is. */
export async function lostIn(
  reader: ReturnType<Sandbox['reader']>,
  { ran, old }: Pick<UpSeen, 'ran' | 'old'>,
): Promise<UpSeen['lost']> {
  const lost = new Map<string, TableValues>();
  const ends = ran.flatMap(({ moments }) => (moments === null ? [] : [moments]));
  for (const table of old) {
    const first = ends[0]?.[0].tables.get(table.oid);
    const states = ends.map(([, after]) => after.tables.get(table.oid) ?? null);
    const isReplaced = states.some((state) => state === null || state.file !== first?.file);
    const columns = [...new Set(states.flatMap((state) => state?.dropped ?? []))].filter(
      (number) => first?.dropped.includes(number) !== true,
    );
    const isUpdated = states.some((state) => (state?.updated ?? 0) > 0);
    if (isReplaced || isUpdated || columns.length > 0) lost.set(table.oid, await valuesOf(reader, { table, columns }));
  }
  return lost;
}
