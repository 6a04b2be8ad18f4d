import { type Problem, printable } from '../core/index.ts';
import { type Session, sql } from '../database/index.ts';

/** Names the invalid indexes and the constraints that were never validated. */
export async function findLeftovers(session: Session): Promise<readonly Problem[]> {
  const rows = await session.query<{ kind: 'index' | 'constraint'; name: string }>(sql`
    select 'index' as kind, i.indexrelid::pg_catalog.regclass::text as name from pg_catalog.pg_index i where not i.indisvalid
    union all
    select 'constraint', pg_catalog.format('%I on %s', c.conname, c.conrelid::pg_catalog.regclass)
    from pg_catalog.pg_constraint c where not c.convalidated and c.conrelid <> 0`);
  return rows.map(({ kind, name }) =>
    kind === 'index'
      ? {
          code: 'INDEX_INVALID' as const,
          problem: `index ${printable(name)} is invalid after the forward`,
          fix: 'drop it and build it again in a tier of its own',
        }
      : {
          code: 'CONSTRAINT_NOT_VALID' as const,
          problem: `constraint ${printable(name)} was never validated`,
          fix: 'add ALTER TABLE … VALIDATE CONSTRAINT in a later tier',
        },
  );
}
