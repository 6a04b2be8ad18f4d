import type { Mutation } from './mutations.ts';

const current = (rest: string): string =>
  `do $do$ begin execute format('alter database %I ${rest}', current_database()); end $do$`;
const label = (of: string): readonly string[] => [
  'set local allow_system_table_mods = on',
  `insert into pg_seclabel (objoid, classoid, objsubid, provider, label) values (${of}, 'nobody', 'secret')`,
];

/** Publications, subscriptions, event triggers, default privileges, the database itself, what belongs to the system. */
export const databases: readonly Mutation[] = [
  {
    what: 'a publication goes',
    setup: ['create publication pub2'],
    change: ['drop publication pub2'],
    finds: 'publication pub2: whole',
  },
  {
    what: 'a publication gets a table',
    change: ['alter publication pub add table s.parent'],
    finds: 'publication table pub of s.parent: whole',
  },
  {
    what: 'a publication loses a table',
    change: ['alter publication pub drop table s.t'],
    finds: 'publication table pub of s.t: whole',
  },
  {
    what: 'a publication covers other columns',
    change: ['alter publication pub set table s.t (id, b) where (id > 0)'],
    finds: 'publication table pub of s.t: columns',
  },
  {
    what: 'a publication covers every column',
    change: ['alter publication pub set table s.t where (id > 0)'],
    finds: 'publication table pub of s.t: columns',
  },
  {
    what: 'a publication filters other rows',
    change: ['alter publication pub set table s.t (id, a) where (id > 1)'],
    finds: 'publication table pub of s.t: where',
  },
  {
    what: 'a publication gets a schema',
    change: ['alter publication pubs add tables in schema s'],
    finds: 'publication schema pubs.s: whole',
  },
  {
    what: 'a publication loses a schema',
    change: ['alter publication pubs drop tables in schema other'],
    finds: 'publication schema pubs.other: whole',
  },
  {
    what: 'a publication no longer covers inserts',
    change: [`alter publication pub set (publish = 'update, delete, truncate')`],
    finds: 'publication pub: insert',
  },
  {
    what: 'a publication no longer covers truncation',
    change: [`alter publication pub set (publish = 'insert, update, delete')`],
    finds: 'publication pub: truncate',
  },
  {
    what: 'a publication goes by the root of partitions',
    change: ['alter publication pub set (publish_via_partition_root)'],
    finds: 'publication pub: viaRoot',
  },
  {
    what: 'a publication covers generated columns',
    from: 18,
    change: ['alter publication pub set (publish_generated_columns = stored)'],
    finds: 'publication pub: generated',
  },
  {
    what: 'a publication covers all tables',
    setup: ['create publication pub2'],
    change: ['drop publication pub2', 'create publication pub2 for all tables'],
    finds: 'publication pub2: allTables',
  },
  { what: 'a subscription goes', change: ['drop subscription sub'], finds: 'subscription sub: whole' },
  {
    what: 'a subscription gets another source',
    change: [`alter subscription sub connection 'host=elsewhere password=hunter2'`],
    finds: 'subscription sub: connection',
  },
  {
    what: 'a subscription gets another publication',
    change: ['alter subscription sub set publication two with (refresh = false)'],
    finds: 'subscription sub: publications',
  },
  {
    what: 'a subscription becomes binary',
    change: ['alter subscription sub set (binary = true)'],
    finds: 'subscription sub: binary',
  },
  {
    what: 'a subscription streams',
    change: ['alter subscription sub set (streaming = on)'],
    finds: 'subscription sub: streaming',
  },
  {
    what: 'a subscription commits otherwise',
    change: ['alter subscription sub set (synchronous_commit = local)'],
    finds: 'subscription sub: synchronousCommit',
  },
  {
    what: 'a subscription gets a slot',
    change: [`alter subscription sub set (slot_name = 'slot')`],
    finds: 'subscription sub: slot',
  },
  {
    what: 'a subscription stops at an error',
    change: ['alter subscription sub set (disable_on_error = true)'],
    finds: 'subscription sub: disableOnError',
  },
  {
    what: 'a subscription asks for other origins',
    from: 18,
    change: ['alter subscription sub set (origin = none)'],
    finds: 'subscription sub: origin',
  },
  {
    what: 'a subscription runs as its owner',
    from: 18,
    change: ['alter subscription sub set (run_as_owner = true)'],
    finds: 'subscription sub: runAsOwner',
  },
  {
    what: 'a subscription needs no password',
    from: 18,
    change: ['alter subscription sub set (password_required = false)'],
    finds: 'subscription sub: passwordRequired',
  },
  {
    what: 'a subscription is enabled',
    change: [
      'set local allow_system_table_mods = on',
      `update pg_subscription set subenabled = true where subname = 'sub'`,
    ],
    finds: 'subscription sub: enabled',
  },
  {
    what: 'a subscription commits in two phases',
    change: [
      'set local allow_system_table_mods = on',
      `update pg_subscription set subtwophasestate = 'e' where subname = 'sub'`,
    ],
    finds: 'subscription sub: twoPhase',
  },
  { what: 'an event trigger goes', change: ['drop event trigger on_ddl'], finds: 'event trigger on_ddl: whole' },
  {
    what: 'an event trigger is disabled',
    change: ['alter event trigger on_ddl disable'],
    finds: 'event trigger on_ddl: enabled',
  },
  {
    what: 'an event trigger fires always',
    change: ['alter event trigger on_ddl enable always'],
    finds: 'event trigger on_ddl: enabled',
  },
  {
    what: 'an event trigger fires on another event',
    change: [
      'drop event trigger on_ddl',
      'create event trigger on_ddl on ddl_command_start execute function s.on_ddl()',
    ],
    finds: 'event trigger on_ddl: event',
  },
  {
    what: 'an event trigger fires on one command',
    change: [
      'drop event trigger on_ddl',
      `create event trigger on_ddl on ddl_command_end when tag in ('CREATE TABLE') execute function s.on_ddl()`,
    ],
    finds: 'event trigger on_ddl: tags',
  },
  {
    what: 'an event trigger gets another function',
    change: [
      'drop event trigger on_ddl',
      'create event trigger on_ddl on ddl_command_end execute function s.on_ddl2()',
    ],
    finds: 'event trigger on_ddl: function',
  },
  ...(
    [
      ['tables', 'select', 'r'],
      ['sequences', 'usage', 'S'],
      ['functions', 'execute', 'f'],
      ['types', 'usage', 'T'],
      ['schemas', 'usage', 'n'],
    ] as const
  ).map(
    ([kind, privilege, letter]): Mutation => ({
      what: `later ${kind} are granted`,
      change: [`alter default privileges for role pg_monitor grant ${privilege} on ${kind} to pg_read_all_data`],
      finds: `default privileges pg_monitor ${letter}: whole`,
    }),
  ),
  {
    what: 'later functions are revoked from everybody',
    change: ['alter default privileges revoke execute on functions from public'],
    finds: 'default privileges postgres f: whole',
  },
  {
    what: 'later tables of a schema are granted otherwise',
    change: ['alter default privileges in schema other grant insert on tables to pg_monitor'],
    finds: 'default privileges postgres other r: privileges',
  },
  {
    what: 'later tables of a schema are no longer granted',
    change: ['alter default privileges in schema other revoke select on tables from pg_monitor'],
    finds: 'default privileges postgres other r: whole',
  },
  {
    what: 'later large objects are granted',
    from: 18,
    change: ['alter default privileges for role pg_monitor grant select on large objects to public'],
    finds: 'default privileges pg_monitor L: whole',
  },
  {
    what: 'the database gets a setting',
    change: [current(`set work_mem = ''1MB''`)],
    finds: 'database current: settings',
  },
  {
    what: 'a setting of the database changes',
    setup: [current(`set work_mem = ''1MB''`)],
    change: [current(`set work_mem = ''2MB''`)],
    finds: 'database current: settings',
  },
  {
    what: 'a role in the database gets a setting',
    change: [
      `do $do$ begin execute format('alter role postgres in database %I set work_mem = ''1MB''', current_database()); end $do$`,
    ],
    finds: 'database current: settings',
  },
  {
    what: 'the database gets a comment',
    change: [`do $do$ begin execute format('comment on database %I is ''x''', current_database()); end $do$`],
    finds: 'database current: comment',
  },
  {
    what: 'the database gets another owner',
    change: [current('owner to pg_monitor')],
    finds: 'database current: owner',
    also: ['database current: privileges'],
  },
  {
    what: 'the database is granted',
    change: [`do $do$ begin execute format('grant create on database %I to public', current_database()); end $do$`],
    finds: 'database current: privileges',
  },
  {
    what: 'the database gets a connection limit',
    change: [current('connection limit 7')],
    finds: 'database current: connectionLimit',
  },
  {
    what: 'the database becomes a template',
    change: [current('is_template true')],
    finds: 'database current: template',
  },
  {
    what: 'a table gets a security label',
    change: label(`'s.t'::regclass, 'pg_class'::regclass, 0`),
    finds: 'security label table s.t nobody: whole',
  },
  {
    what: 'a column gets a security label',
    change: label(`'s.t'::regclass, 'pg_class'::regclass, 1`),
    finds: 'security label column s.t.id nobody: whole',
  },
  {
    what: 'a system function is revoked',
    change: ['revoke execute on function pg_catalog.pg_sleep(double precision) from public'],
    finds: 'system object function pg_catalog.pg_sleep(double precision): whole',
  },
  {
    what: 'a system function is granted',
    change: ['grant execute on function pg_catalog.pg_read_file(text) to pg_monitor'],
    finds: 'system object function pg_catalog.pg_read_file(pg_catalog.text): whole',
  },
  {
    what: 'a system view is revoked',
    change: ['revoke select on pg_catalog.pg_tables from public'],
    finds: 'system object view pg_catalog.pg_tables: whole',
  },
  {
    what: 'a system table is granted',
    change: ['grant select on pg_catalog.pg_authid to public'],
    finds: 'system object table pg_catalog.pg_authid: whole',
  },
  {
    what: 'a system type is revoked',
    change: ['revoke usage on type pg_catalog.point from public'],
    finds: 'system object type pg_catalog.point: whole',
  },
  {
    what: 'a view of the information schema is revoked',
    change: ['revoke select on information_schema.tables from public'],
    finds: 'system object view information_schema.tables: whole',
  },
  {
    what: 'the system schema is granted',
    change: ['grant create on schema pg_catalog to pg_monitor'],
    finds: 'system object schema pg_catalog: whole',
  },
  {
    what: 'a built-in language is revoked',
    change: ['revoke usage on language sql from public'],
    finds: 'language sql: privileges',
  },
  {
    what: 'a large object is granted',
    setup: ['select lo_create(4711)'],
    change: ['grant select on large object 4711 to public'],
    finds: 'large object 4711: privileges',
  },
  {
    what: 'a schema of the public is revoked',
    change: ['revoke usage on schema public from public'],
    finds: 'schema public: privileges',
  },
  {
    what: 'a system table is read by other storage parameters',
    change: [
      'set local allow_system_table_mods = on',
      'alter table pg_catalog.pg_attribute set (autovacuum_vacuum_threshold = 77)',
    ],
    finds: 'system catalogue pg_class: rows (strict)',
  },
];
