import { sorted } from './catalog.ts';

/**
 * Options of a column that people set. PostgreSQL accepts no others, so everything else in `pg_attribute.attoptions` was put there by the
 * server for itself.
 *
 * Source  PostgreSQL manual, "ALTER TABLE", SET ( attribute_option = value ).
 */
const ofPeople = ['n_distinct', 'n_distinct_inherited'];

/** Options of a column that we know to be the server's: the WAL position at which the column was made or got its type, from 15.20 on. */
const ofServer = ['pg_attver'];

const named = `split_part(o, '=', 1)`;
const oneOf = (names: readonly string[]): string => `${named} in (${names.map((name) => `'${name}'`).join(', ')})`;

/** Options of a relation come from PostgreSQL and from extensions, so no list is complete; none of an author's begins like this. */
const reserved = `o like 'pg\\_%'`;

/** What an option belongs to: only in these two places does PostgreSQL keep options that nothing but PostgreSQL reads. */
type Keeper = 'column' | 'relation';

const chosenBy = { column: oneOf(ofPeople), relation: `not ${reserved}` } as const satisfies Record<Keeper, string>;

/**
 * SQL: of a list of `name=value` the options that an author chose, in the same order; NULL where there are none, as PostgreSQL keeps it.
 * The server's own are in no digest: it makes them again for each column, so that no two databases have the same.
 *
 * Source  docs/decisions/0021-options-of-the-server.md.
 */
export function chosenOptions(keeper: Keeper, array: string): string {
  return `case when ${array} is not null then nullif(array(select o from unnest(${array}) with ordinality u(o, at) where ${chosenBy[keeper]} order by at), '{}') end`;
}

/** SQL: the same as a sorted list; no options are the empty list. */
export function options(keeper: Keeper, array: string): string {
  return sorted(chosenOptions(keeper, array));
}

/** SQL: the options as flatten_reloptions of ruleutils.c writes them into a definition, under the pinned settings; NULL where there are none. */
function clause(array: string): string {
  const value = `substr(o, strpos(o, '=') + 1)`;
  const quoted = `case when quote_ident(${value}) = ${value} then ${value} else '''' || replace(${value}, '''', '''''') || '''' end`;
  return `(select ' WITH (' || string_agg(quote_ident(${named}) || '=' || ${quoted}, ', ' order by at) || ')' from unnest(${array}) with ordinality u(o, at))`;
}

/** SQL: the definition of an index with the options that an author chose; `options` is its list of them. */
export function indexDefinition(index: { readonly oid: string; readonly options: string }): string {
  const whole = `pg_get_indexdef(${index.oid})`;
  return `case when exists (select from unnest(${index.options}) o where ${reserved})
        then replace(${whole}, ${clause(index.options)}, coalesce(${clause(chosenOptions('relation', index.options))}, '')) else ${whole} end`;
}

/** SQL: options of the server's that we do not know, with how many objects have each, and the first of these. Indexes have no options by column. */
export const unknownOptions = `select kind, option, count(*)::text as count, min(name collate "C") as first from (
  select 'column' as kind, ${named} as option, format('%I.%I.%I', n.nspname, c.relname, a.attname) as name
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace cross join unnest(a.attoptions) o
    where a.attoptions is not null and c.relkind not in ('i', 'I') and n.nspname !~ '^pg_(toast_)?temp_' and not ${oneOf([...ofPeople, ...ofServer])}
  union all
  select case c.relkind when 'i' then 'index' when 'I' then 'index' when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end,
    ${named}, format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join unnest(c.reloptions) o
    where c.reloptions is not null and n.nspname !~ '^pg_(toast_)?temp_' and ${reserved}) x
group by kind, option order by kind collate "C", option collate "C"`;
