import { acl, type CatalogQuery, explode, hashed, own, relation, sorted, userSchema } from './catalog.ts';

/** Schemas, with the comment and privileges of public, which is not a user's but can be changed. */
export const schemas: CatalogQuery = () => `select 'schema' as kind, quote_ident(n.nspname) as name,
  jsonb_build_object('owner', pg_get_userbyid(n.nspowner), 'privileges', ${acl({ column: 'n.nspacl', type: 'n', owner: 'n.nspowner' })}, 'comment', obj_description(n.oid, 'pg_namespace')) as logical, '{}'::jsonb as strict
from pg_namespace n where ${userSchema} and not exists (select from pg_depend e where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e')`;

/** Functions, procedures and aggregates. */
export const routines: CatalogQuery =
  () => `select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
  format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as name,
  jsonb_build_object('arguments', pg_get_function_arguments(p.oid), 'returns', pg_get_function_result(p.oid), 'language', (select lanname from pg_language where oid = p.prolang),
    'window', p.prokind = 'w', 'source', p.prosrc, 'library', p.probin, 'body', pg_get_function_sqlbody(p.oid), 'volatility', p.provolatile, 'strict', p.proisstrict, 'leakproof', p.proleakproof,
    'securityDefiner', p.prosecdef, 'parallel', p.proparallel, 'cost', p.procost, 'rows', p.prorows, 'settings', to_jsonb(p.proconfig), 'support', p.prosupport::text,
    'transforms', (select jsonb_agg(format_type(t, null)) from unnest(p.protrftypes) t),
    'aggregate', (select to_jsonb(a) - 'aggfnoid' - 'aggtranstype' - 'aggmtranstype' - 'aggsortop' || jsonb_build_object('state', format_type(a.aggtranstype, null), 'movingState', format_type(a.aggmtranstype, null), 'sort', a.aggsortop::regoperator::text) from pg_aggregate a where a.aggfnoid = p.oid),
    'owner', pg_get_userbyid(p.proowner), 'privileges', ${acl({ column: 'p.proacl', type: 'f', owner: 'p.proowner' })}, 'comment', obj_description(p.oid, 'pg_proc')) as logical, '{}'::jsonb as strict
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${userSchema} and ${own('pg_proc', 'p.oid')}`;

/** Enums (labels in order), domains, composite types, ranges and base types; array types follow their elements. */
export const types: CatalogQuery =
  () => `select case t.typtype when 'd' then 'domain' else 'type' end as kind, format('%I.%I', n.nspname, t.typname) as name,
  jsonb_build_object('form', t.typtype, 'labels', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
    'base', case when t.typbasetype <> 0 then format_type(t.typbasetype, t.typtypmod) end, 'notNull', t.typnotnull, 'default', t.typdefault,
    'collation', (select format('%I.%I', cn.nspname, c.collname) from pg_collation c join pg_namespace cn on cn.oid = c.collnamespace where c.oid = t.typcollation),
    'range', (select jsonb_build_object('subtype', format_type(r.rngsubtype, null), 'multirange', format_type(r.rngmultitypid, null), 'canonical', r.rngcanonical::text, 'difference', r.rngsubdiff::text,
      'operatorClass', (select opcname from pg_opclass where oid = r.rngsubopc), 'collation', (select collname from pg_collation where oid = r.rngcollation)) from pg_range r where r.rngtypid = t.oid),
    'functions', jsonb_build_array(t.typinput::text, t.typoutput::text, t.typreceive::text, t.typsend::text, t.typmodin::text, t.typmodout::text, t.typanalyze::text),
    'storage', jsonb_build_array(t.typlen, t.typbyval, t.typalign, t.typstorage, t.typdelim, t.typcategory, t.typispreferred),
    'owner', pg_get_userbyid(t.typowner), 'privileges', ${acl({ column: 't.typacl', type: 'T', owner: 't.typowner' })}, 'comment', obj_description(t.oid, 'pg_type')) as logical, '{}'::jsonb as strict
from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.typtype <> 'm' and not exists (select from pg_type e where e.typarray = t.oid)
  and (t.typrelid = 0 or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c')) and ${userSchema} and ${own('pg_type', 't.oid')}`;

/** One kind whose row is taken as it is, without the columns that hold OIDs, which are named instead. */
function plain(of: {
  readonly kind: string;
  readonly catalog: string;
  readonly prefix: string;
  readonly drop: string;
  readonly named?: string;
  readonly where?: string;
}): CatalogQuery {
  const { kind, catalog, prefix } = of;
  const spaced = of.drop.includes('namespace');
  return () => `select '${kind}' as kind, ${spaced ? `format('%I.%I', n.nspname, x.${prefix}name)` : `quote_ident(x.${prefix}name)`}${kind === 'operator' ? ` || format('(%s, %s)', format_type(x.oprleft, null), format_type(x.oprright, null))` : ''}${/^operator (class|family)$/.test(kind) ? ` || ' using ' || (select amname from pg_am where oid = x.${prefix}method)` : ''} as name,
    to_jsonb(x) - '{oid,${prefix}owner,${of.drop}}'::text[] || jsonb_build_object('comment', obj_description(x.oid, '${catalog}')${kind === 'access method' || /parser|template/.test(kind) ? '' : `, 'owner', pg_get_userbyid(x.${prefix}owner)`}${of.named === undefined ? '' : `, ${of.named}`}) as logical, '{}'::jsonb as strict
  from ${catalog} x ${spaced ? `join pg_namespace n on n.oid = x.${prefix}namespace` : ''} where ${spaced ? `${userSchema} and ` : ''}${own(catalog, 'x.oid')}`;
}

/** The kinds that are rare enough to be compared column by column of their catalogue. */
export const others: readonly CatalogQuery[] = [
  plain({
    kind: 'operator',
    catalog: 'pg_operator',
    prefix: 'opr',
    drop: 'oprnamespace,oprleft,oprright,oprresult,oprcom,oprnegate',
    named: `'result', format_type(x.oprresult, null), 'commutator', x.oprcom::regoperator::text, 'negator', x.oprnegate::regoperator::text`,
  }),
  plain({
    kind: 'operator class',
    catalog: 'pg_opclass',
    prefix: 'opc',
    drop: 'opcnamespace,opcmethod,opcfamily,opcintype,opckeytype',
    named: `'input', format_type(x.opcintype, null), 'key', format_type(x.opckeytype, null), 'family', (select opfname from pg_opfamily where oid = x.opcfamily)`,
  }),
  plain({
    kind: 'operator family',
    catalog: 'pg_opfamily',
    prefix: 'opf',
    drop: 'opfnamespace,opfmethod',
    named: `'operators', (select jsonb_agg(jsonb_build_array(a.amopstrategy, a.amoppurpose, a.amopopr::regoperator::text) order by a.amopstrategy, a.amopopr::regoperator::text collate "C") from pg_amop a where a.amopfamily = x.oid), 'functions', (select jsonb_agg(jsonb_build_array(a.amprocnum, a.amproc::regprocedure::text) order by a.amprocnum, a.amproc::regprocedure::text collate "C") from pg_amproc a where a.amprocfamily = x.oid)`,
  }),
  plain({ kind: 'collation', catalog: 'pg_collation', prefix: 'coll', drop: 'collnamespace,collversion' }),
  plain({ kind: 'conversion', catalog: 'pg_conversion', prefix: 'con', drop: 'connamespace' }),
  plain({
    kind: 'text search configuration',
    catalog: 'pg_ts_config',
    prefix: 'cfg',
    drop: 'cfgnamespace,cfgparser',
    named: `'parser', (select prsname from pg_ts_parser where oid = x.cfgparser), 'mappings', (select jsonb_agg(jsonb_build_array(m.maptokentype, m.mapseqno, m.mapdict::regdictionary::text) order by m.maptokentype, m.mapseqno) from pg_ts_config_map m where m.mapcfg = x.oid)`,
  }),
  plain({
    kind: 'text search dictionary',
    catalog: 'pg_ts_dict',
    prefix: 'dict',
    drop: 'dictnamespace,dicttemplate',
    named: `'template', (select tmplname from pg_ts_template where oid = x.dicttemplate)`,
  }),
  plain({ kind: 'text search parser', catalog: 'pg_ts_parser', prefix: 'prs', drop: 'prsnamespace' }),
  plain({ kind: 'text search template', catalog: 'pg_ts_template', prefix: 'tmpl', drop: 'tmplnamespace' }),
  plain({
    kind: 'event trigger',
    catalog: 'pg_event_trigger',
    prefix: 'evt',
    drop: 'evtfoid',
    named: `'function', x.evtfoid::regprocedure::text`,
  }),
  plain({ kind: 'access method', catalog: 'pg_am', prefix: 'am', drop: 'none' }),
  plain({
    kind: 'foreign data wrapper',
    catalog: 'pg_foreign_data_wrapper',
    prefix: 'fdw',
    drop: 'fdwacl,fdwhandler,fdwvalidator,fdwoptions',
    named: `'options', ${hashed('x.fdwoptions')}, 'handler', x.fdwhandler::regproc::text, 'validator', x.fdwvalidator::regproc::text, 'privileges', ${acl({ column: 'x.fdwacl', type: 'F', owner: 'x.fdwowner' })}`,
  }),
  plain({
    kind: 'server',
    catalog: 'pg_foreign_server',
    prefix: 'srv',
    drop: 'srvfdw,srvacl,srvoptions',
    named: `'options', ${hashed('x.srvoptions')}, 'wrapper', (select fdwname from pg_foreign_data_wrapper where oid = x.srvfdw), 'privileges', ${acl({ column: 'x.srvacl', type: 'S', owner: 'x.srvowner' })}`,
  }),
  plain({ kind: 'publication', catalog: 'pg_publication', prefix: 'pub', drop: 'none' }),
  (version) =>
    `select 'publication table' as kind, format('%I of %s', p.pubname, ${relation('r.prrelid')}) as name, jsonb_build_object(${version < 150_000 ? '' : `'where', pg_get_expr(r.prqual, r.prrelid), 'columns', (select jsonb_agg(a.attname order by a.attname) from pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs))`}) as logical, '{}'::jsonb as strict from pg_publication_rel r join pg_publication p on p.oid = r.prpubid`,
  () =>
    `select 'language' as kind, quote_ident(l.lanname) as name, jsonb_build_object('trusted', l.lanpltrusted, 'owner', pg_get_userbyid(l.lanowner), 'privileges', ${acl({ column: 'l.lanacl', type: 'l', owner: 'l.lanowner' })}) as logical, '{}'::jsonb as strict from pg_language l`,
  () =>
    `select 'extension' as kind, quote_ident(x.extname) as name, jsonb_build_object('version', x.extversion, 'schema', x.extnamespace::regnamespace::text, 'owner', pg_get_userbyid(x.extowner), 'comment', obj_description(x.oid, 'pg_extension')) as logical, '{}'::jsonb as strict from pg_extension x`,
  () =>
    `select 'cast' as kind, format('(%s AS %s)', format_type(c.castsource, null), format_type(c.casttarget, null)) as name, jsonb_build_object('function', c.castfunc::regprocedure::text, 'context', c.castcontext, 'method', c.castmethod, 'comment', obj_description(c.oid, 'pg_cast')) as logical, '{}'::jsonb as strict from pg_cast c where ${own('pg_cast', 'c.oid')}`,
  () =>
    `select 'transform' as kind, format('%s for %s', format_type(t.trftype, null), (select lanname from pg_language where oid = t.trflang)) as name, jsonb_build_object('from', t.trffromsql::regprocedure::text, 'to', t.trftosql::regprocedure::text) as logical, '{}'::jsonb as strict from pg_transform t where ${own('pg_transform', 't.oid')}`,
  () =>
    `select 'user mapping' as kind, format('%I for %I', u.srvname, u.usename) as name, jsonb_build_object('options', (select jsonb_agg(encode(sha256(convert_to(o, 'UTF8')), 'hex') order by o collate "C") from unnest(u.umoptions) o)) as logical, '{}'::jsonb as strict from pg_user_mappings u`,
  () =>
    `select 'subscription' as kind, quote_ident(s.subname) as name, jsonb_build_object('owner', pg_get_userbyid(s.subowner), 'enabled', s.subenabled, 'binary', s.subbinary, 'slot', s.subslotname, 'synchronousCommit', s.subsynccommit, 'publications', ${sorted('s.subpublications')}) as logical, '{}'::jsonb as strict from pg_subscription s where s.subdbid = (select oid from pg_database where datname = current_database())`,
  (version) =>
    version < 150_000
      ? ''
      : `select 'publication schema' as kind, format('%I.%I', p.pubname, n.nspname) as name, '{}'::jsonb as logical, '{}'::jsonb as strict from pg_publication_namespace s join pg_publication p on p.oid = s.pnpubid join pg_namespace n on n.oid = s.pnnspid`,
  () =>
    `select 'security label' as kind, format('%s %s %s', l.objtype, l.objname, l.provider) as name, jsonb_build_object('label', l.label) as logical, '{}'::jsonb as strict from pg_seclabels l where l.objtype not in ('database', 'role', 'tablespace')`,
  () =>
    `select 'default privileges' as kind, format('%s %s %s', d.defaclrole::regrole, case when d.defaclnamespace <> 0 then d.defaclnamespace::regnamespace::text end, d.defaclobjtype) as name, jsonb_build_object('privileges', ${explode('d.defaclacl')}) as logical, '{}'::jsonb as strict from pg_default_acl d`,
  () =>
    `select 'member privileges' as kind, format('%I.%I', n.nspname, c.relname) as name, jsonb_build_object('privileges', ${explode('c.relacl')}) as logical, '{}'::jsonb as strict from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relacl is not null and exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')`,
  () =>
    `select 'member privileges' as kind, p.oid::regprocedure::text as name, jsonb_build_object('privileges', ${explode('p.proacl')}) as logical, '{}'::jsonb as strict from pg_proc p where p.proacl is not null and exists (select from pg_depend e where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')`,
  () => `select 'database' as kind, 'current' as name, jsonb_build_object('encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype, 'owner', pg_get_userbyid(d.datdba), 'privileges', ${acl({ column: 'd.datacl', type: 'd', owner: 'd.datdba' })},
    'settings', (select jsonb_agg(jsonb_build_array(case when s.setrole <> 0 then pg_get_userbyid(s.setrole) end, ${hashed('s.setconfig')}) order by pg_get_userbyid(s.setrole) collate "C") from pg_db_role_setting s where s.setdatabase = d.oid)) as logical, '{}'::jsonb as strict from pg_database d where d.datname = current_database()`,
];
