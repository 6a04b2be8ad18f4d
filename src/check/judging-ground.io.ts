import { type Connection, openSession, sql } from '../database/index.ts';
import { type Script } from '../import/index.ts';
import { type Parser } from '../release/index.ts';
import { type ScriptFailure, scriptFailureOf } from './failure.ts';
import { type OldTable } from './probe.io.ts';
import { type ShownValues } from './said-error.ts';
import { type Sandbox } from './sandbox.io.ts';
import { sendScript, type SentScript } from './send.io.ts';

/** Where migrations are judged. */
export interface JudgingGround {
  readonly sandbox: Sandbox;
  readonly parser: Parser;
  /** The database with everything before the migration, and rows. No session may be on it while it is copied. */
  readonly base: string;
  readonly seeds: readonly [string, string];
  readonly values: ShownValues;
  /** Roles that were made because migrations name them. */
  readonly roles: Set<string>;
  readonly signal: AbortSignal;
}

/** A name that a script computes may be a value of a row, and another one at each try: no such role is made. */
const stands = ({ text }: Script, role: string): boolean => text.toLowerCase().includes(role.toLowerCase());

/** A script that ran, or how it failed. */
export type Outcome = { readonly sent: SentScript; readonly failure: ScriptFailure | null };

/**
 * Sends a script. A role that it takes for granted is made, and what failed is sent again: one statement where each has a transaction of its own,
 * else all of them.
 */
export async function sendWithRoles(
  { sandbox, parser, roles, values, signal }: Omit<JudgingGround, 'base' | 'seeds'>,
  script: Script,
  to: { readonly database: string; readonly old: readonly OldTable[] | null },
): Promise<Outcome> {
  const failureIn = (failed: NonNullable<SentScript['failed']>, inTransaction: boolean): ScriptFailure =>
    scriptFailureOf(failed, { file: script.file, inTransaction, values });
  const makesRole = async ({ role }: ScriptFailure): Promise<boolean> => {
    signal.throwIfAborted();
    if (role === null || roles.has(role) || !stands(script, role) || !(await sandbox.makeRole(role))) return false;
    roles.add(role);
    return true;
  };
  for (;;) {
    const sent = await sendScript(sandbox.owner(to.database), script, {
      parser,
      old: to.old,
      again: (failed) => makesRole(failureIn(failed, false)),
    });
    signal.throwIfAborted();
    if (sent.failed === null) return { sent, failure: null };
    const failure = failureIn(sent.failed, sent.inTransaction);
    if (!sent.inTransaction || !(await makesRole(failure))) return { sent, failure };
  }
}

/** Takes the rows out of all tables; false where the owner of the database may not. */
export async function emptyTables(owner: Connection): Promise<boolean> {
  const session = await openSession(owner, {
    applicationName: 'oneroof check',
    settings: { statement_timeout: '5min' },
  });
  try {
    const [found] = await session.query<{ all: string | null }>(
      sql`select string_agg(format('%I.%I', n.nspname, c.relname), ', ') as all from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`,
    );
    if (typeof found?.all === 'string') await session.run(`truncate ${found.all} cascade`);
    return true;
  } catch {
    // a trigger refuses it, or the tables belong to another role: then there is no judging without rows
    return false;
  } finally {
    await session.close();
  }
}
