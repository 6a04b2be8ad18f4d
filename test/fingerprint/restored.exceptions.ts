import { type Difference } from '../../src/fingerprint/index.ts';

/** What differs between a database and its restored dump all the same, because the dump does not hold it, or holds it otherwise. */
export interface Exception {
  /** As docs/FORMAT.md lists it. */
  readonly what: string;
  readonly setup: readonly string[];
  /** The major versions that have it. */
  readonly from?: number;
  readonly until?: number;
  /** What differs, as `kind name: property`; `*` is the whole object. */
  readonly differs: readonly string[];
}

export const exceptions: readonly Exception[] = [
  {
    what: 'the comment of a constraint trigger',
    setup: [
      'create table s.a (x integer)',
      'create constraint trigger late after insert on s.a for each row execute function s.f()',
      `comment on constraint late on s.a is 'c'`,
    ],
    differs: ['constraint s.a.late: comment'],
  },
  {
    what: 'whether the triggers of a foreign key are disabled',
    setup: [
      'create table s.a (x integer primary key, y integer constraint to_itself references s.a)',
      'alter table s.a disable trigger all',
    ],
    differs: ['constraint s.a.to_itself: triggers'],
  },
  {
    what: `the name of a partition's own foreign key, where it was renamed there`,
    setup: [
      'create table s.a (x integer primary key)',
      'create table s.b (x integer constraint of_parent references s.a) partition by list (x)',
      'create table s.b1 partition of s.b for values in (1)',
      'alter table s.b1 rename constraint of_parent to its_own',
    ],
    differs: ['constraint s.b1.its_own: *', 'constraint s.b1.of_parent: *'],
  },
  {
    what: 'an invalid index',
    setup: [
      'create table s.a (x integer)',
      'create index broken on s.a (x)',
      `update pg_index set indisvalid = false where indexrelid = 's.broken'::regclass`,
    ],
    differs: ['index s.broken: *'],
  },
  {
    what: 'privileges of the functions that make a range, where default privileges were set when it was made',
    setup: [
      'alter default privileges revoke execute on functions from public',
      'create type s.span as range (subtype = date, multirange_type_name = s.spans)',
    ],
    differs: [
      'function s.span(date, date): privileges',
      'function s.span(date, date, text): privileges',
      'function s.spans(): privileges',
      'function s.spans(s.span): privileges',
      'function s.spans(s.span[]): privileges',
    ],
  },
  {
    what: 'what ALTER did to members of an extension, other than privileges, and which objects are members',
    setup: ['create extension hstore schema s', 'alter function s.akeys(s.hstore) cost 7'],
    differs: ['function s.akeys(s.hstore): cost'],
  },
  {
    what: 'what every new database has and this one dropped: schema public, language plpgsql',
    setup: ['drop schema public'],
    differs: ['schema public: *'],
  },
  {
    what: `comments on PostgreSQL's own objects, and privileges of the language sql`,
    setup: [
      `comment on view information_schema.tables is 'c'`,
      'grant usage on language sql to pg_monitor with grant option',
    ],
    differs: ['language sql: privileges', 'system object view information_schema.tables: *'],
  },
  {
    what: `a language with a handler of PostgreSQL's own`,
    setup: ['create language other handler plpgsql_call_handler'],
    differs: ['language other: *'],
  },
  {
    what: `the type of an identity column's sequence, where it is not the column's (ALTER SEQUENCE … AS, LIKE … INCLUDING IDENTITY), and the bounds that follow from it`,
    setup: [
      'create table s.a (x bigint generated always as identity, y smallint generated always as identity (maxvalue 50))',
      'create table s.b (like s.a including identity)',
      'alter sequence s.a_x_seq as integer increment -1 minvalue -2147483648 maxvalue -1 start -1 restart',
      'alter sequence s.a_y_seq as integer',
    ],
    differs: [
      'sequence s.a_x_seq: min',
      'sequence s.a_x_seq: type',
      'sequence s.a_y_seq: type',
      'sequence s.b_y_seq: type',
    ],
  },
  {
    what: 'the position of a column of an inheriting table, after the parent got one',
    setup: [
      'create table s.a (x integer)',
      'create table s.b (own integer) inherits (s.a)',
      'alter table s.a add later integer',
    ],
    differs: ['column s.b.later: after', 'column s.b.own: after'],
  },
  {
    what: 'NOT NULL of a column that a child dropped and its parent has',
    setup: [
      'create table s.a (x integer not null)',
      'create table s.b () inherits (s.a)',
      'alter table s.b alter x drop not null',
    ],
    until: 17,
    differs: ['column s.b.x: notNull'],
  },
  {
    what: `whether a child's NOT NULL is its own too, where the parent's is not valid or came after the partition was attached`,
    setup: [
      'create table s.a (x integer)',
      'alter table s.a add constraint there not null x not valid',
      'create table s.b () inherits (s.a)',
      'create table s.p (x integer) partition by list (x)',
      'create table s.p1 (x integer constraint own not null)',
      'alter table s.p attach partition s.p1 for values in (1)',
      'alter table s.p alter x set not null',
    ],
    from: 18,
    differs: ['constraint s.b.there: local', 'constraint s.p1.own: local'],
  },
  {
    what: 'the name of a column that is a subquery, in the body of a SQL function (BEGIN ATOMIC)',
    setup: [`create function s.g() returns text begin atomic select (select 'c'); end`],
    differs: ['function s.g(): body'],
  },
  {
    what: 'settings of the database (ALTER DATABASE … SET): they are in a dump with --create',
    setup: [`do $$ begin execute format('alter database %I set work_mem = ''8MB''', current_database()); end $$`],
    differs: ['database settings current: *'],
  },
];

/** What is left out of a listing, because it belongs to the server or to nobody, is no exception. */
const unlisted = ['database', 'subscription', 'system catalogue'];

/** How the list above writes a difference; null for one that no listing counts. */
export function written({ level, kind, name, property }: Difference): string | null {
  if (level !== 'logical' || unlisted.includes(kind)) return null;
  return `${kind} ${name}: ${property ?? '*'}`;
}
