import {
  acl,
  type CatalogQuery,
  comment,
  explode,
  hashedOptions,
  lasting,
  objects,
  own,
  ownerOf,
  relation,
  role,
  routine,
  sorted,
} from './catalog.ts';

/** SQL: an object of any kind, as PostgreSQL names it, without OIDs. */
const identity = `i.type || ' ' || i.identity`;

/** The database itself, and what is at its top. */
export const databaseQueries: readonly CatalogQuery[] = [
  ({ version }) =>
    objects({
      kind: 'database',
      key: ['pg_database', 'x.oid'],
      name: `'current'`,
      logical: {
        encoding: 'pg_encoding_to_char(x.encoding)',
        collate: 'x.datcollate',
        ctype: 'x.datctype',
        localeProvider: version < 150_000 ? `'c'` : 'x.datlocprovider',
        locale: version < 150_000 ? 'null' : version < 170_000 ? 'x.daticulocale' : 'x.datlocale',
        localeRules: version < 160_000 ? 'null' : 'x.daticurules',
        connectionLimit: 'x.datconnlimit',
        template: 'x.datistemplate',
        owner: role('x.datdba'),
        privileges: acl({ column: 'x.datacl', type: 'd', owner: 'x.datdba' }),
        settings: `(select jsonb_agg(jsonb_build_array(case when s.setrole <> 0 then ${role('s.setrole')} end, ${hashedOptions('s.setconfig')}) order by s.setrole <> 0, ${role('s.setrole')} collate "C") from pg_db_role_setting s where s.setdatabase = x.oid)`,
        comment: `shobj_description(x.oid, 'pg_database')`,
        labels: `(select jsonb_agg(jsonb_build_array(l.provider, l.label) order by l.provider collate "C") from pg_shseclabel l where l.classoid = 'pg_database'::regclass and l.objoid = x.oid)`,
      },
      strict: { allowConnections: 'x.datallowconn' },
      from: `pg_database x where x.datname = current_database()`,
    }),
  () =>
    objects({
      kind: 'schema',
      key: ['pg_namespace', 'n.oid'],
      name: 'quote_ident(n.nspname)',
      logical: {
        owner: ownerOf('n', 'nspowner'),
        privileges: acl({ column: 'n.nspacl', type: 'n', owner: 'n.nspowner' }),
        comment: comment('pg_namespace', 'n.oid'),
      },
      from: `pg_namespace n where ${lasting} and (${own('n.oid')} or n.nspname = 'public')`,
    }),
  () =>
    objects({
      kind: 'extension',
      key: ['pg_extension', 'x.oid'],
      name: 'quote_ident(x.extname)',
      logical: {
        version: 'x.extversion',
        schema: 'x.extnamespace::regnamespace::text',
        relocatable: 'x.extrelocatable',
        configuration: `(select coalesce(jsonb_agg(jsonb_build_array(${relation('t')}, w) order by ${relation('t')} collate "C"), '[]') from unnest(x.extconfig, x.extcondition) u(t, w))`,
        members: `(select coalesce(jsonb_agg(${identity} order by ${identity} collate "C"), '[]') from pg_depend d cross join pg_identify_object(d.classid, d.objid, d.objsubid) i
          where d.refclassid = 'pg_extension'::regclass and d.refobjid = x.oid and d.deptype = 'e')`,
        owner: ownerOf('x', 'extowner'),
        comment: comment('pg_extension', 'x.oid'),
      },
      from: 'pg_extension x',
    }),
  () =>
    objects({
      kind: 'extension dependency',
      key: ['d.classid', 'd.objid'],
      name: `format('%s on %I', ${identity}, e.extname)`,
      logical: {},
      from: `pg_depend d join pg_extension e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
cross join pg_identify_object(d.classid, d.objid, d.objsubid) i where d.deptype = 'x'`,
    }),
  () =>
    objects({
      kind: 'language',
      key: ['pg_language', 'x.oid'],
      name: 'quote_ident(x.lanname)',
      logical: {
        procedural: 'x.lanispl',
        trusted: 'x.lanpltrusted',
        handler: routine('x.lanplcallfoid'),
        inline: routine('x.laninline'),
        validator: routine('x.lanvalidator'),
        owner: ownerOf('x', 'lanowner'),
        privileges: acl({ column: 'x.lanacl', type: 'l', owner: 'x.lanowner' }),
        comment: comment('pg_language', 'x.oid'),
      },
      from: 'pg_language x',
    }),
  () =>
    objects({
      kind: 'event trigger',
      key: ['pg_event_trigger', 'x.oid'],
      name: 'quote_ident(x.evtname)',
      logical: {
        event: 'x.evtevent',
        tags: sorted('x.evttags'),
        function: routine('x.evtfoid'),
        enabled: 'x.evtenabled',
        owner: role('x.evtowner'),
        comment: comment('pg_event_trigger', 'x.oid'),
      },
      from: 'pg_event_trigger x',
    }),
  () =>
    objects({
      kind: 'default privileges',
      key: ['pg_default_acl', 'd.oid'],
      name: `concat_ws(' ', d.defaclrole::regrole, case when d.defaclnamespace <> 0 then d.defaclnamespace::regnamespace end, d.defaclobjtype)`,
      logical: { privileges: explode('d.defaclacl') },
      from: 'pg_default_acl d',
    }),
  // of a large object its rows are compared beside other rows; what people wrote of it is in a catalogue
  () =>
    objects({
      kind: 'large object',
      key: ['pg_largeobject', 'd.objoid'],
      name: 'd.objoid::text',
      logical: { comment: 'd.description' },
      from: `pg_description d where d.classoid = 'pg_largeobject'::regclass`,
    }),
  () =>
    objects({
      kind: 'security label',
      key: ['l.classoid', 'l.objoid'],
      name: `format('%s %s %s', replace(i.type, 'table column', 'column'), i.identity, l.provider)`,
      logical: { label: 'l.label' },
      from: `pg_seclabel l cross join pg_identify_object(l.classoid, l.objoid, l.objsubid) i`,
    }),
];
