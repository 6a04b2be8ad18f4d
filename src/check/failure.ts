import { fileLineOf, type Sent } from './sent.ts';
import { type SaidError, saidError, type ShownValues, wholeDetail, wholeMessage } from './said-error.ts';
import { type Fault, type Spot } from './check-result.ts';
import { leftInvalid } from './invalid-index.ts';
import { keptRole } from './kept-roles.ts';

/** Why nothing is known of a migration. */
export type Unjudged = Pick<Fault, 'cause' | 'facts' | 'fix'>;

/** A script that the server refused, in the words of a fault. */
export interface ScriptFailure {
  readonly said: SaidError;
  readonly spot: Spot;
  /** Message and detail, to decide by, and never to be shown. */
  readonly whole: string;
  /** Why this says nothing about the migration; null: it does. */
  readonly unjudged: Unjudged | null;
  /** A role that does not exist and that the migration takes for granted; null: it is not that. */
  readonly role: string | null;
  /** A role that DROP ROLE does not drop because of a database of the check; null: it is not that. */
  readonly kept: string | null;
  /** What the failed statement leaves behind; null: nothing, because a transaction takes it back. */
  readonly leaves: string | null;
  /** The statement has to run outside of a transaction, or another one has to end before it. */
  readonly needsNoTransaction: boolean;
}

/** Reads what the server said of a statement. */
export function scriptFailureOf(
  failed: { readonly sent: Sent; readonly error: unknown },
  of: { readonly file: string; readonly inTransaction: boolean; readonly values: ShownValues },
): ScriptFailure {
  const { sent } = failed;
  const said = saidError(failed.error, { values: of.values, sql: sent.sql });
  const { state } = said;
  const text = wholeMessage(failed.error);
  const kept = keptRole(failed.error);
  const missing = /^role "(?<name>.+)" does not exist$/s.exec(text)?.groups?.['name'] ?? null;
  return {
    said,
    spot: { file: of.file, line: fileLineOf(sent, said.position) },
    whole: `${text}\n${wholeDetail(failed.error)}`,
    unjudged: kept === null ? unjudgedBy(said, { whole: text, sql: sent.sql }) : keptInBlock,
    kept: sent.kind === 'DropRoleStmt' ? kept : null,
    role: state === '42704' && sent.kind !== 'DropRoleStmt' ? missing : null,
    leaves: of.inTransaction ? null : leftInvalid(sent),
    needsNoTransaction: of.inTransaction && (state === '25001' || state === '55P04'),
  };
}

const keptInBlock: Unjudged = {
  cause:
    'it drops a role that has rights in the database before the migration, which the private server keeps beside the copy',
  facts: {},
  fix: 'drop it with a DROP ROLE of its own, outside of a block or function',
};

/** What the private server lacks, or does not allow. */
function unjudgedBy(
  { state, text }: SaidError,
  { whole, sql }: { readonly whole: string; readonly sql: string },
): ScriptFailure['unjudged'] {
  const named = extensionIn(whole);
  // a name that the SQL computes may be a value of a row
  const extension = named === undefined || sql.includes(named) ? named : 'with a computed name';
  if (extension !== undefined && ['0A000', '58P01', '22023'].includes(state))
    return {
      cause: `the private server has no extension ${extension}`,
      facts: { extension },
      fix: 'install a PostgreSQL that has it on this machine, and name its version with --postgres',
    };
  if (state.startsWith('53'))
    return {
      cause: `the private server had no room: ${text}`,
      facts: { said: text, sqlstate: state },
      fix: 'free memory and disk, or name a folder with room for its files: TMPDIR=FOLDER oneroof check',
    };
  if (state === '57014')
    return {
      cause: 'a statement did not end in time: in 5 minutes, on a golden copy in an hour',
      facts: { sqlstate: state },
      fix: 'read it: it waits for something, or never ends',
    };
  if (state !== '42501') return null;
  return {
    cause:
      extension === undefined
        ? `it needs more rights than the owner of a database has: ${text}`
        : `only a superuser may create the extension ${extension}`,
    facts: { said: text, sqlstate: state, extension: extension ?? null },
    fix: 'read the migrations, and if you trust them, run the check on synthetic rows with --superuser',
  };
}

/** The extension that a message names; before 15 one that is not there is named by its file. */
function extensionIn(whole: string): string | undefined {
  return (
    /extension "(?<name>[\w-]+)"/.exec(whole) ?? /extension control file ".*\/(?<name>[\w-]+)\.control"/.exec(whole)
  )?.groups?.['name'];
}

/** Whether a script fails by itself, also where an earlier migration was not run: by its syntax, its rows, or a transaction. */
export function isOwnFailure({ said: { state }, needsNoTransaction }: ScriptFailure): boolean {
  return needsNoTransaction || state === '42601' || state.startsWith('22') || state.startsWith('23');
}

/** A failure as a fault. */
export function failureFault(
  code: Fault['code'],
  failure: ScriptFailure,
  words: { readonly begin: string; readonly fix: string },
): Fault {
  const { said, spot, leaves } = failure;
  return {
    code,
    level: 'error',
    spot,
    cause: `${words.begin}: ${said.text}${said.state === '' ? '' : ` [SQLSTATE ${said.state}]`}`,
    facts: { said: said.text, sqlstate: said.state },
    detail: [...said.detail, ...(leaves === null ? [] : [leaves])],
    fix: said.state === '42704' && foreignType.test(said.text) ? foreignFix : words.fix,
  };
}

/** Types that other databases have. A program may replace them before it sends a script, and then the file is not what PostgreSQL gets. */
const foreignType =
  /^type "(?:(?:tiny|medium|long)?(?:blob|text)|clob|datetime|tinyint|mediumint|double|n?varchar2?|number)" does not exist$/;
const foreignFix =
  'this is the type of another database: where a program rewrites the SQL before it sends it, write what it sends into a folder, and name that with --migrations';

/** A migration that cannot be judged. Unknown means failed. */
export function unjudged(spot: Spot, why: Unjudged & { readonly detail?: readonly string[] }): Fault {
  const { cause, facts, fix, detail = [] } = why;
  return { code: 'not-judged', level: 'error', spot, cause, facts, detail: [...detail], fix };
}
