/**
 * New partitions that a release expects: they are allowed if they follow their parents.
 *
 * Source  docs/FORMAT.md "Expected partitions"; PostgreSQL manual, "Table Partitioning".
 */
export const partitionFunctions = String.raw`
-- Whether a partition follows its parent, and has nothing of its own except its name, bound, storage and comments.
create function gate.follows(child oid, parent oid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce((select c.relispartition and not h.inhdetachpending and c.relkind in ('r', 'p') and c.relam in (0, 2, p.relam) and c.reloftype = p.reloftype
      and (c.relowner, c.relpersistence) = (p.relowner, p.relpersistence)
      -- a partition does not inherit row security; without a policy, row security only hides rows
      and (p.relrowsecurity or not c.relrowsecurity) and (p.relforcerowsecurity or not c.relforcerowsecurity)
    from pg_inherits h join pg_class c on c.oid = h.inhrelid join pg_class p on p.oid = h.inhparent where h.inhrelid = child and h.inhparent = parent), false)
    and not exists (select from pg_class c cross join aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g where c.oid = child and not exists (
      select from pg_class p cross join aclexplode(coalesce(p.relacl, acldefault('r', p.relowner))) o
      where p.oid = parent and (o.grantee, o.privilege_type) = (g.grantee, g.privilege_type) and (o.is_grantable or not g.is_grantable)))
    and not exists (select from pg_attribute a cross join aclexplode(a.attacl) g where a.attrelid = child and not exists (
      select from pg_attribute p cross join aclexplode(p.attacl) o
      where p.attrelid = parent and p.attname = a.attname and (o.grantee, o.privilege_type) = (g.grantee, g.privilege_type) and (o.is_grantable or not g.is_grantable)))
    -- the partition key of a deeper level may contain code that runs when a row is routed
    and not exists (select from pg_partitioned_table k where k.partrelid = child and (k.partexprs is not null or exists (select from unnest(k.partclass::oid[]) o where o >= 16384)))
    and not exists (select from pg_policy x where x.polrelid = child) and not exists (select from pg_rewrite x where x.ev_class = child)
    and not exists (select from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = child and d.classid = 'pg_rewrite'::regclass)
    and not exists (select from pg_statistic_ext x where x.stxrelid = child) and not exists (select from pg_publication_rel x where x.prrelid = child)
    and not exists (select from pg_trigger x left join pg_trigger p on p.oid = x.tgparentid where x.tgrelid = child
      and (case when x.tgparentid <> 0 then x.tgenabled = p.tgenabled else x.tgisinternal and x.tgconstraint <> 0 and x.tgenabled = 'O' end) is not true)
    and not exists (select from pg_constraint x where x.conrelid = child and x.conparentid = 0 and x.coninhcount = 0)
    and not exists (select from pg_constraint x where x.confrelid = child and x.contype = 'f' and x.conparentid = 0)
    and not exists (select from pg_index x where x.indrelid = child
      and (not (x.indisvalid and x.indisready and x.indislive) or not exists (select from pg_inherits h where h.inhrelid = x.indexrelid)))
    and not exists (select from (select a.*, pg_get_expr(d.adbin, d.adrelid) as preset from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = child and a.attnum > 0 and not a.attisdropped) c
      full join (select a.*, pg_get_expr(d.adbin, d.adrelid) as preset from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = parent and a.attnum > 0 and not a.attisdropped) p on p.attname = c.attname
      where (c.atttypid, c.atttypmod, c.attcollation, c.attnotnull, c.attgenerated, c.preset) is distinct from (p.atttypid, p.atttypmod, p.attcollation, p.attnotnull, p.attgenerated, p.preset)
        or c.attidentity not in ('', p.attidentity))
$gate$;

-- The partitions of tables, of every level, each with its own parent.
create function gate.partitions_of(parents jsonb) returns table (child oid, parent oid)
language sql stable security definer set search_path = pg_catalog, pg_temp set standard_conforming_strings = on as $gate$
  with recursive named as (
    -- to_regclass needs a right on the schema, which the gate does not have
    select case when p ~ '^("([^"]|"")+"|[a-z_][a-z0-9_$]*)\.("([^"]|"")+"|[a-z_][a-z0-9_$]*)$' then parse_ident(p) end as name from jsonb_array_elements_text(gate.elements(parents)) p
  ), below as (
    select h.inhrelid, h.inhparent from named t join pg_namespace n on n.nspname = t.name[1] join pg_class c on c.relnamespace = n.oid and c.relname = t.name[2] join pg_inherits h on h.inhparent = c.oid
    union select h.inhrelid, h.inhparent from below b join pg_inherits h on h.inhparent = b.inhrelid)
  select inhrelid, inhparent from below
$gate$;

-- The objects of new partitions, of tables that the release names, if they follow their parent. For a foreign key to
-- the parent, each partition has its own foreign key, on the referencing table.
create function gate.new_partitions(parents jsonb, expected jsonb) returns text[]
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(array_agg(o.kind || ': ' || o.name), '{}') from gate.partitions_of(parents) b join pg_class c on c.oid = b.child join pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select format('%I.%I', n.nspname, c.relname) as own) t
    cross join lateral (
      select unnest(array['table', 'column order']) as kind, t.own as name
      union all select 'column', format('%s.%I', t.own, a.attname) from pg_attribute a where a.attrelid = b.child and a.attnum > 0 and not a.attisdropped
      union all select 'constraint', format('%I.%I.%I', s.nspname, r.relname, x.conname) from pg_constraint x join pg_class r on r.oid = x.conrelid join pg_namespace s on s.oid = r.relnamespace
        where x.conrelid = b.child or (x.contype = 'f' and x.confrelid = b.child and x.conparentid <> 0)
      union all select 'index', format('%I.%I', s.nspname, i.relname) from pg_index x join pg_class i on i.oid = x.indexrelid join pg_namespace s on s.oid = i.relnamespace where x.indrelid = b.child
      union all select 'trigger', format('%s.%I', t.own, x.tgname) from pg_trigger x where x.tgrelid = b.child) o
  where not expected ? ('table: ' || t.own) and gate.follows(b.child, b.parent)
$gate$;

-- The new objects that the release expects.
create function gate.expected_news(of_statement text, expected jsonb) returns text[]
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  select case when parents is null then '{}' else gate.new_partitions(parents, expected) end from (select gate.release_of(of_statement) #> '{expects,partitionsOf}' as parents) r
$gate$;

-- The partitions created since a tier was entered, of tables that the release names, if they follow their parent.
create function gate.arrived(of_statement text, entered text[]) returns oid[]
language sql volatile security definer set search_path = pg_catalog, pg_temp as $gate$
  select coalesce(array_agg(b.child), '{}') from gate.partitions_of(gate.release_of(of_statement) #> '{expects,partitionsOf}') b
  where not exists (select from unnest(entered) e where starts_with(e, 'pg_class ' || b.child || ' ')) and gate.follows(b.child, b.parent)
$gate$;
`;
