import { type CatalogQuery, explode, objects, role } from './catalog.ts';
import { chosenOptions } from './options.sql.ts';

/**
 * What initdb made and someone can grant on: each with its OID, part, privileges, the ones that it was made with, and owner.
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

/** SQL: what everyone may do with the objects of information_schema. */
function fromPublic(schema: string, owner: string, privilege: string): string {
  return `case ${schema} when to_regnamespace('information_schema') then array[makeaclitem(0, ${owner}, '${privilege}', false)] else acldefault('c', ${owner}) end`;
}

/** SQL: one hash over the rows of a catalogue that PostgreSQL's own sources number, in their binary form, which is quick to make. */
function digestOf(of: {
  readonly catalog: string;
  readonly row: string;
  readonly key: readonly [string, ...string[]];
}): string {
  const { catalog, row, key } = of;
  // each row is hashed before they are sorted: sorting the rows themselves would go through files
  return `select 'system catalogue' as kind, '${catalog}' as name, '{}'::jsonb as logical,
  jsonb_build_object('rows', encode(sha256(string_agg(h.row, ''::bytea order by ${key.map((column) => `h.${column}`).join(', ')})), 'hex')) as strict
  from (select sha256(record_send(${row})) as row, ${key.map((column) => `x.${column}`).join(', ')} from ${catalog} x where x.${key[0]}::oid < ${numbered} offset 0) h`;
}

/** The catalogues whose rows can be taken as they are: no privileges, no versions, nothing that a VACUUM writes. */
const whole = [
  'pg_am',
  'pg_amop',
  'pg_amproc',
  'pg_cast',
  'pg_constraint',
  'pg_conversion',
  'pg_opclass',
  'pg_operator',
  'pg_opfamily',
  'pg_ts_config',
  'pg_ts_dict',
  'pg_ts_parser',
  'pg_ts_template',
];

/** Below this OID everything is numbered by PostgreSQL's own sources, so that the numbers are the same on every server of a version. */
const numbered = 12_000;

/** How an object of PostgreSQL's own differs from what initdb made; where no one touched any, nothing. */
const touched: CatalogQuery = () =>
  objects({
    kind: 'system object',
    key: ['x.classid', 'x.oid'],
    name: `i.type || ' ' || i.identity`,
    logical: {
      privileges: explode('coalesce(x.now, x.usual)'),
      owner: `case when x.owner <> 10 then ${role('x.owner')} end`,
      comment: `case when x.oid >= ${numbered} and x.part = 0 then (select d.description from pg_description d where d.classoid = x.classid and d.objoid = x.oid and d.objsubid = 0) end`,
    },
    from: `${grantable} left join pg_init_privs p on p.classoid = x.classid and p.objoid = x.oid and p.objsubid = x.part
cross join lateral pg_identify_object(x.classid, x.oid, x.part) i
where x.oid < 16384 and (x.owner <> 10
  or (x.now is not null or p.initprivs is not null) and coalesce(x.now, x.usual) <> coalesce(p.initprivs, x.usual) and ${explode('coalesce(x.now, x.usual)')} <> ${explode('coalesce(p.initprivs, x.usual)')}
  or x.oid >= ${numbered} and exists (select from pg_description d where d.classoid = x.classid and d.objoid = x.oid))`,
  });

/** The columns of the other catalogues that say what an object is; not its privileges, nor what is counted or stored. */
const digests: readonly Parameters<typeof digestOf>[0][] = [
  ...whole.map((catalog) => ({ catalog, row: 'x', key: ['oid'] as const })),
  { catalog: 'pg_aggregate', row: 'x', key: ['aggfnoid'] },
  { catalog: 'pg_range', row: 'x', key: ['rngtypid'] },
  { catalog: 'pg_description', row: 'x', key: ['objoid', 'classoid', 'objsubid'] },
  {
    catalog: 'pg_proc',
    row: `(x.oid, x.proname, x.pronamespace, x.proowner, x.prolang, x.procost, x.prorows, x.provariadic, x.prosupport, x.prokind, x.prosecdef, x.proleakproof, x.proisstrict, x.proretset,
    x.provolatile, x.proparallel, x.prorettype, x.proargtypes, x.proallargtypes, x.proargmodes, x.proargnames, x.proargdefaults, x.protrftypes, x.prosrc, x.probin, x.prosqlbody, x.proconfig)`,
    key: ['oid'],
  },
  {
    catalog: 'pg_type',
    row: `(x.oid, x.typname, x.typnamespace, x.typowner, x.typlen, x.typbyval, x.typtype, x.typcategory, x.typispreferred, x.typisdefined, x.typdelim, x.typrelid, x.typsubscript, x.typelem, x.typarray, x.typinput,
    x.typoutput, x.typreceive, x.typsend, x.typmodin, x.typmodout, x.typanalyze, x.typalign, x.typstorage, x.typnotnull, x.typbasetype, x.typtypmod, x.typndims, x.typcollation, x.typdefaultbin, x.typdefault)`,
    key: ['oid'],
  },
  {
    catalog: 'pg_class',
    row: `(x.oid, x.relname, x.relowner, x.reltablespace, x.relpersistence, x.relnatts, x.relreplident, x.relrowsecurity, x.relforcerowsecurity, ${chosenOptions('relation', 'x.reloptions')})`,
    key: ['oid'],
  },
  {
    catalog: 'pg_attribute',
    row: `(x.attrelid, x.attnum, x.attname, x.atttypid, x.atttypmod, x.attnotnull, x.attstorage, x.attcompression, x.attcollation, x.attstattarget, ${chosenOptions('column', 'x.attoptions')}, x.attisdropped)`,
    key: ['attrelid', 'attnum'],
  },
];

/** Strictly, that no one rewrote what PostgreSQL itself brings; another minor version may bring another text, so it is no logical property. */
export const systemQueries: readonly CatalogQuery[] = [
  touched,
  () => {
    const text = digests.map(digestOf).join('\nunion all ');
    return { text, keyed: null, listed: text };
  },
];
