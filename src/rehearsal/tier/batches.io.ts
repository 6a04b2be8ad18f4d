import { OneRoofError, printable, stated } from '../../core/index.ts';
import { fixed, id, type Session, sql } from '../../database/index.ts';
import { type StepBatch, type Step } from '../../release/index.ts';

/** The bounds of one batch, as text; none where no key is left. */
export interface BatchBounds {
  readonly low: string | null;
  readonly high: string | null;
  readonly keys: number;
  /** The last key that the table had when the step began; null: it had none. */
  readonly last: string | null;
}

/** Whether the step ends with this batch. */
export function isLastBatch({ high, last }: BatchBounds): boolean {
  return high === null || high === last;
}

/**
 * Chooses the next batch of a step as the gate does in a rollout, in the transaction that runs it; `before` is the previous one, null: none.
 *
 * Errors  RULE_BATCHED where the key bounds no batch.
 * Source  `gate.key_of` and `gate.next_keys` in src/gate/sql/batches.sql.ts.
 */
export async function nextBatch(
  session: Session,
  { batch, step, before }: { readonly batch: StepBatch; readonly step: Step; readonly before: BatchBounds | null },
): Promise<BatchBounds> {
  const { schema, table, by, rows } = batch;
  const kind = await kindOf(session, batch);
  if (kind === null)
    throw new OneRoofError('RULE_BATCHED', {
      ...stated`${{ column: printable(by) }} of ${{ table: printable(`${schema}.${table}`) }} bounds no batch`,
      fix: `make it NOT NULL, with a unique index on it alone, of type integer, uuid, text, varchar or timestamptz, in a table without children; or choose another column for \`by\` in release.yaml`,
      place: step.place,
    });
  const [key, relation] = [id(by), id(schema, table)];
  const type = fixed(kind);
  let last = before?.last ?? null;
  if (before === null) {
    const [row] = await session.query<{ last: string }>(
      sql`select t.${key}::text as last from ${relation} t where t.${key} is not null order by t.${key} desc limit 1`,
    );
    last = row?.last ?? null;
  }
  const after = before?.high ?? null;
  const from = after === null ? sql`true` : sql`t.${key} > ${after}::${type}`;
  const [found] = await session.query<{ low: string | null; high: string | null; keys: string | null }>(sql`
    select k[1]::text as low, k[pg_catalog.cardinality(k)]::text as high, pg_catalog.cardinality(k)::text as keys
    from (select pg_catalog.array_agg(k order by k) as k from (select t.${key} as k from ${relation} t
      where t.${key} <= ${last}::${type} and ${from} order by t.${key} limit ${rows}::bigint) s) a`);
  return { low: found?.low ?? null, high: found?.high ?? null, keys: Number(found?.keys ?? 0), last };
}

/** The type by which a key is compared; null: it bounds no batch. */
async function kindOf(session: Session, { schema, table, by }: StepBatch): Promise<string | null> {
  const [row] = await session.query<{ kind: string | null }>(sql`
    select case when a.atttypid in (20, 21, 23) then 'bigint' when a.atttypid in (25, 1043) then 'text' when a.atttypid = 1184 then 'timestamptz'
      when a.atttypid = 2950 then 'uuid' end as kind
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = ${schema} and c.relname = ${table} and c.relkind in ('r', 'p') and a.attname = ${by} and a.attnotnull
      and not exists (select from pg_catalog.pg_constraint o where o.conrelid = c.oid and o.contype = 'n' and not o.convalidated and o.conkey = array[a.attnum])
      and not (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits i where i.inhparent = c.oid))
      and exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indnkeyatts = 1
        and i.indkey[0] = a.attnum and i.indcollation[0] = a.attcollation and i.indpred is null and i.indexprs is null)`);
  return row?.kind ?? null;
}
