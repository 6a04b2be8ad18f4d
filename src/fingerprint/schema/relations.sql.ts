import {
  acl,
  type CatalogQuery,
  comment,
  explode,
  hashedOptions,
  lasting,
  named,
  objects,
  operators,
  own,
  qualified,
  relation,
  role,
  sorted,
  type,
} from './catalog.ts';
import { chosenOptions, indexDefinition, options } from './options.sql.ts';
import { restored } from './restored.sql.ts';

const tablespace = `(select spcname from pg_tablespace where oid = c.reltablespace)`;

/**
 * SQL: the flags of a relation by which the server believes that something is not there although it is, so that it passes it over. True while
 * nothing is there is harmless: VACUUM clears these late.
 */
const hiding = `(select coalesce(jsonb_agg(f.flag order by f.flag), '[]') from (values
  ('relhasindex', not c.relhasindex and exists (select from pg_index h where h.indrelid = c.oid)),
  ('relhasrules', not c.relhasrules and exists (select from pg_rewrite h where h.ev_class = c.oid)),
  ('relhastriggers', not c.relhastriggers and exists (select from pg_trigger h where h.tgrelid = c.oid)),
  ('relhassubclass', not c.relhassubclass and exists (select from pg_inherits h where h.inhparent = c.oid)),
  ('relispartition', not c.relispartition and c.relpartbound is not null),
  ('relchecks', c.relchecks < (select count(*) from pg_constraint h where h.conrelid = c.oid and h.contype = 'c')),
  ('relnatts', c.relnatts < (select max(h.attnum) from pg_attribute h where h.attrelid = c.oid))) f (flag, hides) where f.hides)`;

/** Tables, views, materialized views and foreign tables, without their columns. */
export const relations: CatalogQuery = () =>
  objects({
    kind: `case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end`,
    key: ['pg_class', 'c.oid'],
    name: qualified('c.relname'),
    logical: {
      owner: role('c.relowner'),
      persistence: 'c.relpersistence',
      partitioned: `c.relkind = 'p'`,
      accessMethod: `(select amname from pg_am where oid = c.relam)`,
      tablespace,
      options: options('relation', 'c.reloptions'),
      toastOptions: `(select ${options('relation', 't.reloptions')} from pg_class t where t.oid = c.reltoastrelid and ${chosenOptions('relation', 't.reloptions')} is not null)`,
      replicaIdentity: 'c.relreplident',
      rowSecurity: 'c.relrowsecurity',
      forceRowSecurity: 'c.relforcerowsecurity',
      partitionKey: restored(`case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end`),
      partitionBound: 'pg_get_expr(c.relpartbound, c.oid)',
      parents: `(select coalesce(jsonb_agg(jsonb_build_array(${relation('i.inhparent')}, i.inhdetachpending) order by i.inhseqno), '[]') from pg_inherits i where i.inhrelid = c.oid)`,
      ofType: type('c.reloftype'),
      definition: restored(`case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end`),
      // a view is a rule, which can be switched off and commented on like any other
      rule: `case when c.relkind in ('v', 'm') then (select jsonb_build_array(w.ev_enabled, ${comment('pg_rewrite', 'w.oid')}) from pg_rewrite w where w.ev_class = c.oid and w.rulename = '_RETURN') end`,
      populated: 'c.relispopulated',
      hiding,
      foreign: `case when c.relkind = 'f' then (select jsonb_build_array(s.srvname, ${hashedOptions('f.ftoptions')}) from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid) end`,
      privileges: acl({ column: 'c.relacl', type: 'r', owner: 'c.relowner' }),
      // on ctid, xmin and the like, which are no columns of the user's
      systemColumnPrivileges: `(select coalesce(jsonb_agg(jsonb_build_array(a.attname, ${explode('a.attacl')}) order by a.attnum), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum < 0 and a.attacl is not null)`,
      comment: comment('pg_class', 'c.oid'),
    },
    // counts dropped columns too, those at the end included
    strict: { attributes: 'c.relnatts' },
    from: `pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${lasting} and ${own('c.oid')}`,
  });

/** Columns of all of these, and attributes of composite types. */
export const columns: CatalogQuery = () =>
  objects({
    kind: 'column',
    key: ['pg_class', 'c.oid'],
    name: `format('%I.%I.%I', n.nspname, c.relname, a.attname)`,
    logical: {
      type: 'format_type(a.atttypid, a.atttypmod)',
      collation: named('collation', 'a.attcollation'),
      notNull: 'a.attnotnull',
      default: restored('pg_get_expr(d.adbin, d.adrelid)'),
      // else the server passes the default over
      hiding: 'd.adrelid is not null and not a.atthasdef',
      identity: 'a.attidentity',
      generated: 'a.attgenerated',
      storage: 'a.attstorage',
      compression: 'a.attcompression',
      statistics: 'nullif(a.attstattarget::int, -1)',
      options: options('column', 'a.attoptions'),
      foreignOptions: hashedOptions('a.attfdwoptions'),
      local: 'a.attislocal',
      inherited: 'a.attinhcount',
      privileges: explode('a.attacl'),
      comment: 'col_description(c.oid, a.attnum)',
    },
    strict: {
      attnum: 'a.attnum',
      position: 'rank() over (partition by c.oid order by a.attnum)',
      dimensions: 'a.attndims',
    },
    // the column before it: SELECT * shows the position of a column, and no property of another column does
    listed: { after: 'lag(a.attname) over (partition by c.oid order by a.attnum)' },
    from: `pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ${lasting} and ${own('c.oid')}`,
  });

/** Constraints of tables and domains; the internal triggers of a foreign key are named by OID, so only their state is taken. */
export const constraints: CatalogQuery = ({ version }) =>
  objects({
    kind: 'constraint',
    key: ['pg_constraint', 'o.oid'],
    name: `case when o.conrelid <> 0 then ${relation('o.conrelid')} else format_type(nullif(o.contypid, 0), null) end || '.' || quote_ident(o.conname)`,
    logical: {
      type: 'o.contype',
      definition: restored('pg_get_constraintdef(o.oid)'),
      enforced: version < 180_000 ? 'true' : 'o.conenforced',
      validated: 'o.convalidated',
      deferrable: 'o.condeferrable',
      deferred: 'o.condeferred',
      local: 'o.conislocal',
      inherited: 'o.coninhcount',
      // for a key it only shows how the partition got it: created with the parent's, or created first and attached, as a dump does
      noInherit: `o.connoinherit and o.contype not in ('p', 'u', 'x')`,
      period: version < 180_000 ? 'false' : 'o.conperiod',
      operators: `jsonb_build_array(${operators('o.conpfeqop')}, ${operators('o.conppeqop')}, ${operators('o.conffeqop')}, ${operators('o.conexclop')})`,
      parent: `(select format('%s.%I', ${relation('p.conrelid')}, p.conname) from pg_constraint p where p.oid = o.conparentid)`,
      triggers: `(select coalesce(jsonb_agg(jsonb_build_array(${relation('t.tgrelid')}, t.tgtype, t.tgenabled) order by ${relation('t.tgrelid')} collate "C", t.tgtype, t.tgenabled), '[]')
        from pg_trigger t where t.tgconstraint = o.oid and t.tgisinternal)`,
      comment: comment('pg_constraint', 'o.oid'),
    },
    // of two unique indexes over the same columns, PostgreSQL may choose the other one when it makes a foreign key again
    strict: { index: relation('o.conindid') },
    from: `pg_constraint o join pg_namespace n on n.oid = o.connamespace where ${lasting} and ${own('o.oid')}`,
  });

/** Indexes; one that belongs to a constraint is another thing than one that does not. */
export const indexes: CatalogQuery = () =>
  objects({
    kind: 'index',
    key: ['pg_class', 'c.oid'],
    name: qualified('c.relname'),
    logical: {
      definition: restored(indexDefinition({ oid: 'i.indexrelid', options: 'c.reloptions' })),
      primary: 'i.indisprimary',
      exclusion: 'i.indisexclusion',
      immediate: 'i.indimmediate',
      valid: 'i.indisvalid',
      ready: 'i.indisready',
      live: 'i.indislive',
      clustered: 'i.indisclustered',
      replicaIdentity: 'i.indisreplident',
      constraint: `(select o.conname from pg_constraint o where o.conrelid = i.indrelid and o.conindid = i.indexrelid and o.contype in ('p', 'u', 'x'))`,
      tablespace,
      statistics: `(select jsonb_agg(nullif(a.attstattarget::int, -1) order by a.attnum) from pg_attribute a where a.attrelid = c.oid)`,
      parents: `(select coalesce(jsonb_agg(${relation('h.inhparent')}), '[]') from pg_inherits h where h.inhrelid = c.oid)`,
      comment: comment('pg_class', 'c.oid'),
    },
    // an index keeps the name that a column had when it was made, which a dump does not
    strict: {
      attributes: `(select jsonb_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = c.oid)`,
    },
    from: `pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where ${lasting} and ${own('c.oid')}`,
  });

/** Sequences: their definition, not their position. */
export const sequences: CatalogQuery = () =>
  objects({
    kind: 'sequence',
    key: ['pg_class', 'c.oid'],
    name: qualified('c.relname'),
    logical: {
      type: type('s.seqtypid'),
      start: 's.seqstart::text',
      increment: 's.seqincrement::text',
      max: 's.seqmax::text',
      min: 's.seqmin::text',
      cache: 's.seqcache::text',
      cycle: 's.seqcycle',
      persistence: 'c.relpersistence',
      tablespace,
      owner: role('c.relowner'),
      ownedBy: `(select format('%s.%I', ${relation('a.attrelid')}, a.attname) || ' ' || d.deptype::text from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') limit 1)`,
      privileges: acl({ column: 'c.relacl', type: 's', owner: 'c.relowner' }),
      columnPrivileges: `(select coalesce(jsonb_agg(jsonb_build_array(a.attname, ${explode('a.attacl')}) order by a.attnum), '[]') from pg_attribute a where a.attrelid = c.oid and a.attacl is not null)`,
      comment: comment('pg_class', 'c.oid'),
    },
    from: `pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${lasting} and ${own('c.oid')}`,
  });

/** What hangs on one relation, by its OID. */
function onRelation(catalog: string, column: string): string {
  return `${catalog} x join pg_class c on c.oid = x.${column} join pg_namespace n on n.oid = c.relnamespace where ${lasting} and ${own('x.oid')}`;
}

/** Triggers, with their enabled state; without those by which the server keeps constraints. */
export const triggers: CatalogQuery = () =>
  objects({
    kind: 'trigger',
    key: ['pg_trigger', 'x.oid'],
    name: `format('%I.%I.%I', n.nspname, c.relname, x.tgname)`,
    logical: {
      definition: restored('pg_get_triggerdef(x.oid)'),
      enabled: 'x.tgenabled',
      internal: 'x.tgisinternal',
      inherited: `(select ${relation('p.tgrelid')} from pg_trigger p where p.oid = x.tgparentid)`,
      comment: comment('pg_trigger', 'x.oid'),
    },
    // one that says it is internal and belongs to no constraint and no trigger of a parent was hidden
    from: `${onRelation('pg_trigger', 'tgrelid')} and (not x.tgisinternal or x.tgconstraint = 0 and x.tgparentid = 0)`,
  });

/** Rules, without those that make a view. */
export const ruleQuery: CatalogQuery = () =>
  objects({
    kind: 'rule',
    key: ['pg_rewrite', 'x.oid'],
    name: `format('%I.%I.%I', n.nspname, c.relname, x.rulename)`,
    logical: {
      definition: restored('pg_get_ruledef(x.oid)'),
      enabled: 'x.ev_enabled',
      comment: comment('pg_rewrite', 'x.oid'),
    },
    from: `${onRelation('pg_rewrite', 'ev_class')} and x.rulename <> '_RETURN'`,
  });

/** Policies of row security. */
export const policies: CatalogQuery = () =>
  objects({
    kind: 'policy',
    key: ['pg_policy', 'x.oid'],
    name: `format('%I.%I.%I', n.nspname, c.relname, x.polname)`,
    logical: {
      command: 'x.polcmd',
      permissive: 'x.polpermissive',
      roles: sorted(
        `array(select case when r = 0 then 'PUBLIC' else quote_ident(${role('r')}) end from unnest(x.polroles) r)`,
      ),
      using: restored('pg_get_expr(x.polqual, x.polrelid)'),
      withCheck: restored('pg_get_expr(x.polwithcheck, x.polrelid)'),
      comment: comment('pg_policy', 'x.oid'),
    },
    from: onRelation('pg_policy', 'polrelid'),
  });

/** SQL: the definition of statistics over expressions, of which PostgreSQL's own text leaves parentheses out that others of its texts have. */
const overExpressions = `format('CREATE STATISTICS %s %s ON %s FROM %s', ${qualified('x.stxname')},
        (select '(' || string_agg(case k when 'd' then 'ndistinct' when 'f' then 'dependencies' else 'mcv' end, ', ' order by k) || ')' from unnest(x.stxkind) k where k <> 'e'),
        concat_ws(', ', (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a where a.attrelid = x.stxrelid and a.attnum = any (x.stxkeys)),
          (select string_agg('(' || ${restored('e')} || ')', ', ' order by at) from unnest(pg_get_statisticsobjdef_expressions(x.oid)) with ordinality u(e, at))),
        ${relation('x.stxrelid')})`;

/** Extended statistics: what is gathered, not what was found. */
export const statistics: CatalogQuery = () =>
  objects({
    kind: 'statistics',
    key: ['pg_statistic_ext', 'x.oid'],
    name: qualified('x.stxname'),
    logical: {
      definition: `case when x.stxexprs is null then pg_get_statisticsobjdef(x.oid) else ${overExpressions} end`,
      target: 'nullif(x.stxstattarget::int, -1)',
      owner: role('x.stxowner'),
      comment: comment('pg_statistic_ext', 'x.oid'),
    },
    from: `pg_statistic_ext x join pg_namespace n on n.oid = x.stxnamespace where ${lasting} and ${own('x.oid')}`,
  });
