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

/** Which functions of schema gate each role may call; no one else may call any. `app_owner` stands for the role that has this part. */
export const callerRights: Readonly<Record<string, readonly string[]>> = {
  app_owner: ['claim_step', 'finish_step'],
  gate_owner: ['measure', 'settle', 'violations', 'waiting'],
  oneroof_executor: [
    'begin_attempt',
    'enter_tier',
    'run_step',
    'leave_tier',
    'status',
    'attempt',
    'markers_of',
    'steps_of',
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
    'revocations',
    'rows_of',
    'status',
    'received',
    ...ofAnyReader,
  ],
  oneroof_observer: ['status', 'steps_of', 'received', ...ofAnyReader, 'verdict'],
};

/** The roles that log in. */
export const login = ['oneroof_executor', 'oneroof_relay', 'oneroof_observer'];

/** Functions that run as the owner of the application's objects, because they run its SQL. */
export const ofTheApplication = ['run_step', 'execute_step', 'measure', 'settle', 'violations', 'waiting'];
