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

/** The name that every session shows while ratified SQL runs, and while it is rehearsed: SQL can read it. */
export const stepName = 'oneroof attempt';
