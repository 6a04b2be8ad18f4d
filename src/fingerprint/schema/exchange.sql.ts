import {
  acl,
  type CatalogQuery,
  comment,
  hashedOptions,
  objects,
  own,
  relation,
  role,
  routine,
  sha256,
  sorted,
} from './catalog.ts';
import { restored } from './restored.sql.ts';

const unreadable = `to_jsonb('not readable by this role'::text)`;

/** The options of a user mapping are shown to those who may use it; to everyone else PostgreSQL answers null, as if there were none. */
const mappingReadable = `(select rolsuper from pg_roles where rolname = current_user)
  or case when u.umuser = 0 then pg_has_role(s.srvowner, 'USAGE')
    else u.usename = current_user and (pg_has_role(s.srvowner, 'USAGE') or has_server_privilege(s.oid, 'USAGE')) end`;

/** What a database exchanges with others: foreign servers, publications, subscriptions. Values that may be credentials are hashed. */
export const exchangeQueries: readonly CatalogQuery[] = [
  () =>
    objects({
      kind: 'foreign data wrapper',
      key: ['pg_foreign_data_wrapper', 'x.oid'],
      name: 'quote_ident(x.fdwname)',
      logical: {
        handler: routine('x.fdwhandler'),
        validator: routine('x.fdwvalidator'),
        options: hashedOptions('x.fdwoptions'),
        owner: role('x.fdwowner'),
        privileges: acl({ column: 'x.fdwacl', type: 'F', owner: 'x.fdwowner' }),
        comment: comment('pg_foreign_data_wrapper', 'x.oid'),
      },
      from: `pg_foreign_data_wrapper x where ${own('x.oid')}`,
    }),
  () =>
    objects({
      kind: 'server',
      key: ['pg_foreign_server', 'x.oid'],
      name: 'quote_ident(x.srvname)',
      logical: {
        wrapper: 'w.fdwname',
        type: 'x.srvtype',
        version: 'x.srvversion',
        options: hashedOptions('x.srvoptions'),
        owner: role('x.srvowner'),
        privileges: acl({ column: 'x.srvacl', type: 'S', owner: 'x.srvowner' }),
        comment: comment('pg_foreign_server', 'x.oid'),
      },
      from: 'pg_foreign_server x join pg_foreign_data_wrapper w on w.oid = x.srvfdw',
    }),
  () =>
    objects({
      kind: 'user mapping',
      key: ['pg_user_mapping', 'u.umid'],
      name: `format('%I for %I', u.srvname, u.usename)`,
      logical: { options: `case when ${mappingReadable} then ${hashedOptions('u.umoptions')} else ${unreadable} end` },
      from: 'pg_user_mappings u join pg_foreign_server s on s.oid = u.srvid',
    }),
  ({ version }) =>
    objects({
      kind: 'publication',
      key: ['pg_publication', 'x.oid'],
      name: 'quote_ident(x.pubname)',
      logical: {
        allTables: 'x.puballtables',
        insert: 'x.pubinsert',
        update: 'x.pubupdate',
        delete: 'x.pubdelete',
        truncate: 'x.pubtruncate',
        viaRoot: 'x.pubviaroot',
        generated: version < 180_000 ? 'null' : 'x.pubgencols',
        owner: role('x.pubowner'),
        comment: comment('pg_publication', 'x.oid'),
      },
      from: 'pg_publication x',
    }),
  ({ version }) =>
    objects({
      kind: 'publication table',
      key: ['pg_publication_rel', 'x.oid'],
      name: `format('%I of %s', p.pubname, ${relation('x.prrelid')})`,
      logical:
        version < 150_000
          ? {}
          : {
              where: restored('pg_get_expr(x.prqual, x.prrelid)'),
              columns: `(select jsonb_agg(a.attname order by a.attname collate "C") from pg_attribute a where a.attrelid = x.prrelid and a.attnum = any (x.prattrs))`,
            },
      from: 'pg_publication_rel x join pg_publication p on p.oid = x.prpubid',
    }),
  ({ version }) =>
    version < 150_000
      ? null
      : objects({
          kind: 'publication schema',
          key: ['pg_publication_namespace', 'x.oid'],
          name: `format('%I.%I', p.pubname, n.nspname)`,
          logical: {},
          from: 'pg_publication_namespace x join pg_publication p on p.oid = x.pnpubid join pg_namespace n on n.oid = x.pnnspid',
        }),
  ({ version, conninfo }) =>
    objects({
      kind: 'subscription',
      key: ['pg_subscription', 'x.oid'],
      name: 'quote_ident(x.subname)',
      logical: {
        connection: conninfo === 'readable' ? sha256('x.subconninfo') : unreadable,
        slot: 'x.subslotname',
        publications: sorted('x.subpublications'),
        enabled: 'x.subenabled',
        binary: 'x.subbinary',
        streaming: 'left(x.substream::text, 1)',
        synchronousCommit: 'x.subsynccommit',
        ...(version < 150_000
          ? {}
          : // pending becomes enabled by itself
            { twoPhase: `x.subtwophasestate <> 'd'`, disableOnError: 'x.subdisableonerr' }),
        ...(version < 160_000
          ? {}
          : { passwordRequired: 'x.subpasswordrequired', runAsOwner: 'x.subrunasowner', origin: 'x.suborigin' }),
        ...(version < 170_000 ? {} : { failover: 'x.subfailover' }),
        owner: role('x.subowner'),
        comment: comment('pg_subscription', 'x.oid'),
      },
      // cleared by the worker once it has skipped
      strict: version < 150_000 ? {} : { skip: 'x.subskiplsn::text' },
      from: `pg_subscription x where x.subdbid = (select oid from pg_database where datname = current_database())`,
    }),
];
