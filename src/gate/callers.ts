/** What executor, relay and observer may ask alike: what was handed in, and what is so. */
const ofAnyReader = [
  'record_of',
  'statement_body',
  'describe',
  'schema_digest',
  'drift_of',
  'compare_footprint',
  'why_closed',
];

/** Functions that run as the owner of the application's objects, because they run its SQL. */
export const ofTheApplication = [
  'execute_step',
  'next_keys',
  'execute_batch',
  'measure',
  'settle',
  'violations',
  'waiting',
];

/** Functions that run as the runner: a role may change its own password, and sees its own sessions. */
export const ofTheRunner = ['renew_runner', 'runner_sessions'];

/**
 * Which functions of schema gate each role may call; no one else may call any. The owner of the application's objects has none but
 * `ofTheApplication`: its triggers and functions run between the steps too, and would say of a step that it has run.
 */
export const callerRights: Readonly<Record<string, readonly string[]>> = {
  gate_owner: [...ofTheApplication, ...ofTheRunner],
  oneroof_executor: [
    'begin_attempt',
    'enter_tier',
    'run_step',
    'run_batch',
    'leave_tier',
    'status',
    'attempt',
    'outside_begin',
    'outside_clear',
    'outside_send',
    'outside_poll',
    'outside_cancel',
    'outside_decide',
    'outside_of',
    'outside_prepare',
    'outside_try',
    'outside_problem',
    'markers_of',
    'steps_of',
    'batches_of',
    ...ofAnyReader,
    'verdict',
  ],
  oneroof_relay: [
    'submit_release',
    'submit',
    'submit_target',
    'submit_footprint',
    'accept',
    'changes',
    'abandon',
    'adopt',
    'endings',
    'account',
    'account_digest',
    'outside_prepare',
    'outside_try',
    'outside_problem',
    'revocations',
    'rows_of',
    'status',
    'received',
    ...ofAnyReader,
  ],
  oneroof_observer: [
    'status',
    'outside_of',
    'outside_problem',
    'steps_of',
    'batches_of',
    'received',
    ...ofAnyReader,
    'verdict',
  ],
};

/** The roles that log in. */
export const login = ['oneroof_executor', 'oneroof_relay', 'oneroof_observer'];

/** The role of the gate's own connection: it logs in for the time of one statement, and belongs to no one. */
export const runner = 'oneroof_runner';
