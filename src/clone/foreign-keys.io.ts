import { type Session, sql } from '../database/index.ts';
import { type ForeignKey } from './foreign-keys.ts';

/** Reads every foreign key of the database. Equality is that of the key itself: by its operators, and by the collation of the referred column. */
export async function readForeignKeys(session: Session): Promise<readonly ForeignKey[]> {
  const rows = await session.query<{ one: string }>(sql`
    select pg_catalog.json_build_object('name', c.conname, 'match', c.confmatchtype, 'validated', c.convalidated,
      'period', coalesce((pg_catalog.to_jsonb(c) ->> 'conperiod')::boolean, false),
      'from', pg_catalog.json_build_object('oid', f.oid::text, 'name', pg_catalog.format('%I.%I', fn.nspname, f.relname)),
      'to', pg_catalog.json_build_object('oid', t.oid::text, 'name', pg_catalog.format('%I.%I', tn.nspname, t.relname)),
      'only', pg_catalog.json_build_object('from', case f.relkind when 'r' then 'only ' else '' end, 'to', case t.relkind when 'r' then 'only ' else '' end),
      'index', (select pg_catalog.string_agg(pg_catalog.format('%I %I.%I', a.attname, n.nspname, o.opcname), ', ' order by k.n)
        from pg_catalog.pg_index i cross join lateral unnest(i.indkey::int2[], i.indclass::oid[]) with ordinality k(key, class, n)
        join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.key join pg_catalog.pg_opclass o on o.oid = k.class
        join pg_catalog.pg_namespace n on n.oid = o.opcnamespace where i.indexrelid = c.conindid),
      'pairs', (select pg_catalog.json_agg(pg_catalog.json_build_object('own', x.attname, 'other', y.attname, 'type', pg_catalog.format_type(x.atttypid, x.atttypmod),
          'compare', pg_catalog.format('t.%I operator(%I.%s)', y.attname, n.nspname, o.oprname),
          'collate', case when x.attcollation <> y.attcollation and x.attcollation <> 0 and y.attcollation <> 0 then
            (select pg_catalog.format(' collate %I.%I', cn.nspname, l.collname) from pg_catalog.pg_collation l join pg_catalog.pg_namespace cn on cn.oid = l.collnamespace where l.oid = y.attcollation) else '' end) order by k.n)
        from unnest(c.conkey, c.confkey, c.conpfeqop) with ordinality k(own, other, op, n)
        join pg_catalog.pg_attribute x on x.attrelid = c.conrelid and x.attnum = k.own
        join pg_catalog.pg_attribute y on y.attrelid = c.confrelid and y.attnum = k.other
        join pg_catalog.pg_operator o on o.oid = k.op join pg_catalog.pg_namespace n on n.oid = o.oprnamespace))::text as one
    from pg_catalog.pg_constraint c
    join pg_catalog.pg_class f on f.oid = c.conrelid join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
    join pg_catalog.pg_class t on t.oid = c.confrelid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
    where c.contype = 'f' and c.conparentid = 0 order by c.conname, c.oid`);
  return rows.map(({ one }) => JSON.parse(one) as ForeignKey);
}
