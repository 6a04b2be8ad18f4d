import { type CatalogQuery, comment, lasting, objects, own, qualified, role, routine } from './catalog.ts';

/** What decides how text is compared, converted and searched. The version of a collation's library belongs to the server. */
export const textQueries: readonly CatalogQuery[] = [
  ({ version }) =>
    objects({
      kind: 'collation',
      key: ['pg_collation', 'x.oid'],
      name: qualified('x.collname'),
      logical: {
        encoding: 'x.collencoding',
        provider: 'x.collprovider',
        deterministic: 'x.collisdeterministic',
        collate: 'x.collcollate',
        ctype: 'x.collctype',
        locale: version < 150_000 ? 'null' : version < 170_000 ? 'x.colliculocale' : 'x.colllocale',
        rules: version < 160_000 ? 'null' : 'x.collicurules',
        owner: role('x.collowner'),
        comment: comment('pg_collation', 'x.oid'),
      },
      from: `pg_collation x join pg_namespace n on n.oid = x.collnamespace where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'conversion',
      key: ['pg_conversion', 'x.oid'],
      name: qualified('x.conname'),
      logical: {
        from: 'pg_encoding_to_char(x.conforencoding)',
        to: 'pg_encoding_to_char(x.contoencoding)',
        function: routine('x.conproc'),
        default: 'x.condefault',
        owner: role('x.conowner'),
        comment: comment('pg_conversion', 'x.oid'),
      },
      from: `pg_conversion x join pg_namespace n on n.oid = x.connamespace where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'text search configuration',
      key: ['pg_ts_config', 'x.oid'],
      name: qualified('x.cfgname'),
      logical: {
        parser: `(select format('%I.%I', pn.nspname, p.prsname) from pg_ts_parser p join pg_namespace pn on pn.oid = p.prsnamespace where p.oid = x.cfgparser)`,
        mappings: `(select coalesce(jsonb_agg(jsonb_build_array(m.maptokentype, m.dictionaries) order by m.maptokentype), '[]') from (
          select m.maptokentype, jsonb_agg(m.mapdict::regdictionary::text order by m.mapseqno) as dictionaries from pg_ts_config_map m where m.mapcfg = x.oid group by 1) m)`,
        owner: role('x.cfgowner'),
        comment: comment('pg_ts_config', 'x.oid'),
      },
      from: `pg_ts_config x join pg_namespace n on n.oid = x.cfgnamespace where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'text search dictionary',
      key: ['pg_ts_dict', 'x.oid'],
      name: qualified('x.dictname'),
      logical: {
        template: `(select format('%I.%I', tn.nspname, t.tmplname) from pg_ts_template t join pg_namespace tn on tn.oid = t.tmplnamespace where t.oid = x.dicttemplate)`,
        options: 'x.dictinitoption',
        owner: role('x.dictowner'),
        comment: comment('pg_ts_dict', 'x.oid'),
      },
      from: `pg_ts_dict x join pg_namespace n on n.oid = x.dictnamespace where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'text search parser',
      key: ['pg_ts_parser', 'x.oid'],
      name: qualified('x.prsname'),
      logical: {
        start: routine('x.prsstart'),
        token: routine('x.prstoken'),
        end: routine('x.prsend'),
        headline: routine('x.prsheadline'),
        lexTypes: routine('x.prslextype'),
        comment: comment('pg_ts_parser', 'x.oid'),
      },
      from: `pg_ts_parser x join pg_namespace n on n.oid = x.prsnamespace where ${lasting} and ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'text search template',
      key: ['pg_ts_template', 'x.oid'],
      name: qualified('x.tmplname'),
      logical: {
        init: routine('x.tmplinit'),
        lexize: routine('x.tmpllexize'),
        comment: comment('pg_ts_template', 'x.oid'),
      },
      from: `pg_ts_template x join pg_namespace n on n.oid = x.tmplnamespace where ${lasting} and ${own('x.oid')}`,
    }),
];
