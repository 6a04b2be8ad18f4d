/**
 * Every error of One Roof: its code, the exit status of a process that ends with it, and what it means.
 * Exit 2: the call or the configuration is wrong. 3: refused, a rule of the release or of safety. 4: broken, something could not be done.
 * docs/ERRORS.md is generated from this table; a test holds that each code is caused by a test.
 */
export const errorCodes = {
  // usage and configuration
  USAGE: [2, 'The command line was called with words that it does not know.'],
  CONFIG_NOT_FOUND: [2, 'A file or folder that the command needs is not there.'],
  CONFIG_INVALID: [2, 'oneroof.yaml does not have the form that it must have.'],
  CONFIG_TARGET_UNKNOWN: [2, 'The command names a target that oneroof.yaml does not define.'],
  SECRET_ON_COMMAND_LINE: [2, 'A password stands on the command line, where others can read it.'],
  FINGERPRINT_INVALID: [2, 'A file is not a fingerprint, or was edited or damaged.'],
  ALREADY_EXISTS: [2, 'A file that would be written is there already; nothing is overwritten.'],
  // reading a release
  RELEASE_NOT_A_FOLDER: [2, 'The release is not a folder.'],
  RELEASE_NO_MANIFEST: [2, 'The folder holds no release.yaml.'],
  FILE_UNREADABLE: [4, 'A file could not be read.'],
  FILE_TOO_LARGE: [3, 'A file of the release is larger than the limit.'],
  FILE_NOT_TEXT: [3, 'A file of the release is not UTF-8 text, or holds a NUL.'],
  FILE_OUTSIDE: [3, 'A file or link of the release leads out of its folder.'],
  YAML_SYNTAX: [3, 'A YAML file cannot be read: syntax, a tab, a duplicate key, an alias.'],
  YAML_INVALID: [3, 'A value of a YAML file is missing, unknown or of the wrong type.'],
  TIER_NUMBERING: [3, 'Tiers are not numbered from 1 without gaps, in order.'],
  TIER_MISSING: [3, 'A tier of release.yaml has no files.'],
  TIER_UNLISTED: [3, 'A folder of a tier is not listed in release.yaml.'],
  DOWN_MISSING: [3, 'A tier has no way back and does not say why.'],
  STEPS_MISSING: [3, 'A file of a tier holds no statement.'],
  FILE_MISSING: [3, 'A file that release.yaml leads to is not there.'],
  FILE_UNUSED: [3, 'A file of the release that nothing leads to.'],
  NAME_UNKNOWN: [3, 'release.yaml names a metric or a tier that it does not define.'],
  NAME_TWICE: [3, 'release.yaml defines a name twice.'],
  SQL_SYNTAX: [3, 'SQL that PostgreSQL cannot parse.'],
  SQL_META_COMMAND: [3, 'A command or variable of psql stands in SQL.'],
  SQL_COPY_INLINE: [3, 'COPY FROM STDIN stands in a release.'],
  SQL_NOT_ANALYSED: [3, 'SQL that cannot be analysed, so it is refused.'],
  RULE_TRANSACTION: [3, 'Transaction control stands in a tier.'],
  RULE_SESSION: [3, 'A statement changes the session that the release was sealed for.'],
  RULE_CLUSTER: [3, 'A statement changes more than the database of the release.'],
  RULE_DISPATCH: [3, 'A statement reaches outside of the database, undeclared.'],
  RULE_CASCADE: [3, 'CASCADE without a reason.'],
  RULE_DEFINER: [3, 'SECURITY DEFINER without a reason.'],
  RULE_LANGUAGE: [3, 'Code in an untrusted language.'],
  RULE_CONCURRENTLY: [3, 'A statement that cannot run as its tier runs it.'],
  RULE_ENUM_USED: [3, 'An enum value is used in the transaction that adds it.'],
  RULE_NOT_VALID: [3, 'A constraint is NOT VALID and never validated.'],
  QUERY_NOT_SELECT: [3, 'A metric or check is not one SELECT.'],
  QUERY_WRITES: [3, 'A metric or check does more than read.'],
  SEAL_MISSING: [2, 'The release is not sealed.'],
  SEAL_BROKEN: [3, 'The release is no longer what was sealed.'],
  // the database
  CONNECT_REFUSED: [4, 'Nothing answers at the address of a database.'],
  CONNECT_PASSWORD: [4, 'The server refused the login.'],
  CONNECT_NO_DATABASE: [4, 'The server has no database of that name.'],
  CONNECT_FAILED: [4, 'A connection failed for another reason.'],
  CONNECTION_LOST: [4, 'A connection broke while it was in use.'],
  SERVER_NO_BINARIES: [4, 'No PostgreSQL of the version that is needed is installed.'],
  SERVER_START: [4, 'A private PostgreSQL server did not start.'],
  // looking at a database, and what a server answers
  CONNECT_STARTING: [4, 'The server is starting, stopping or recovering and takes no connections yet.'],
  CONNECT_TOO_MANY: [4, 'The server or the role has no connection left.'],
  CONNECT_VERSION: [4, 'The server has a major version that One Roof does not know.'],
  CONNECT_TLS: [4, 'The connection cannot be encrypted or verified as sslmode asks.'],
  CONNECT_ADDRESS: [2, 'The address of a database, or a service of that name, cannot be read.'],
  PASSWORD_FILE_OPEN: [3, 'A file with a password can be read by other users.'],
  OBSERVER_CAN_WRITE: [3, 'The role for looking at a database could write to it.'],
  OBSERVER_WROTE: [4, 'Looking at a database was not harmless, by the counters of the server.'],
  METRIC_FAILED: [4, 'The server refused the query of a metric.'],
  METRIC_NO_ROW: [4, 'The query of a metric returned no row.'],
  METRIC_MANY_ROWS: [4, 'The query of a metric returned more than one row.'],
  METRIC_NULL: [4, 'The query of a metric returned NULL.'],
  METRIC_NOT_A_NUMBER: [4, 'The query of a metric returned something other than one number.'],
  QUERY_TIMEOUT: [4, 'A statement was cancelled because it ran longer than its bound.'],
  LOCK_TIMEOUT: [4, 'A statement waited longer for a lock than its bound.'],
  DISK_FULL: [4, 'The server has no space left.'],
  SQL_FAILED: [4, 'The server refused a statement.'],
  // rehearsal
  REHEARSAL_NO_GOLDEN: [4, 'There is no golden copy to rehearse on.'],
  CLONE_GONE: [4, 'The rehearsal clone went away while it was in use.'],
  INVARIANT_VIOLATED: [3, 'A metric is not what the release declares.'],
  CHECK_VIOLATED: [3, 'A query of check.sql returned rows: each is a violation.'],
  BACK_DIFFERS: [3, 'The way back does not restore what was there before.'],
  BACK_NOT_IDEMPOTENT: [3, 'The way back fails, or changes something, when it is run a second time.'],
  PROOF_INCOMPLETE: [3, 'The release changes rows that cannot be compared.'],
  FORWARD_VARIES: [3, 'Two forwards, on clones prepared differently, end in different states.'],
  FORWARD_NOT_REPEATABLE: [3, 'The second forward ends in another state than the first.'],
  TOUCHED_UNDECLARED: [3, 'A table is changed that the release does not declare.'],
  BUDGET_LOCK: [3, 'A lock that others wait for was held longer than the release allows.'],
  BUDGET_REWRITE: [3, 'A table larger than the release allows was written anew.'],
  BUDGET_TOTAL: [3, 'The forward took longer than the release allows.'],
  INDEX_INVALID: [3, 'The release leaves an invalid index behind.'],
  CONSTRAINT_NOT_VALID: [3, 'The release leaves a constraint behind that was never validated.'],
  SWITCHED_OFF: [3, 'The release leaves something switched off that was in force before.'],
  COLUMNS_SCARCE: [3, 'The release drops columns of a table that has few column numbers left.'],
  DISPATCH_UNDECLARED: [
    3,
    'The rehearsal saw something reach outside of the database that the release does not declare.',
  ],
  OPTION_COLLIDES: [3, 'The option that was chosen collides with the release.'],
  // clones
  CLONE_SOURCE_NOT_LOCAL: [2, 'The data directory of the source of clones cannot be read on this host.'],
  CLONE_TABLESPACES: [3, 'The source of clones has tablespaces of its own.'],
  CLONE_BACKUP_DENIED: [4, 'The role may not take a base backup of the source of clones.'],
  CLONE_WAL_GONE: [4, 'The source removed WAL that the golden copy needs.'],
  CLONE_NO_SPACE: [4, 'There is no room for a golden copy.'],
  CLONE_FOLDER_UNREACHABLE: [2, 'The folder for golden copies cannot be reached by the user that runs their server.'],
  CLONE_IN_USE: [4, 'Another process works with the same golden copy.'],
  CLONE_NO_GOLDEN: [2, 'There is no golden copy yet.'],
  CLONE_NOT_OURS: [3, 'A database does not carry the mark of a clone, so it is left alone.'],
  CLONE_SOURCE_BUSY: [4, 'Sessions are connected to the database that golden is copied from.'],
  CLONE_SAME_SERVER: [
    3,
    'A clone would be made inside the server of the source, which the configuration does not allow.',
  ],
  // evidence
  EVIDENCE_LOG_BROKEN: [4, 'The list of evidence was edited or damaged.'],
  EVIDENCE_UNWRITABLE: [4, 'Evidence cannot be written.'],
  // report
  REPORT_UNWRITABLE: [4, 'The report cannot be written.'],
  // core
  JSON_NOT_CANONICAL: [4, 'A value cannot be written as canonical JSON.'],
  INTERNAL: [4, 'A defect of One Roof itself.'],
  INTERRUPTED: [4, 'The command was interrupted; what it had started was cancelled and cleaned up.'],
} as const satisfies Record<string, readonly [2 | 3 | 4, string]>;

/** The code of an error. */
export type ErrorCode = keyof typeof errorCodes;

/** The exit status that belongs to a code. */
export function exitStatusOf(code: ErrorCode): 2 | 3 | 4 {
  return errorCodes[code][0];
}
