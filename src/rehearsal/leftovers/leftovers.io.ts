import { fixed, type Session, sql } from '../../database/index.ts';
import { type ColumnNumbers, type Condition, type Conditions } from './leftovers.ts';

/** Reads what can be left behind: the state of indexes, constraints, triggers, materialized views and tables, and spent column numbers. */
export async function readConditions(session: Session): Promise<Conditions> {
  // NOT ENFORCED came with 18; such a constraint is not validated either
  const enforced = fixed(session.serverVersion >= 180_000 ? 'not c.conenforced' : 'false');
  const conditions = await session.query<{ kind: Condition['kind']; name: string; state: Condition['state'] }>(sql`
    with named as (
      select c.oid, c.relkind, c.relpersistence, c.relispopulated, pg_catalog.format('%I.%I', n.nspname, c.relname) as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    )
    select 'index' as kind, r.name, case when i.indisvalid and i.indisready and i.indislive then 'in force' else 'invalid' end as state
    from pg_catalog.pg_index i join named r on r.oid = i.indexrelid
    union all
    select 'constraint', pg_catalog.format('%I on %s', c.conname, r.name),
      case when ${enforced} then 'not enforced' when not c.convalidated then 'not valid' else 'in force' end
    from pg_catalog.pg_constraint c join named r on r.oid = c.conrelid
    union all
    select 'constraint', pg_catalog.format('%I on domain %I.%I', c.conname, n.nspname, t.typname),
      case when c.convalidated then 'in force' else 'not valid' end
    from pg_catalog.pg_constraint c join pg_catalog.pg_type t on t.oid = c.contypid
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    union all
    select 'trigger', pg_catalog.format('%I on %s', t.tgname, r.name), case t.tgenabled when 'D' then 'disabled' else 'in force' end
    from pg_catalog.pg_trigger t join named r on r.oid = t.tgrelid where not t.tgisinternal
    union all
    -- DISABLE TRIGGER ALL also takes the triggers that hold a foreign key; their own names hold an OID
    select 'foreign key', pg_catalog.format('%I, its triggers on %s', c.conname, r.name),
      case when pg_catalog.bool_or(t.tgenabled = 'D') then 'disabled' else 'in force' end
    from pg_catalog.pg_trigger t join named r on r.oid = t.tgrelid join pg_catalog.pg_constraint c on c.oid = t.tgconstraint
    where t.tgisinternal group by c.oid, c.conname, r.name
    union all
    select 'materialized view', r.name, case when r.relispopulated then 'in force' else 'not populated' end
    from named r where r.relkind = 'm'
    union all
    select 'table', r.name, case r.relpersistence when 'u' then 'unlogged' else 'in force' end
    from named r where r.relkind = 'r'
    order by 1, 2`);
  const columns = await session.query<{ name: string; dropped: string; highest: string }>(sql`
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, count(*)::text as dropped, c.relnatts::text as highest
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where a.attisdropped and c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    group by n.nspname, c.relname, c.relnatts order by 1`);
  return {
    conditions,
    columns: columns.map(
      ({ name, dropped, highest }): ColumnNumbers => ({ name, dropped: Number(dropped), highest: Number(highest) }),
    ),
  };
}
