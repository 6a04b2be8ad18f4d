import type { Mutation } from './mutations.ts';

const operator = (options: string): readonly string[] => [
  'drop operator s.=== (integer, integer)',
  `create operator s.=== (leftarg = integer, rightarg = integer, ${options})`,
];
const equals = 's."==="(integer, integer)';
const parser = (options: string): readonly string[] => [
  'drop text search parser s.parser',
  `create text search parser s.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, ${options})`,
];
const transform = (functions: string): readonly string[] => [
  `create or replace transform for s.mood language words (${functions})`,
];

/** What most schemas never have: operators, casts, collations, text search, extensions, languages, foreign data. */
export const rare: readonly Mutation[] = [
  { what: 'an operator goes', change: ['drop operator s.=== (integer, integer)'], finds: `operator ${equals}: whole` },
  {
    what: 'an operator gets another function',
    change: operator('function = int4ne'),
    finds: `operator ${equals}: function`,
  },
  {
    what: 'an operator gets a commutator',
    change: operator('function = int4eq, commutator = operator(s.===)'),
    finds: `operator ${equals}: commutator`,
  },
  {
    what: 'an operator gets a negator',
    setup: ['create operator s.!== (leftarg = integer, rightarg = integer, function = int4ne)'],
    change: operator('function = int4eq, negator = operator(s.!==)'),
    finds: `operator ${equals}: negator`,
    also: ['operator s."!=="(integer, integer): negator'],
  },
  {
    what: 'an operator gets a restriction estimator',
    change: operator('function = int4eq, restrict = eqsel'),
    finds: `operator ${equals}: restrict`,
  },
  {
    what: 'an operator gets a join estimator',
    change: operator('function = int4eq, join = eqjoinsel'),
    finds: `operator ${equals}: join`,
  },
  { what: 'an operator can hash', change: operator('function = int4eq, hashes'), finds: `operator ${equals}: hashes` },
  { what: 'an operator can merge', change: operator('function = int4eq, merges'), finds: `operator ${equals}: merges` },
  {
    what: 'an operator family goes',
    change: ['drop operator family s.family using btree'],
    finds: 'operator family s.family using btree: whole',
  },
  {
    what: 'an operator family gets an operator',
    change: ['alter operator family s.family using btree add operator 1 < (integer, bigint)'],
    finds: 'operator of family s.family using btree 1: <(integer,bigint) for s: whole',
  },
  {
    what: 'an operator family gets a function',
    change: ['alter operator family s.family using btree add function 1 btint48cmp(integer, bigint)'],
    finds: 'function of family s.family using btree 1 (integer, bigint): whole',
  },
  {
    what: 'an operator of a family orders by another family',
    setup: [
      'create operator family s.family using gist',
      'alter operator family s.family using gist add operator 15 <-> (point, point) for order by float_ops',
    ],
    change: [
      'alter operator family s.family using gist drop operator 15 (point, point)',
      'create operator family s.distance using btree',
      'alter operator family s.family using gist add operator 15 <-> (point, point) for order by s.distance',
    ],
    finds: 'operator of family s.family using gist 15: <->(point,point) for o: sort',
    also: ['operator family s.distance using btree: whole'],
  },
  {
    what: 'an operator class becomes the default',
    change: [
      'drop operator class s.class using btree',
      'drop operator family if exists s.class using btree',
      `create operator class s.class default for type s.span using btree as operator 1 <(anyrange, anyrange), function 1 range_cmp(anyrange, anyrange)`,
    ],
    setup: [
      'drop operator class s.class using btree',
      'drop operator family if exists s.class using btree',
      `create operator class s.class for type s.span using btree as operator 1 <(anyrange, anyrange), function 1 range_cmp(anyrange, anyrange)`,
    ],
    finds: 'operator class s.class using btree: default',
  },
  {
    what: 'an operator class is in another family',
    setup: [
      'drop operator class s.class using btree',
      'create operator class s.class for type integer using btree family s.family as operator 1 <, function 1 btint4cmp(integer, integer)',
      'create operator family s.family2 using btree',
    ],
    change: [
      'drop operator class s.class using btree',
      'create operator class s.class for type integer using btree family s.family2 as operator 1 <, function 1 btint4cmp(integer, integer)',
    ],
    finds: 'operator class s.class using btree: family',
    also: ['s.family', 's.family2'].flatMap((family) => [
      `operator of family ${family} using btree 1: <(integer,integer) for s: whole`,
      `function of family ${family} using btree 1 (integer, integer): whole`,
    ]),
  },
  { what: 'a cast goes', change: ['drop cast (s.mood as integer)'], finds: 'cast (s.mood AS integer): whole' },
  {
    what: 'a cast becomes implicit',
    change: [
      'drop cast (s.mood as integer)',
      'create cast (s.mood as integer) with function s.mood_number(s.mood) as implicit',
    ],
    finds: 'cast (s.mood AS integer): context',
  },
  {
    what: 'a cast gets another function',
    change: ['drop cast (s.mood as integer)', 'create cast (s.mood as integer) with function s.mood_number2(s.mood)'],
    finds: 'cast (s.mood AS integer): function',
  },
  {
    what: 'a cast gets another method',
    change: ['drop cast (s.mood as integer)', 'create cast (s.mood as integer) with inout'],
    finds: 'cast (s.mood AS integer): method',
    also: ['cast (s.mood AS integer): function'],
  },
  {
    what: 'a collation gets another locale',
    change: [
      'drop collation s.plain',
      `create collation s.plain (provider = icu, locale = 'fr', deterministic = true)`,
    ],
    finds: 'collation s.plain: locale',
  },
  {
    what: 'a collation becomes nondeterministic',
    change: [
      'drop collation s.plain',
      `create collation s.plain (provider = icu, locale = 'de', deterministic = false)`,
    ],
    finds: 'collation s.plain: deterministic',
  },
  {
    what: 'a collation gets another provider',
    change: ['drop collation s.plain', `create collation s.plain (provider = libc, locale = 'C')`],
    finds: 'collation s.plain: provider',
    also: ['collate', 'ctype', 'encoding', 'locale'].map((of) => `collation s.plain: ${of}`),
  },
  {
    what: 'a collation gets rules',
    from: 18,
    change: [
      'drop collation s.plain',
      `create collation s.plain (provider = icu, locale = 'de', deterministic = true, rules = '&a < b')`,
    ],
    finds: 'collation s.plain: rules',
  },
  {
    what: 'a conversion becomes the default',
    change: [
      'drop conversion s.latin',
      `create default conversion s.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8`,
    ],
    finds: 'conversion s.latin: default',
  },
  {
    what: 'a conversion converts something else',
    change: ['drop conversion s.latin', `create conversion s.latin for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1`],
    finds: 'conversion s.latin: from',
    also: ['conversion s.latin: to', 'conversion s.latin: function'],
  },
  {
    what: 'a search maps a token to another dictionary',
    change: ['alter text search configuration s.search alter mapping for word with s.words'],
    finds: 'text search configuration s.search: mappings',
  },
  {
    what: 'a search asks two dictionaries in another order',
    setup: ['alter text search configuration s.search alter mapping for word with s.words, simple'],
    change: ['alter text search configuration s.search alter mapping for word with simple, s.words'],
    finds: 'text search configuration s.search: mappings',
  },
  {
    what: 'a search drops a token',
    change: ['alter text search configuration s.search drop mapping for word'],
    finds: 'text search configuration s.search: mappings',
  },
  {
    what: 'a search gets another parser',
    change: [
      'drop text search configuration s.search',
      'create text search configuration s.search (parser = s.parser)',
    ],
    finds: 'text search configuration s.search: parser',
    also: ['text search configuration s.search: mappings'],
  },
  {
    what: 'an option of a dictionary changes',
    change: ['alter text search dictionary s.words (accept = true)'],
    finds: 'text search dictionary s.words: options',
  },
  {
    what: 'a dictionary gets another template',
    change: [
      'drop text search dictionary s.words',
      'create text search dictionary s.words (template = s.template, accept = false)',
    ],
    finds: 'text search dictionary s.words: template',
  },
  {
    what: 'a parser gets headlines',
    change: parser('headline = prsd_headline'),
    finds: 'text search parser s.parser: headline',
  },
  {
    what: 'a template loses its start',
    change: [
      'drop text search template s.template',
      'create text search template s.template (lexize = dsimple_lexize)',
    ],
    finds: 'text search template s.template: init',
  },
  {
    what: 'an extension gets another version',
    setup: ['drop extension hstore', `create extension hstore schema s version '1.4'`],
    change: [`alter extension hstore update to '1.5'`],
    finds: 'extension hstore: version',
    // this version names other estimators
    also: ['#<=#', '#>=#'].flatMap((name) =>
      ['join', 'restrict'].map((of) => `operator s."${name}"(s.hstore, s.hstore): ${of}`),
    ),
  },
  {
    what: 'an extension moves',
    setup: ['create extension tcn schema s'],
    change: ['alter extension tcn set schema other'],
    finds: 'extension tcn: schema',
    also: [
      'extension tcn: members',
      'function other.triggered_change_notification(): whole',
      'function s.triggered_change_notification(): whole',
    ],
  },
  {
    what: 'an extension goes',
    setup: ['create extension tcn schema s'],
    change: ['drop extension tcn'],
    finds: 'extension tcn: whole',
    also: ['function s.triggered_change_notification(): whole'],
  },
  {
    what: 'an extension gets a member',
    change: ['alter extension hstore add table s.toast'],
    finds: 'extension hstore: members',
  },
  {
    what: 'an extension loses a member',
    change: ['alter extension hstore drop function s.hstore(text, text)'],
    finds: 'extension hstore: members',
  },
  {
    what: 'an extension marks a table as configuration',
    setup: ['alter extension hstore add table s.toast'],
    change: [
      'set local allow_system_table_mods = on',
      `update pg_extension set extconfig = array['s.toast'::regclass::oid], extcondition = array['where true'] where extname = 'hstore'`,
    ],
    finds: 'extension hstore: configuration',
  },
  {
    what: 'a function of an extension is revoked',
    change: ['revoke execute on function s.hstore(text, text) from public'],
    finds: 'function s.hstore(text, text): privileges',
  },
  {
    what: 'a function of an extension is changed',
    change: ['alter function s.hstore(text, text) cost 77'],
    finds: 'function s.hstore(text, text): cost',
  },
  {
    what: 'a table of an extension is granted',
    setup: ['create table s.member (x integer)', 'alter extension hstore add table s.member'],
    change: ['grant select on s.member to public'],
    finds: 'table s.member: privileges',
  },
  {
    what: 'a type of an extension is revoked',
    change: ['revoke usage on type s.hstore from public'],
    finds: 'type s.hstore: privileges',
  },
  {
    what: 'a language becomes trusted',
    change: ['create or replace trusted language words handler s.words_handler'],
    finds: 'language words: trusted',
  },
  {
    what: 'a language gets a validator',
    change: ['create or replace language words handler s.words_handler validator plpgsql_validator'],
    finds: 'language words: validator',
  },
  {
    what: 'a language gets an inline handler',
    change: ['create or replace language words handler s.words_handler inline plpgsql_inline_handler'],
    finds: 'language words: inline',
  },
  {
    what: 'a language goes',
    setup: ['create language words2 handler plpgsql_call_handler'],
    change: ['drop language words2'],
    finds: 'language words2: whole',
  },
  {
    what: 'a transform goes',
    change: ['drop transform for s.mood language words'],
    finds: 'transform s.mood for words: whole',
  },
  {
    what: 'a transform gets another function',
    change: transform('from sql with function s.from_sql(internal), to sql with function s.to_sql2(internal)'),
    finds: 'transform s.mood for words: to',
  },
  {
    what: 'a transform loses a function',
    change: transform('to sql with function s.to_sql(internal)'),
    finds: 'transform s.mood for words: from',
  },
  {
    what: 'an access method gets another handler',
    change: ['drop access method tree', 'create access method tree type index handler hashhandler'],
    finds: 'access method tree: handler',
  },
  { what: 'an access method goes', change: ['drop access method tree'], finds: 'access method tree: whole' },
  {
    what: 'an option of a wrapper changes',
    change: [`alter foreign data wrapper wrapper options (set debug 'hunter2')`],
    finds: 'foreign data wrapper wrapper: options',
  },
  {
    what: 'a wrapper gets a validator',
    change: ['alter foreign data wrapper wrapper validator postgresql_fdw_validator'],
    finds: 'foreign data wrapper wrapper: validator',
  },
  {
    what: 'an option of a server changes',
    change: [`alter server server options (set host 'hunter2')`],
    finds: 'server server: options',
  },
  {
    what: 'a server gets another version',
    change: [`alter server server version '2'`],
    finds: 'server server: version',
  },
  {
    what: 'a server gets a type',
    setup: ['create server server2 foreign data wrapper wrapper'],
    change: ['drop server server2', `create server server2 type 'x' foreign data wrapper wrapper`],
    finds: 'server server2: type',
  },
  {
    what: 'a server gets another wrapper',
    setup: ['create server server2 foreign data wrapper wrapper', 'create foreign data wrapper wrapper2'],
    change: ['drop server server2', 'create server server2 foreign data wrapper wrapper2'],
    finds: 'server server2: wrapper',
  },
  {
    what: 'a user mapping comes',
    change: [`create user mapping for public server server options (password 'hunter2')`],
    finds: 'user mapping server for public: whole',
  },
  {
    what: 'an option of a user mapping changes',
    change: [`alter user mapping for pg_monitor server server options (set password 'hunter22')`],
    finds: 'user mapping server for pg_monitor: options',
  },
];
