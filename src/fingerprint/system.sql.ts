import { type CatalogQuery, explode, objects, role, sha256 } from './catalog.ts';

/**
 * What initdb made and somebody can grant on: each with its OID, part, privileges, the ones that it was made with, and owner.
 * pg_init_privs lists the privileges of initdb, without those that information_schema is made with.
 */
const grantable = `(
  select 'pg_class'::regclass as classid, oid, 0 as part, relacl as now,
    acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner) || ${fromPublic('relnamespace', 'relowner', 'SELECT')} as usual, relowner as owner from pg_class where relkind <> 'i'
  union all select 'pg_class'::regclass, attrelid, attnum, attacl, acldefault('c', 10), 10 from pg_attribute where attacl is not null and not attisdropped
  union all select 'pg_proc'::regclass, oid, 0, proacl, acldefault('f', proowner), proowner from pg_proc
  union all select 'pg_type'::regclass, oid, 0, typacl, acldefault('T', typowner), typowner from pg_type
  union all select 'pg_namespace'::regclass, oid, 0, nspacl, acldefault('n', nspowner) || ${fromPublic('oid', 'nspowner', 'USAGE')}, nspowner from pg_namespace where nspname <> 'public'
) x`;

/** SQL: what everybody may do with the objects of information_schema. */
function fromPublic(schema: string, owner: string, privilege: string): string {
  return `case ${schema} when to_regnamespace('information_schema') then array[makeaclitem(0, ${owner}, '${privilege}', false)] else acldefault('c', ${owner}) end`;
}

/** SQL: one hash over many texts, in the order of a name or number that initdb gives. */
function digestOf(of: {
  readonly catalog: string;
  readonly text: string;
  readonly from: string;
  readonly order: string;
}): string {
  return `select 'system catalogue' as kind, '${of.catalog}' as name, '{}'::jsonb as logical,
  jsonb_build_object('rows', ${sha256(`(select string_agg(${of.text}, E'\\n' order by ${of.order}) from ${of.from})`)}) as strict`;
}

/** The catalogues whose rows can be taken as they are: no privileges, no versions, nothing that a VACUUM writes. */
const whole = [
  'pg_aggregate',
  'pg_am',
  'pg_amop',
  'pg_amproc',
  'pg_cast',
  'pg_constraint',
  'pg_conversion',
  'pg_opclass',
  'pg_operator',
  'pg_opfamily',
  'pg_range',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
];

/** Below this OID everything is numbered by PostgreSQL's own sources, so that the numbers are the same on every server of a version. */
const numbered = 12_000;

/** How an object of PostgreSQL's own differs from what initdb made; where nobody touched any, nothing. */
const touched: CatalogQuery = () =>
  objects({
    kind: 'system object',
    name: `i.type || ' ' || i.identity`,
    logical: {
      privileges: explode('coalesce(x.now, x.usual)'),
      owner: `case when x.owner <> 10 then ${role('x.owner')} end`,
      comment: `case when x.oid >= ${numbered} and x.part = 0 then (select d.description from pg_description d where d.classoid = x.classid and d.objoid = x.oid and d.objsubid = 0) end`,
    },
    from: `${grantable} left join pg_init_privs p on p.classoid = x.classid and p.objoid = x.oid and p.objsubid = x.part
cross join lateral pg_identify_object(x.classid, x.oid, x.part) i
where x.oid < 16384 and (x.owner <> 10
  or (x.now is not null or p.initprivs is not null) and ${explode('coalesce(x.now, x.usual)')} <> ${explode('coalesce(p.initprivs, x.usual)')}
  or x.oid >= ${numbered} and exists (select from pg_description d where d.classoid = x.classid and d.objoid = x.oid))`,
  });

/** Strictly, that nobody rewrote what PostgreSQL itself brings; another minor version may bring another text, so it is no logical property. */
export const systemQueries: readonly CatalogQuery[] = [
  touched,
  ...whole.map((catalog) => () => {
    const key = catalog === 'pg_aggregate' ? 'aggfnoid::oid' : catalog === 'pg_range' ? 'rngtypid' : 'oid';
    return digestOf({ catalog, text: 'x::text', from: `${catalog} x where ${key} < ${numbered}`, order: key });
  }),
  () =>
    digestOf({
      catalog: 'pg_proc',
      text: `row(x.oid, x.proname, x.pronamespace, x.proowner, x.prolang, x.procost, x.prorows, x.provariadic, x.prosupport::oid, x.prokind, x.prosecdef, x.proleakproof, x.proisstrict, x.proretset, x.provolatile,
    x.proparallel, x.prorettype, x.proargtypes, x.proallargtypes, x.proargmodes, x.proargnames, x.proargdefaults, x.protrftypes, x.prosrc, x.probin, x.prosqlbody, x.proconfig)::text`,
      from: `pg_proc x where oid < ${numbered}`,
      order: 'x.oid',
    }),
  () =>
    digestOf({
      catalog: 'pg_type',
      text: `(to_jsonb(x) - 'typacl')::text`,
      from: `pg_type x where oid < ${numbered}`,
      order: 'x.oid',
    }),
  () =>
    digestOf({
      catalog: 'pg_class',
      text: `row(x.oid, x.relname, x.relowner, x.reltablespace, x.relpersistence, x.relnatts, x.relreplident, x.relrowsecurity, x.relforcerowsecurity, x.reloptions)::text`,
      from: `pg_class x where oid < ${numbered}`,
      order: 'x.oid',
    }),
  () =>
    digestOf({
      catalog: 'pg_attribute',
      text: `row(x.attrelid, x.attnum, x.attname, x.atttypid, x.atttypmod, x.attnotnull, x.attstorage, x.attcompression, x.attcollation, x.attstattarget, x.attoptions, x.attisdropped)::text`,
      from: `pg_attribute x where attrelid < ${numbered}`,
      order: 'x.attrelid, x.attnum',
    }),
  () =>
    digestOf({
      catalog: 'pg_description',
      text: `x::text`,
      from: `pg_description x where objoid < ${numbered}`,
      order: 'x.classoid, x.objoid, x.objsubid',
    }),
];
