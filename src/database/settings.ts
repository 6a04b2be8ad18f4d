import { literal, type Sql, sql } from './sql.ts';

/**
 * The session settings that every session of ours starts with, because they change what a text, a plan or a result means.
 * Part of the seal (by value) and of every fingerprint.
 *
 * Source  PostgreSQL manual, "Client Connection Defaults" and "Locale and Formatting".
 */
export const pinnedSettings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  lc_numeric: 'C',
  xmloption: 'content',
  xmlbinary: 'base64',
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
  escape_string_warning: 'on',
  backslash_quote: 'safe_encoding',
  row_security: 'off',
  search_path: 'pg_catalog, pg_temp',
  check_function_bodies: 'on',
  default_table_access_method: 'heap',
  default_tablespace: '',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  synchronous_commit: 'on',
  client_min_messages: 'notice',
  quote_all_identifiers: 'off',
  transform_null_equals: 'off',
  array_nulls: 'on',
} as const satisfies Record<string, string>;

/**
 * Every time-out of the server, switched off: a database or a role may set one that ends our work in the middle. Who opens a session gives
 * those that it needs. `transaction_timeout` came with 17.
 */
export const noTimeouts = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
} as const satisfies Record<string, string>;

/** The name that every session shows while ratified SQL runs, and while it is rehearsed: SQL can read it. */
export const stepName = 'oneroof attempt';

/** SQL: sets all of these for the session; only 17 and later know `transaction_timeout`. It takes no values, so a script may hold it. */
export function setAll(settings: Readonly<Record<string, string>>): Sql {
  return sql`
    select pg_catalog.set_config(key, value, false) from pg_catalog.json_each_text(${literal(JSON.stringify(settings))}::json)
    where key <> 'transaction_timeout' or pg_catalog.current_setting('transaction_timeout', true) is not null`;
}
