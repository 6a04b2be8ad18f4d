import { type Problem, stated, type Stated } from '../core/index.ts';

/** Why something is refused, and what to do instead. */
export type RefusedProblem = readonly [code: Problem['code'], what: Stated, fix: string];

/** Statements that no release may hold, by node type. */
export const refusedKinds: Readonly<Record<string, RefusedProblem>> = {
  TransactionStmt: [
    'RULE_TRANSACTION',
    stated`transaction control: the tier decides where a transaction begins and ends`,
    'remove it; if it wraps only a part of the file, make one tier for each block, or use `transaction: each` for a tier that cannot run in one transaction',
  ],
  DiscardStmt: ['RULE_SESSION', stated`DISCARD resets the pinned settings of the session`, 'remove it'],
  AlterSystemStmt: [
    'RULE_CLUSTER',
    stated`ALTER SYSTEM changes the whole server and cannot be rehearsed on a clone`,
    'change the configuration of the server',
  ],
  CreatedbStmt: [
    'RULE_CLUSTER',
    stated`CREATE DATABASE changes more than the database of the release`,
    'prepare databases outside of the release',
  ],
  DropdbStmt: ['RULE_CLUSTER', stated`DROP DATABASE changes more than the database of the release`, 'remove it'],
  AlterDatabaseStmt: ['RULE_CLUSTER', stated`ALTER DATABASE changes more than a clone can show`, 'remove it'],
  CreateRoleStmt: [
    'RULE_CLUSTER',
    stated`roles belong to the whole server: a clone on the same server would change production`,
    'prepare roles outside of the release',
  ],
  AlterRoleStmt: [
    'RULE_CLUSTER',
    stated`roles belong to the whole server: a clone on the same server would change production`,
    'prepare roles outside of the release',
  ],
  AlterRoleSetStmt: [
    'RULE_CLUSTER',
    stated`roles belong to the whole server: a clone on the same server would change production`,
    'prepare roles outside of the release',
  ],
  AlterDatabaseSetStmt: ['RULE_CLUSTER', stated`ALTER DATABASE changes more than a clone can show`, 'remove it'],
  AlterDatabaseRefreshCollStmt: [
    'RULE_CLUSTER',
    stated`ALTER DATABASE changes more than a clone can show`,
    'remove it',
  ],
  DropRoleStmt: [
    'RULE_CLUSTER',
    stated`roles belong to the whole server: a clone on the same server would change production`,
    'prepare roles outside of the release',
  ],
  GrantRoleStmt: [
    'RULE_CLUSTER',
    stated`memberships belong to the whole server: a clone on the same server would change production`,
    'prepare roles outside of the release',
  ],
  CreateTableSpaceStmt: [
    'RULE_CLUSTER',
    stated`tablespaces belong to the whole server`,
    'prepare them outside of the release',
  ],
  AlterTableSpaceOptionsStmt: [
    'RULE_CLUSTER',
    stated`tablespaces belong to the whole server`,
    'prepare them outside of the release',
  ],
  AlterTableMoveAllStmt: ['RULE_CLUSTER', stated`tablespaces belong to the whole server`, 'name each table that moves'],
  ReassignOwnedStmt: [
    'RULE_CLUSTER',
    stated`REASSIGN OWNED also changes databases and tablespaces, which belong to the whole server`,
    'write ALTER … OWNER TO for each object',
  ],
  DropOwnedStmt: [
    'RULE_CLUSTER',
    stated`DROP OWNED also changes privileges on databases and tablespaces, which belong to the whole server`,
    'drop each object, and revoke each privilege, by name',
  ],
  CheckPointStmt: ['RULE_CLUSTER', stated`CHECKPOINT acts on the whole server`, 'remove it'],
  DropTableSpaceStmt: [
    'RULE_CLUSTER',
    stated`tablespaces belong to the whole server`,
    'prepare them outside of the release',
  ],
  CreateSubscriptionStmt: [
    'RULE_DISPATCH',
    stated`a subscription connects to another server`,
    'set it up outside of the release',
  ],
  AlterSubscriptionStmt: [
    'RULE_DISPATCH',
    stated`a subscription connects to another server`,
    'set it up outside of the release',
  ],
  DropSubscriptionStmt: [
    'RULE_DISPATCH',
    stated`a subscription connects to another server`,
    'set it up outside of the release',
  ],
  LoadStmt: ['RULE_DISPATCH', stated`LOAD runs code of the server's file system`, 'remove it'],
  UnlistenStmt: ['RULE_SESSION', stated`UNLISTEN changes the session`, 'remove it'],
  DeallocateStmt: ['RULE_SESSION', stated`DEALLOCATE changes the session`, 'remove it'],
  DeclareCursorStmt: ['RULE_SESSION', stated`DECLARE leaves a cursor behind in the session`, 'write the query itself'],
  PrepareStmt: ['RULE_SESSION', stated`PREPARE leaves a statement behind in the session`, 'write the statement itself'],
  ExecuteStmt: ['RULE_SESSION', stated`EXECUTE runs text that is not sealed`, 'write the statement itself'],
};

/** Functions that act outside of the database or of the transaction. */
export const dispatchFunctions =
  /^(dblink.*|http.*|pg_notify|lo_import|lo_export|pg_read_file|pg_read_binary_file|pg_ls_.*|pg_stat_file|pg_terminate_backend|pg_cancel_backend|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_create_restore_point|pg_promote|pg_logical_.*|pg_create_.*slot|pg_drop_replication_slot|pg_advisory_lock.*|pg_file_.*|net_http.*)$/;

/** Schemas of extensions all of whose functions act later or elsewhere. */
export const dispatchSchemas: ReadonlySet<string> = new Set(['cron', 'net', 'dblink']);

/** What belongs to the whole server: a clone on the same server would change production's own. */
export const sharedObjects: ReadonlySet<unknown> = new Set([
  'OBJECT_DATABASE',
  'OBJECT_ROLE',
  'OBJECT_TABLESPACE',
  'OBJECT_SUBSCRIPTION',
  'OBJECT_PARAMETER_ACL',
]);

/** Languages whose code is outside of PostgreSQL's control. */
export const untrusted = /^(c|internal|plperlu|plpython3?u|pltclu|.*_untrusted)$/i;
