import { acl, type CatalogQuery, explode, hashed, own, relation, sorted, userSchema } from './catalog.ts';

/** Tables, views, materialized views, foreign tables and composite types' relations, without their columns. */
export const relations: CatalogQuery =
  () => `select case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
    when 'f' then 'foreign table' else 'table' end as kind, format('%I.%I', n.nspname, c.relname) as name,
  jsonb_build_object('owner', pg_get_userbyid(c.relowner), 'persistence', c.relpersistence, 'partitioned', c.relkind = 'p',
    'accessMethod', (select amname from pg_am where oid = c.relam),
    'tablespace', (select spcname from pg_tablespace where oid = c.reltablespace),
    'options', ${sorted('c.reloptions')}, 'toastOptions', (select ${sorted('t.reloptions')} from pg_class t where t.oid = c.reltoastrelid and t.reloptions is not null),
    'replicaIdentity', c.relreplident, 'rowSecurity', c.relrowsecurity, 'forceRowSecurity', c.relforcerowsecurity,
    'partitionKey', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end, 'partitionBound', pg_get_expr(c.relpartbound, c.oid),
    'parents', (select coalesce(jsonb_agg(jsonb_build_array(${relation('i.inhparent')}, i.inhdetachpending) order by i.inhseqno), '[]') from pg_inherits i where i.inhrelid = c.oid),
    'ofType', case when c.reloftype <> 0 then format_type(c.reloftype, null) end,
    'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end, 'populated', c.relispopulated,
    'foreign', (select jsonb_build_array(s.srvname, ${hashed('f.ftoptions')}) from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid),
    'privileges', ${acl({ column: 'c.relacl', type: 'r', owner: 'c.relowner' })}, 'comment', obj_description(c.oid, 'pg_class')) as logical,
  '{}'::jsonb as strict
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${userSchema} and ${own('pg_class', 'c.oid')}`;

/** Columns of all of these, and attributes of composite types. */
export const columns: CatalogQuery =
  () => `select 'column' as kind, format('%I.%I.%I', n.nspname, c.relname, a.attname) as name,
  jsonb_build_object('type', format_type(a.atttypid, a.atttypmod),
    'collation', (select format('%I.%I', cn.nspname, co.collname) from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation),
    'notNull', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid), 'identity', a.attidentity, 'generated', a.attgenerated,
    'storage', a.attstorage, 'compression', a.attcompression, 'statistics', nullif(a.attstattarget::int, -1),
    'options', ${sorted('a.attoptions')}, 'foreignOptions', ${hashed('a.attfdwoptions')}, 'local', a.attislocal, 'inherited', a.attinhcount,
    'privileges', ${explode('a.attacl')}, 'comment', col_description(c.oid, a.attnum)) as logical,
  jsonb_build_object('attnum', a.attnum, 'position', rank() over (partition by c.oid order by a.attnum)) as strict
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ${userSchema} and ${own('pg_class', 'c.oid')}`;

/** Constraints of tables and domains; the internal triggers of a foreign key are named by OID, so only their state is taken. */
export const constraints: CatalogQuery = () => `select 'constraint' as kind,
  format('%s.%I', case when o.conrelid <> 0 then ${relation('o.conrelid')} else format_type(o.contypid, null) end, o.conname) as name,
  jsonb_build_object('type', o.contype, 'definition', pg_get_constraintdef(o.oid), 'validated', o.convalidated, 'deferrable', o.condeferrable,
    'deferred', o.condeferred, 'local', o.conislocal, 'inherited', o.coninhcount, 'noInherit', o.connoinherit,
    'enforced', coalesce(to_jsonb(o) -> 'conenforced', 'true'::jsonb),
    'parent', (select format('%s.%I', ${relation('p.conrelid')}, p.conname) from pg_constraint p where p.oid = o.conparentid),
    'triggers', (select coalesce(jsonb_agg(jsonb_build_array(${relation('t.tgrelid')}, t.tgtype, t.tgenabled) order by ${relation('t.tgrelid')} collate "C", t.tgtype, t.tgenabled), '[]')
      from pg_trigger t where t.tgconstraint = o.oid and t.tgisinternal),
    'comment', obj_description(o.oid, 'pg_constraint')) as logical, '{}'::jsonb as strict
from pg_constraint o join pg_namespace n on n.oid = o.connamespace
where ${userSchema} and ${own('pg_constraint', 'o.oid')}
  and not exists (select from pg_depend e where e.deptype = 'e' and (e.classid, e.objid) in (('pg_class'::regclass, o.conrelid), ('pg_type'::regclass, o.contypid)))`;

/** Indexes; one that belongs to a constraint is another thing than one that does not. */
export const indexes: CatalogQuery = () => `select 'index' as kind, format('%I.%I', n.nspname, c.relname) as name,
  jsonb_build_object('definition', pg_get_indexdef(i.indexrelid), 'primary', i.indisprimary, 'immediate', i.indimmediate, 'valid', i.indisvalid, 'ready', i.indisready,
    'live', i.indislive, 'clustered', i.indisclustered, 'replicaIdentity', i.indisreplident,
    'constraint', (select o.conname from pg_constraint o where o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x')),
    'tablespace', (select spcname from pg_tablespace where oid = c.reltablespace),
    'statistics', (select jsonb_agg(nullif(a.attstattarget::int, -1) order by a.attnum) from pg_attribute a where a.attrelid = c.oid),
    'parents', (select coalesce(jsonb_agg(${relation('h.inhparent')}), '[]') from pg_inherits h where h.inhrelid = c.oid),
    'comment', obj_description(c.oid, 'pg_class')) as logical, '{}'::jsonb as strict
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
where ${userSchema} and ${own('pg_class', 'c.oid')} and ${own('pg_class', 'i.indrelid')}`;

/** Sequences: their definition, not their position. */
export const sequences: CatalogQuery = () => `select 'sequence' as kind, format('%I.%I', n.nspname, c.relname) as name,
  jsonb_build_object('type', format_type(s.seqtypid, null), 'start', s.seqstart::text, 'increment', s.seqincrement::text, 'max', s.seqmax::text, 'min', s.seqmin::text,
    'cache', s.seqcache::text, 'cycle', s.seqcycle, 'persistence', c.relpersistence, 'owner', pg_get_userbyid(c.relowner),
    'ownedBy', (select format('%s.%I', ${relation('a.attrelid')}, a.attname) || ' ' || d.deptype::text from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') limit 1),
    'privileges', ${acl({ column: 'c.relacl', type: 's', owner: 'c.relowner' })}, 'comment', obj_description(c.oid, 'pg_class')) as logical, '{}'::jsonb as strict
from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
where ${userSchema} and ${own('pg_class', 'c.oid')}`;

const onTable = (catalog: string, table: string): string =>
  `${userSchema} and ${own(catalog, 'x.oid')} and ${own('pg_class', table)}`;

/** Triggers, with their enabled state. */
export const triggers: CatalogQuery =
  () => `select 'trigger' as kind, format('%s.%I', ${relation('x.tgrelid')}, x.tgname) as name,
  jsonb_build_object('definition', pg_get_triggerdef(x.oid), 'enabled', x.tgenabled, 'inherited', x.tgparentid <> 0, 'comment', obj_description(x.oid, 'pg_trigger')) as logical, '{}'::jsonb as strict
from pg_trigger x join pg_class c on c.oid = x.tgrelid join pg_namespace n on n.oid = c.relnamespace where not x.tgisinternal and ${onTable('pg_trigger', 'c.oid')}`;

/** Rules, without those that make a view. */
export const rules: CatalogQuery =
  () => `select 'rule' as kind, format('%s.%I', ${relation('x.ev_class')}, x.rulename) as name,
  jsonb_build_object('definition', pg_get_ruledef(x.oid), 'enabled', x.ev_enabled, 'comment', obj_description(x.oid, 'pg_rewrite')) as logical, '{}'::jsonb as strict
from pg_rewrite x join pg_class c on c.oid = x.ev_class join pg_namespace n on n.oid = c.relnamespace where x.rulename <> '_RETURN' and ${onTable('pg_rewrite', 'c.oid')}`;

/** Policies of row security. */
export const policies: CatalogQuery =
  () => `select 'policy' as kind, format('%s.%I', ${relation('x.polrelid')}, x.polname) as name,
  jsonb_build_object('command', x.polcmd, 'permissive', x.polpermissive, 'roles', (select jsonb_agg(case when r = 0 then 'PUBLIC' else pg_get_userbyid(r)::text end order by case when r = 0 then 'PUBLIC' else pg_get_userbyid(r)::text end collate "C") from unnest(x.polroles) r),
    'using', pg_get_expr(x.polqual, x.polrelid), 'withCheck', pg_get_expr(x.polwithcheck, x.polrelid), 'comment', obj_description(x.oid, 'pg_policy')) as logical, '{}'::jsonb as strict
from pg_policy x join pg_class c on c.oid = x.polrelid join pg_namespace n on n.oid = c.relnamespace where ${onTable('pg_policy', 'c.oid')}`;

/** Extended statistics. */
export const statistics: CatalogQuery =
  () => `select 'statistics' as kind, format('%I.%I', n.nspname, x.stxname) as name,
  jsonb_build_object('definition', pg_get_statisticsobjdef(x.oid), 'target', nullif(x.stxstattarget::int, -1), 'owner', pg_get_userbyid(x.stxowner), 'comment', obj_description(x.oid, 'pg_statistic_ext')) as logical, '{}'::jsonb as strict
from pg_statistic_ext x join pg_namespace n on n.oid = x.stxnamespace where ${userSchema} and ${own('pg_statistic_ext', 'x.oid')}`;
