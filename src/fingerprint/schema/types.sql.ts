import {
  acl,
  type CatalogQuery,
  comment,
  lasting,
  named,
  objects,
  own,
  properties,
  qualified,
  role,
  routine,
  type,
} from './catalog.ts';
import { restored, restoredBody } from './restored.sql.ts';

/** Ranges, as a property of their type. */
const range = `(select ${properties({
  subtype: type('r.rngsubtype'),
  multirange: type('r.rngmultitypid'),
  canonical: routine('r.rngcanonical'),
  difference: routine('r.rngsubdiff'),
  operatorClass: named('opclass', 'r.rngsubopc'),
  collation: named('collation', 'r.rngcollation'),
})} from pg_range r where r.rngtypid = t.oid)`;

/**
 * Enums (labels in order), domains, composite types, ranges and base types. Array types and the row types of relations follow
 * what they belong to, until someone grants something on one or comments on it.
 */
export const types: CatalogQuery = () =>
  objects({
    kind: `case t.typtype when 'd' then 'domain' else 'type' end`,
    key: ['pg_type', 't.oid'],
    name: qualified('t.typname'),
    logical: {
      form: 't.typtype',
      defined: 't.typisdefined',
      labels: `case when t.typtype = 'e' then (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) end`,
      base: `case when t.typbasetype <> 0 then format_type(t.typbasetype, t.typtypmod) end`,
      notNull: 't.typnotnull',
      default: restored('coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault)'),
      collation: named('collation', 't.typcollation'),
      range: `case when t.typtype = 'r' then ${range} end`,
      functions: `case when t.typtype = 'b' then jsonb_build_array(${['typinput', 'typoutput', 'typreceive', 'typsend', 'typmodin', 'typmodout', 'typanalyze', 'typsubscript'].map((column) => routine(`t.${column}`)).join(', ')}) end`,
      element: type('t.typelem'),
      storage: `jsonb_build_array(t.typlen, t.typbyval, t.typalign, t.typstorage, t.typdelim, t.typcategory, t.typispreferred)`,
      owner: role('t.typowner'),
      privileges: acl({ column: 't.typacl', type: 'T', owner: 't.typowner' }),
      comment: comment('pg_type', 't.oid'),
    },
    strict: { dimensions: 't.typndims' },
    from: `pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
where ${lasting} and ${own('t.oid')}
  and (t.typacl is not null or ${comment('pg_type', 't.oid')} is not null
    or (c.oid is null or c.relkind = 'c') and not (t.typelem <> 0 and exists (select from pg_type e where e.typarray = t.oid)))`,
  });

/** What makes a function an aggregate. */
const aggregate = `(select ${properties({
  kind: 'a.aggkind',
  directArguments: 'a.aggnumdirectargs',
  functions: `jsonb_build_array(${['aggtransfn', 'aggfinalfn', 'aggcombinefn', 'aggserialfn', 'aggdeserialfn', 'aggmtransfn', 'aggminvtransfn', 'aggmfinalfn'].map((column) => routine(`a.${column}`)).join(', ')})`,
  extra: 'jsonb_build_array(a.aggfinalextra, a.aggmfinalextra)',
  modify: 'jsonb_build_array(a.aggfinalmodify, a.aggmfinalmodify)',
  sort: `nullif(a.aggsortop, 0)::regoperator::text`,
  state: `jsonb_build_array(${type('a.aggtranstype')}, a.aggtransspace, a.agginitval)`,
  movingState: `jsonb_build_array(${type('a.aggmtranstype')}, a.aggmtransspace, a.aggminitval)`,
})} from pg_aggregate a where a.aggfnoid = p.oid)`;

/** Functions, procedures and aggregates. */
export const routines: CatalogQuery = () =>
  objects({
    kind: `case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end`,
    key: ['pg_proc', 'p.oid'],
    name: `format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes))`,
    logical: {
      arguments: restored('pg_get_function_arguments(p.oid)'),
      returns: 'pg_get_function_result(p.oid)',
      language: `(select lanname from pg_language where oid = p.prolang)`,
      window: `p.prokind = 'w'`,
      source: 'p.prosrc',
      library: 'p.probin',
      body: restoredBody('pg_get_function_sqlbody(p.oid)'),
      volatility: 'p.provolatile',
      strict: 'p.proisstrict',
      leakproof: 'p.proleakproof',
      securityDefiner: 'p.prosecdef',
      parallel: 'p.proparallel',
      cost: 'p.procost',
      rows: 'p.prorows',
      // the order matters to no setting but one that a later one overrides, and PostgreSQL keeps each name once
      settings: `case when p.proconfig is not null then (select jsonb_agg(o order by o collate "C") from unnest(p.proconfig) o) end`,
      support: routine('p.prosupport'),
      transforms: `(select jsonb_agg(format_type(t, null) order by at) from unnest(p.protrftypes) with ordinality u(t, at))`,
      aggregate: `case when p.prokind = 'a' then ${aggregate} end`,
      owner: role('p.proowner'),
      privileges: acl({ column: 'p.proacl', type: 'f', owner: 'p.proowner' }),
      comment: comment('pg_proc', 'p.oid'),
    },
    from: `pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${lasting} and ${own('p.oid')}`,
  });
