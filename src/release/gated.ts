import { stated, type Stated } from '../core/index.ts';
import { type Node, type Statement } from './parser.ts';
import { type RefusedProblem } from './refused-statements.ts';
import { isTrue, lastName, schemaName, visitNow } from './parse-tree.ts';

/** The roles of the gate that log in. */
const gateLogins: ReadonlySet<string> = new Set(['oneroof_executor', 'oneroof_relay', 'oneroof_observer']);

/** Functions of the gate that belong to the application's owner, who may call them. */
const ofTheApplication: ReadonlySet<string> = new Set(['measure', 'settle', 'violations', 'waiting']);

/** Privileges that let a role write, by kind of object; a grant without a list is one of all. */
const writing: Readonly<Record<string, RegExp>> = {
  OBJECT_TABLE: /^(insert|update|delete|truncate)$/,
  OBJECT_SEQUENCE: /^(usage|update)$/,
};

/** Kinds of object whose privileges the gate compares with those at its installation. */
const compared = /^OBJECT_(TABLE|SEQUENCE|FUNCTION|PROCEDURE|ROUTINE|SCHEMA)$/;

/** Statements that only a superuser may run, which the application's owner never is. */
const ofSuperusers: Readonly<Record<string, string>> = {
  CreateOpClassStmt: 'CREATE OPERATOR CLASS',
  CreateOpFamilyStmt: 'CREATE OPERATOR FAMILY',
  AlterOpFamilyStmt: 'ALTER OPERATOR FAMILY',
  CreateAmStmt: 'CREATE ACCESS METHOD',
  CreateFdwStmt: 'CREATE FOREIGN DATA WRAPPER',
  CreatePLangStmt: 'CREATE LANGUAGE',
};

/** The same, of CREATE by a list of options. */
const definedBySuperusers: Readonly<Record<string, string>> = {
  OBJECT_TYPE: 'CREATE TYPE of a base type',
  OBJECT_TSPARSER: 'CREATE TEXT SEARCH PARSER',
  OBJECT_TSTEMPLATE: 'CREATE TEXT SEARCH TEMPLATE',
};

/**
 * Says what the gate of a database would refuse when it runs a statement, as far as the text shows it.
 *
 * Errors  RULE_DEFINER, RULE_GATE, RULE_EXECUTE, RULE_SUPERUSER as refusals.
 * Source  docs/FORMAT.md "What the gate refuses"; src/gate/sql/intact.sql.ts.
 */
export function refusedByGate(
  { tree, step }: Statement,
  allows: { readonly definer?: string | undefined },
): readonly RefusedProblem[] {
  const refusals: RefusedProblem[] = [...refusedByExecute(step.kind, tree)];
  visitNow(tree, (kind, node) => {
    const way = allows.definer === undefined ? wayIn(kind, node) : null;
    if (way !== null)
      refusals.push(['RULE_DEFINER', way, 'remove it, or say why under `allows: {definer: …}` in release.yaml']);
    const reach = reachForGate(kind, node);
    if (reach !== null) refusals.push(['RULE_GATE', ...reach]);
    const only = onlySuperuser(kind, node);
    if (only !== null)
      refusals.push([
        'RULE_SUPERUSER',
        stated`${{ why: only }} needs a superuser, but the gate runs every step as the application's owner`,
        'do it outside of the release',
      ]);
  });
  return refusals;
}

/** PL/pgSQL, by whose EXECUTE the gate runs a step, takes neither SELECT INTO nor data from or for a client. */
function refusedByExecute(kind: string, tree: Node): readonly RefusedProblem[] {
  let into = false;
  visitNow(tree, (_, node) => {
    into ||= 'intoClause' in node;
  });
  if (kind === 'SelectStmt' && into)
    return [['RULE_EXECUTE', stated`the gate cannot run SELECT … INTO`, 'write CREATE TABLE … AS SELECT …']];
  const { filename, is_program: program } = (tree['CopyStmt'] ?? {}) as Node;
  if (kind === 'CopyStmt' && filename === undefined && program !== true)
    return [['RULE_EXECUTE', stated`the gate cannot run COPY … TO STDOUT: no client receives the data`, 'remove it']];
  return [];
}

/** Why a statement changes what the gate's check `definer` compares before and after a tier; null: it does not. */
function wayIn(kind: string, node: Node): Stated | null {
  const ofRule = [node['removeType'], node['renameType']].includes('OBJECT_RULE') && node['missing_ok'] !== true;
  const switched = kind === 'AlterTableCmd' && /^AT_(Enable|Disable).*Rule$/.test(String(node['subtype']));
  if ((kind === 'RuleStmt' && node['rulename'] !== '_RETURN') || ofRule || switched)
    return stated`a rule runs with the rights of its table's owner`;
  if (kind === 'CreateTrigStmt' && node['deferrable'] === true)
    return stated`a trigger that is DEFERRABLE can wait for COMMIT, after the gate's last check`;
  if (kind === 'AlterDefaultPrivilegesStmt' && changesDefaults(node))
    return stated`default privileges for PUBLIC or a role of the gate apply to all objects that are created later`;
  const writes = writing[String(node['objtype'])];
  if (kind !== 'GrantStmt' || node['is_grant'] !== true || node['targtype'] === 'ACL_TARGET_DEFAULTS') return null;
  const writesSomething = writes !== undefined && grants(node, writes);
  const grantee = granteesOf(node).find((role) => role === 'public' || gateLogins.has(role));
  return writesSomething && grantee !== undefined && reachForGate(kind, node) === null
    ? stated`a right to write for ${{ grantee: grantee === 'public' ? 'PUBLIC' : grantee }} also applies to a role of the gate`
    : null;
}

/**
 * Functions and types are everyone's by default: once their defaults for all schemas are changed for someone else, that is in the
 * catalogue, as a right of PUBLIC.
 */
function changesDefaults(node: Node): boolean {
  const action = node['action'] as Node;
  const inSchema = JSON.stringify(node['options'] ?? []).includes('"schemas"');
  const everybodys = /^OBJECT_(FUNCTION|TYPE)$/.test(String(action['objtype'])) && !inSchema;
  return (
    action['is_grant'] === true &&
    granteesOf(action).some((role) =>
      role === 'public' ? !everybodys : (everybodys && role !== '') || gateLogins.has(role),
    )
  );
}

/** What no reason allows: the gate's schema, rights for its roles, the event triggers, its look before COMMIT. */
function reachForGate(kind: string, node: Node): readonly [what: Stated, fix: string] | null {
  if (namesGate(kind, node))
    return [
      stated`schema gate belongs to the gate alone: the database refuses SQL that reads, calls or changes it`,
      'remove it',
    ];
  const owner = roleOf((node['newowner'] ?? node['authrole']) as Node | undefined);
  if (owner === 'gate_owner' || gateLogins.has(owner))
    return [stated`${{ owner }} is a role of the gate, and may not own other objects`, 'name another owner'];
  const isGrant = kind === 'GrantStmt' && node['is_grant'] === true && node['targtype'] !== 'ACL_TARGET_DEFAULTS';
  const maker = granteesOf(node).find((role) => role === 'public' || gateLogins.has(role));
  if (isGrant && node['objtype'] === 'OBJECT_SCHEMA' && maker !== undefined && grants(node, /^create$/))
    return [
      stated`${{ role: maker === 'public' ? 'every role' : maker }} could create objects in a schema, and ratified SQL would use them, so the gate would be closed`,
      'grant CREATE to the roles that need it',
    ];
  const whole = node['privileges'] === undefined || privilegesOf(node).some(({ cols }) => cols === undefined);
  const grantee = granteesOf(node).find((role) => role === 'oneroof_executor' || role === 'oneroof_relay');
  if (isGrant && compared.test(String(node['objtype'])) && whole && grantee !== undefined)
    return [stated`${{ grantee }} is a role of the gate and gets no other rights`, 'grant it to another role'];
  if (
    /^(Create|Alter)EventTrigStmt$/.test(kind) ||
    ([node['removeType'], node['renameType'], node['objectType'], node['objtype']].includes('OBJECT_EVENT_TRIGGER') &&
      node['missing_ok'] !== true)
  )
    return [
      stated`the gate protects itself with event triggers, and compares them with those at its installation`,
      'do it outside of the release, before the gate is installed',
    ];
  if (kind === 'ConstraintsSetStmt' && node['deferred'] !== true && node['constraints'] === undefined)
    return [stated`SET CONSTRAINTS ALL IMMEDIATE also fires the gate's check at COMMIT`, 'name the constraints'];
  return null;
}

/** Whether a node is, makes or changes something in schema gate. */
function namesGate(kind: string, node: Node): boolean {
  if (node['schemaname'] === 'gate' && (node['relname'] !== undefined || kind === 'CreateSchemaStmt')) return true;
  if (node['newschema'] === 'gate') return true;
  if (kind === 'FuncCall' || kind === 'funccall')
    return schemaName(node['funcname']) === 'gate' && !ofTheApplication.has(lastName(node['funcname']));
  const names = ['objname', 'funcname', 'defnames', 'typeName', 'domainname'].map((key) => node[key]);
  // of a trigger, a rule or a policy the table comes first, with its schema or without
  const parts = /^OBJECT_(TRIGGER|RULE|POLICY)$/.test(String(node['removeType'])) ? 3 : 2;
  const objects = kind === 'DropStmt' ? (node['objects'] as readonly Node[]) : [];
  const dropped = objects
    .map(
      (one) =>
        ((one['List'] as Node | undefined)?.['items'] ?? (one['TypeName'] as Node | undefined)?.['names']) as unknown,
    )
    .filter((one) => Array.isArray(one) && one.length >= parts);
  if (kind !== 'CreateTrigStmt' && [...names, ...dropped].some((one) => schemaName(one) === 'gate')) return true;
  const ofSchema = [node['removeType'], node['renameType'], node['objectType'], node['objtype']].includes(
    'OBJECT_SCHEMA',
  );
  const subject = (node['object'] ?? objects[0]) as { String?: { sval?: string } } | undefined;
  return ofSchema && kind !== 'GrantStmt' && (node['subname'] === 'gate' || subject?.String?.sval === 'gate');
}

function onlySuperuser(kind: string, node: Node): string | null {
  const named = kind === 'DefineStmt' ? definedBySuperusers[String(node['kind'])] : ofSuperusers[kind];
  if (named !== undefined) return named;
  if (kind === 'CreateCastStmt' && node['func'] === undefined && node['inout'] !== true)
    return 'CREATE CAST WITHOUT FUNCTION';
  if (kind === 'DefElem' && node['defname'] === 'leakproof' && isTrue(node['arg'])) return 'LEAKPROOF';
  if (kind === 'DefElem' && node['defname'] === 'support') return 'SUPPORT of a function';
  if (kind === 'CreatePublicationStmt' && node['for_all_tables'] === true) return 'CREATE PUBLICATION FOR ALL TABLES';
  if (kind === 'PublicationObjSpec' && String(node['pubobjtype']).startsWith('PUBLICATIONOBJ_TABLES_IN_'))
    return 'a publication FOR TABLES IN SCHEMA';
  return null;
}

interface Privilege {
  readonly priv_name?: string;
  readonly cols?: unknown;
}

/** Whether a GRANT is of a privilege; one without a list is of all. */
function grants(grant: Node, privilege: RegExp): boolean {
  const listed = privilegesOf(grant);
  return (
    grant['privileges'] === undefined ||
    listed.some(({ priv_name: name }) => name === undefined || privilege.test(name))
  );
}

function privilegesOf(grant: Node): readonly Privilege[] {
  return ((grant['privileges'] ?? []) as readonly { AccessPriv?: Privilege }[]).map(
    ({ AccessPriv }) => AccessPriv ?? {},
  );
}

function granteesOf(grant: Node): readonly string[] {
  return ((grant['grantees'] ?? []) as readonly { RoleSpec?: Node }[]).map(({ RoleSpec }) => roleOf(RoleSpec));
}

/** The name of a role; empty for the one that runs the statement. The session that a rollout runs in is the executor's. */
function roleOf(role: Node | undefined): string {
  if (role?.['roletype'] === 'ROLESPEC_SESSION_USER') return 'oneroof_executor';
  if (role?.['roletype'] === 'ROLESPEC_PUBLIC') return 'public';
  return String(role?.['rolename'] ?? '');
}
