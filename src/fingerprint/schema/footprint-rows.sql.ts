import { type CatalogQuery, comment, type Listing, own, properties, qualified, role } from './catalog.ts';
import { catalogQueries } from './queries.ts';

/**
 * SQL: the rows of the catalogues that belong to a footprint, each list by its OIDs. They follow what the footprint names, so a newcomer is
 * found where it hangs on a table of the footprint, or has a name that the release's SQL uses.
 *
 * Source  docs/FORMAT.md "Footprint"; PostgreSQL manual, "System Catalogs".
 */
const members: readonly (readonly [list: string, oids: string])[] = [
  ['the_schemas', `select n.oid from pg_namespace n where n.nspname = any(schema_names)`],
  [
    'the_relations',
    `with recursive named as (
    select c.oid from jsonb_array_elements(anchors -> 'relations') r join pg_namespace n on n.nspname = r ->> 0
      join pg_class c on c.relnamespace = n.oid and c.relname = r ->> 1
    union select c.oid from pg_class c where c.relname = any(relation_names) and c.relnamespace = any(the_schemas)
  ), around as (
    select oid from named
    union select x.oid from around a cross join lateral (
      select i.inhrelid as oid from pg_inherits i where i.inhparent = a.oid
      union all select w.ev_class from pg_depend d join pg_rewrite w on w.oid = d.objid
        where d.refclassid = 'pg_class'::regclass and d.refobjid = a.oid and d.classid = 'pg_rewrite'::regclass) x
  ) select oid from around`,
  ],
  [
    'the_parts',
    `select i.indexrelid from pg_index i where i.indrelid = any(the_relations)
    union select d.objid from pg_depend d join pg_class c on c.oid = d.objid and c.relkind = 'S'
      where d.refclassid = 'pg_class'::regclass and d.refobjid = any(the_relations) and d.classid = 'pg_class'::regclass
    union select d.refobjid from pg_attrdef a join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = a.oid and d.refclassid = 'pg_class'::regclass
      join pg_class c on c.oid = d.refobjid and c.relkind = 'S' where a.adrelid = any(the_relations)`,
  ],
  [
    'the_types',
    `with recursive used as (
    select t.oid from pg_type t where t.typname = any(names) and t.typnamespace = any(the_schemas)
    union select a.atttypid from pg_attribute a where a.attrelid = any(the_relations) and a.attnum > 0 and a.atttypid >= 16384
    union select x.oid from used u join pg_type t on t.oid = u.oid cross join lateral (values (t.typelem), (t.typbasetype)) x(oid) where x.oid >= 16384
  ) select oid from used where oid >= 16384`,
  ],
  // attributes of composite types; the row type of a table belongs to it
  [
    'the_rows',
    `select c.oid from pg_type t join pg_class c on c.oid = t.typrelid and c.relkind = 'c' where t.oid = any(the_types)`,
  ],
  [
    'the_constraints',
    `select o.oid from pg_constraint o where o.conrelid = any(the_relations)
    union select o.oid from pg_constraint o where o.contypid = any(the_types)
    union select d.objid from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = any(the_relations) and d.classid = 'pg_constraint'::regclass`,
  ],
  ['the_triggers', `select x.oid from pg_trigger x where x.tgrelid = any(the_relations)`],
  ['the_rules', `select x.oid from pg_rewrite x where x.ev_class = any(the_relations)`],
  ['the_policies', `select x.oid from pg_policy x where x.polrelid = any(the_relations)`],
  ['the_statistics', `select x.oid from pg_statistic_ext x where x.stxrelid = any(the_relations)`],
  [
    'the_routines',
    `select p.oid from pg_proc p where p.proname = any(names) and p.pronamespace = any(the_schemas) and ${own('p.oid')}`,
  ],
  [
    'the_operators',
    `select x.oid from pg_operator x where x.oprname = any(names) and x.oprnamespace = any(the_schemas) and ${own('x.oid')}`,
  ],
  [
    'the_texts',
    `select x.oid from pg_collation x where x.collname = any(names) and x.collnamespace = any(the_schemas)
    union all select x.oid from pg_ts_config x where x.cfgname = any(names) and x.cfgnamespace = any(the_schemas)
    union all select x.oid from pg_ts_dict x where x.dictname = any(names) and x.dictnamespace = any(the_schemas)`,
  ],
  [
    'the_families',
    `select x.oid from pg_opclass x where x.opcnamespace = any(the_schemas) and ${own('x.oid')}
    union all select x.oid from pg_opfamily x where x.opfnamespace = any(the_schemas) and ${own('x.oid')}`,
  ],
  ['the_casts', `select x.oid from pg_cast x where ${own('x.oid')}`],
  ['the_event_triggers', `select x.oid from pg_event_trigger x`],
  [
    'the_servers',
    `select x.oid from (select distinct f.ftserver from pg_foreign_table f where f.ftrelid = any(the_relations)) f
      join pg_foreign_server s on s.oid = f.ftserver cross join lateral (values (s.oid), (s.srvfdw)) x(oid)`,
  ],
  [
    'the_publications',
    `select x.oid from pg_publication x where x.puballtables union select r.prpubid from pg_publication_rel r where r.prrelid = any(the_relations)
    union select r.oid from pg_publication_rel r where r.prrelid = any(the_relations)`,
  ],
  ['the_defaults', `select x.oid from pg_default_acl x where pg_get_userbyid(x.defaclrole) = anchors ->> 'owner'`],
];

/** Which list holds the members of a kind; of every kind that is not named nothing belongs to a footprint. */
const listOf: Readonly<Record<string, string>> = {
  relation: 'the_relations',
  column: 'the_relations || the_rows',
  constraint: 'the_constraints',
  index: 'the_relations || the_parts',
  sequence: 'the_relations || the_parts',
  trigger: 'the_triggers',
  rule: 'the_rules',
  policy: 'the_policies',
  statistics: 'the_statistics',
  routine: 'the_routines',
  type: 'the_types',
  operator: 'the_operators',
  collation: 'the_texts',
  'text search configuration': 'the_texts',
  'text search dictionary': 'the_texts',
  'operator class': 'the_families',
  'operator family': 'the_families',
  cast: 'the_casts',
  'event trigger': 'the_event_triggers',
  server: 'the_servers',
  'foreign data wrapper': 'the_servers',
  publication: 'the_publications',
  'publication table': 'the_publications',
  schema: 'the_schemas',
  'default privileges': 'the_defaults',
};

/** How much is gathered for the planner says nothing of what a client can tell. */
const unsaid: Readonly<Record<string, string>> = { column: 'statistics', index: 'statistics', statistics: 'target' };

const always = (of: { kind: string; name: string; logical: Readonly<Record<string, string>>; from: string }): string =>
  `select '${of.kind}' as kind, ${of.name} as name, ${properties(of.logical)} as logical from ${of.from}`;

/** Few, and each may change what any statement means or does. */
const forAll = [
  always({
    kind: 'extension',
    name: 'quote_ident(x.extname)',
    logical: { version: 'x.extversion', schema: 'x.extnamespace::regnamespace::text' },
    from: "pg_extension x where x.extnamespace is distinct from to_regnamespace('gate_loopback')",
  }),
  always({
    kind: 'language',
    name: 'quote_ident(x.lanname)',
    logical: {
      trusted: 'x.lanpltrusted',
      handler: 'x.lanplcallfoid::regprocedure::text',
      owner: `case when ${own('x.oid')} then ${role('x.lanowner')} end`,
      comment: comment('pg_language', 'x.oid'),
    },
    from: `pg_language x where ${own('x.oid')}`,
  }),
  always({
    kind: 'database settings',
    name: `'current'`,
    logical: {
      settings: `coalesce((select jsonb_agg(c order by c collate "C")
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase cross join unnest(s.setconfig) c where d.datname = current_database() and s.setrole = 0), '[]')`,
    },
    from: '(select) x',
  }),
];

/** Holes that dropped columns left are nothing that a client can tell; the order of what is left is. */
const columnOrder = always({
  kind: 'column order',
  name: qualified('c.relname'),
  logical: {
    columns: `(select coalesce(jsonb_agg(a.attname order by a.attnum), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`,
  },
  from: `pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any(the_relations) and c.relkind in ('r', 'p', 'f')`,
});

function kindOf({ text }: Listing): string {
  const [, plain, first] = /^select (?:'([a-z ]+)' as kind|case ([a-z.]+) when)/.exec(text) ?? [];
  if (plain !== undefined) return plain;
  return { 'c.relkind': 'relation', 'p.prokind': 'routine', 't.typtype': 'type' }[first ?? ''] ?? '';
}

function arms(serverVersion: number): readonly (readonly [list: string, text: string])[] {
  return catalogQueries
    .map((query: CatalogQuery) => query({ version: serverVersion, conninfo: 'hidden' }))
    .flatMap((listing): (readonly [string, string])[] => {
      const list = listing === null ? undefined : listOf[kindOf(listing)];
      if (listing === null || listing.keyed === null || list === undefined) return [];
      const left = unsaid[kindOf(listing)];
      const logical = left === undefined ? 'q.logical' : `q.logical - '${left}'`;
      return [
        [
          list,
          `select q.kind, q.name, ${logical} as logical from (${listing.keyed.text}) q where q.oid = any(${list})`,
        ],
      ];
    });
}

/**
 * What decides what SQL does when it runs, beside to which table a partition belongs: each has rows that a change writes again, also one that
 * puts back what was there. In order: the catalogue, the column by which the list names its rows, the list, and the object that a row belongs to.
 */
const programs = [
  ['pg_proc', 'oid', 'the_routines', 'pg_proc', 'oid'],
  ['pg_operator', 'oid', 'the_operators', 'pg_operator', 'oid'],
  ['pg_cast', 'oid', 'the_casts', 'pg_cast', 'oid'],
  ['pg_trigger', 'oid', 'the_triggers', 'pg_trigger', 'oid'],
  ['pg_rewrite', 'oid', 'the_rules', 'pg_rewrite', 'oid'],
  ['pg_policy', 'oid', 'the_policies', 'pg_policy', 'oid'],
  ['pg_event_trigger', 'oid', 'the_event_triggers', 'pg_event_trigger', 'oid'],
  ['pg_attrdef', 'adrelid', 'the_relations', 'pg_attrdef', 'oid'],
  ['pg_constraint', 'oid', 'the_constraints', 'pg_constraint', 'oid'],
  ['pg_index', 'indexrelid', 'the_parts', 'pg_class', 'indexrelid'],
  ['pg_ts_config_map', 'mapcfg', 'the_texts', 'pg_ts_config', 'mapcfg'],
  ['pg_ts_dict', 'oid', 'the_texts', 'pg_ts_dict', 'oid'],
] as const;

/**
 * The rows that the objects of a footprint are made of: while each is the same version of the same row, no object has changed. In order: the
 * catalogue, the column by which the list names its rows, and the list.
 */
const versions = [
  ['pg_class', 'oid', 'the_relations || the_parts || the_rows'],
  ['pg_attribute', 'attrelid', 'the_relations || the_rows'],
  ['pg_attrdef', 'adrelid', 'the_relations'],
  ['pg_inherits', 'inhrelid', 'the_relations'],
  ['pg_index', 'indexrelid', 'the_parts'],
  ['pg_sequence', 'seqrelid', 'the_relations || the_parts'],
  ['pg_foreign_table', 'ftrelid', 'the_relations'],
  ['pg_partitioned_table', 'partrelid', 'the_relations'],
  ['pg_constraint', 'oid', 'the_constraints'],
  ['pg_trigger', 'oid', 'the_triggers'],
  ['pg_rewrite', 'oid', 'the_rules'],
  ['pg_policy', 'oid', 'the_policies'],
  ['pg_statistic_ext', 'oid', 'the_statistics'],
  ['pg_proc', 'oid', 'the_routines'],
  ['pg_aggregate', 'aggfnoid', 'the_routines'],
  ['pg_type', 'oid', 'the_types'],
  ['pg_enum', 'enumtypid', 'the_types'],
  ['pg_range', 'rngtypid', 'the_types'],
  ['pg_operator', 'oid', 'the_operators'],
  ['pg_collation', 'oid', 'the_texts'],
  ['pg_ts_config', 'oid', 'the_texts'],
  ['pg_ts_config_map', 'mapcfg', 'the_texts'],
  ['pg_ts_dict', 'oid', 'the_texts'],
  ['pg_opclass', 'oid', 'the_families'],
  ['pg_opfamily', 'oid', 'the_families'],
  ['pg_cast', 'oid', 'the_casts'],
  ['pg_event_trigger', 'oid', 'the_event_triggers'],
  ['pg_foreign_server', 'oid', 'the_servers'],
  ['pg_foreign_data_wrapper', 'oid', 'the_servers'],
  ['pg_publication', 'oid', 'the_publications'],
  ['pg_publication_rel', 'oid', 'the_publications'],
  ['pg_namespace', 'oid', 'the_schemas'],
  ['pg_default_acl', 'oid', 'the_defaults'],
] as const;

/** Of few rows, and each counts. */
const wholeVersions = ['pg_extension', 'pg_language', 'pg_db_role_setting', 'pg_am'] as const;

/**
 * The body of a PL/pgSQL function over a footprint: what is there of it, and the relations that belong to it. It costs what the footprint
 * names, not what the schema has.
 *
 * Shape   in: `anchors jsonb`, and `known`, `versions` of a reading before; out: `objects jsonb`, the logical properties of each object as a text by `kind: name`, null
 *         where the versions are those that are known; `programs text[]`, `catalogue OID xmin` of what decides what SQL does; `inside oid[]`, the relations, their
 *         indexes and sequences; `versions text`, a hash over which version of which rows the objects are made of.
 */
export function footprintBody(serverVersion: number): string {
  const lists = members.map(([list]) => list);
  return `declare
  names text[] := array(select jsonb_array_elements_text(anchors -> 'names'));
  relation_names text[] := array(select jsonb_array_elements_text(anchors -> 'relationNames'));
  schema_names text[] := array(select jsonb_array_elements_text(anchors -> 'schemas'));
  ${lists.map((list) => `${list} oid[];`).join(' ')}
  more jsonb;
begin
  -- to show a view or an expression locks what it reads: those locks are given back, so that what remains is what the steps took
  begin
${members.map(([list, oids]) => `  ${list} := array(${oids});`).join('\n')}
  inside := the_relations || the_parts;
  programs := array(${programs.map(([catalog, column, list, of, oid]) => `select '${of} ' || x.${oid} || ' ' || x.xmin from ${catalog} x where x.${column} = any(${list})`).join('\n    union all ')}
    union all select 'pg_class ' || x.inhrelid || ' ' || x.xmin from pg_inherits x join pg_class c on c.oid = x.inhrelid where x.inhrelid = any(the_relations) and c.relkind not in ('i', 'I'));
  versions := (select md5(string_agg(v, ' ' order by v collate "C")) from (${versions
    .map(
      ([catalog, column, list]) =>
        `select concat_ws(',', x.tableoid, x.xmin, x.ctid) as v from ${catalog} x where x.${column} = any(${list})`,
    )
    .concat(
      `select concat_ws(',', x.tableoid, x.xmin, x.ctid) from pg_description x where x.objoid = any(${lists.join(' || ')})`,
    )
    .concat(wholeVersions.map((catalog) => `select concat_ws(',', x.tableoid, x.xmin, x.ctid) from ${catalog} x`))
    .concat(`select concat_ws(',', x.oid, x.rolname) from pg_roles x`)
    .join('\n    union all ')}) x);
  if versions is distinct from known then
  objects := (select coalesce(jsonb_object_agg(o.kind || ': ' || o.name, o.logical::text), '{}') from (${[...forAll, columnOrder].join('\n    union all ')}) o);
${arms(serverVersion)
  .map(
    ([list, text]) => `  if cardinality(${list}) > 0 then
    select jsonb_object_agg(o.kind || ': ' || o.name, o.logical::text) into more from (${text}) o;
    objects := objects || coalesce(more, '{}');
  end if;`,
  )
  .join('\n')}
  end if;
  raise exception using errcode = 'OR000';
  exception when sqlstate 'OR000' then null;
  end;
end`;
}
