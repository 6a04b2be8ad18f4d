import { type Session, sql } from '../../database/index.ts';
import { type StepMeasure } from '../tier/index.ts';

/**
 * The indexes that IF NOT EXISTS found in the forward run, with what they are: it compares the name alone, so one of another table, or of other
 * columns, counts as the wanted one.
 *
 * Shape   a sentence for each index; a name that several schemas have gives several.
 * Source  PostgreSQL manual, "CREATE INDEX": there is no guarantee that the existing index is anything like the one that would have been created.
 */
export async function explainSkipped(session: Session, steps: readonly StepMeasure[]): Promise<readonly string[]> {
  const said = steps.flatMap(({ tier, direction, index, notices }) =>
    direction === 'down'
      ? []
      : notices.flatMap(({ message }) => {
          const [, name] = /^relation "(.*)" already exists, skipping$/s.exec(message) ?? [];
          return name === undefined ? [] : [{ name, at: `statement ${index} of ${tier}` }];
        }),
  );
  const found: string[] = [];
  for (const { name, at } of said) {
    const rows = await session.query<{ definition: string }>(sql`
      select pg_catalog.pg_get_indexdef(c.oid) as definition from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relname = ${name} and c.relkind in ('i', 'I') and n.nspname !~ '^pg_' order by n.nspname limit 3`);
    found.push(...rows.map(({ definition }) => `${at} made no index ${name}, because there is one: ${definition}`));
  }
  return found;
}
