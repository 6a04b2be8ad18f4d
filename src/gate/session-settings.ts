import { pinnedSettings, stepName } from '../database/index.ts';

/** What the gate fixes by itself while the application's SQL runs; a session may come with any value of these. */
export const fixedSettings: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(pinnedSettings).filter(([name]) => name !== 'TimeZone')),
  application_name: stepName,
  default_transaction_read_only: 'off',
};

/** Set by the gate when a tier is entered, and again at each step. */
export const gateSettings = [
  'TimeZone',
  'client_connection_check_interval',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'statement_timeout',
  'transaction_timeout',
] as const;

/** Looked at by value: another one is refused. */
export const checkedSettings = ['client_encoding', 'transaction_isolation', 'transaction_read_only'] as const;

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/**
 * Every setting of PostgreSQL 14 to 18 that a session can bring, by what it does to ratified SQL. What is not in `fixedSettings` or
 * `gateSettings` counts as the server and the database set it: a session that has set one of these is refused, whatever its class, because
 * SQL can read any of them; and each step resets them.
 *
 * Shape   `result`: what a statement returns, stores, accepts or checks. `plan`: which plan it has, so the order of rows, and how many workers.
 *         `quiet`: speed, logs, the connection. `start`: only when a session begins.
 * Source  PostgreSQL manual, "Server Configuration"; test/gate/settings.test.ts asks a running server for what is not in it.
 */
export const sessionSettings: Readonly<Record<'result' | 'plan' | 'quiet' | 'start', readonly string[]>> = {
  result: words(`
    allow_in_place_tablespaces allow_system_table_mods array_nulls backslash_quote bytea_output check_function_bodies client_encoding
    composite_type_mismatch createrole_self_grant DateStyle debug_discard_caches default_statistics_target default_table_access_method
    default_tablespace default_text_search_config default_toast_compression default_transaction_deferrable default_transaction_isolation
    default_transaction_read_only dynamic_library_path escape_string_warning event_triggers exit_on_error extension_control_path
    extension_destdir extra_float_digits gin_fuzzy_search_limit icu_validation_level ignore_checksum_failure IntervalStyle lc_messages
    lc_monetary lc_numeric lc_time lo_compat_privileges local_preload_libraries output_plugin_libraries password_encryption
    plpgsql.check_asserts plpgsql.extra_errors plpgsql.extra_warnings plpgsql.print_strict_params plpgsql.variable_conflict
    quote_all_identifiers restrict_nonsystem_relation_kind row_security scram_iterations search_path session_preload_libraries
    session_replication_role standard_conforming_strings synchronous_commit TimeZone timezone_abbreviations transaction_deferrable
    transaction_isolation transaction_read_only transform_null_equals vacuum_truncate wal_compression xmlbinary xmloption
    zero_damaged_pages`),
  plan: words(`
    constraint_exclusion cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction debug_parallel_query
    effective_cache_size enable_async_append enable_bitmapscan enable_distinct_reordering enable_gathermerge enable_group_by_reordering
    enable_hashagg enable_hashjoin enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material enable_memoize
    enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
    enable_partitionwise_join enable_presorted_aggregate enable_self_join_elimination enable_seqscan enable_sort enable_tidscan
    force_parallel_mode from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed geqo_selection_bias geqo_threshold
    hash_mem_multiplier jit jit_above_cost jit_expressions jit_inline_above_cost jit_optimize_above_cost jit_tuple_deforming
    join_collapse_limit max_parallel_maintenance_workers max_parallel_workers max_parallel_workers_per_gather min_parallel_index_scan_size
    min_parallel_table_scan_size parallel_leader_participation parallel_setup_cost parallel_tuple_cost plan_cache_mode random_page_cost
    recursive_worktable_factor seq_page_cost stats_fetch_consistency synchronize_seqscans work_mem`),
  quiet: words(`
    application_name backend_flush_after backtrace_functions client_connection_check_interval client_min_messages commit_delay
    commit_siblings compute_query_id deadlock_timeout debug_logical_replication_streaming debug_pretty_print debug_print_parse
    debug_print_plan debug_print_rewritten effective_io_concurrency file_copy_method gin_pending_list_limit
    idle_in_transaction_session_timeout idle_session_timeout io_combine_limit jit_dump_bitcode lock_timeout log_duration
    log_error_verbosity log_executor_stats log_lock_failures log_lock_waits log_min_duration_sample log_min_duration_statement
    log_min_error_statement log_min_messages log_parameter_max_length log_parameter_max_length_on_error log_parser_stats
    log_planner_stats log_replication_commands log_statement log_statement_sample_rate log_statement_stats log_temp_files
    log_transaction_sample_rate logical_decoding_work_mem maintenance_io_concurrency maintenance_work_mem max_stack_depth
    md5_password_warnings statement_timeout tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval tcp_user_timeout
    temp_buffers temp_file_limit temp_tablespaces trace_notify trace_sort track_activities track_cost_delay_timing track_counts
    track_functions track_io_timing track_wal_io_timing transaction_timeout update_process_title vacuum_buffer_usage_limit
    vacuum_cost_delay vacuum_cost_limit vacuum_cost_page_dirty vacuum_cost_page_hit vacuum_cost_page_miss vacuum_failsafe_age
    vacuum_freeze_min_age vacuum_freeze_table_age vacuum_max_eager_freeze_failure_rate vacuum_multixact_failsafe_age
    vacuum_multixact_freeze_min_age vacuum_multixact_freeze_table_age wal_consistency_checking wal_init_zero wal_recycle
    wal_sender_timeout wal_skip_threshold`),
  start: words(`
    ignore_system_indexes jit_debugging_support jit_profiling_support log_connections log_disconnections post_auth_delay`),
};

/** What a session may have set; the value of each is the gate's own, or looked at, while ratified SQL runs. */
export const freeSettings: readonly string[] = [
  ...Object.keys(fixedSettings),
  ...gateSettings,
  ...checkedSettings,
].toSorted();
