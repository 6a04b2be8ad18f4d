import { type Connection, openSession, sql } from '../database/index.ts';
import { type Script } from '../import/index.ts';
import { type Parser } from '../release/index.ts';
import { type ScriptFailure, scriptFailureOf } from './failure.ts';
import { type OldTable } from './probe.io.ts';
import { refreshFilledViews } from './refresh-views.io.ts';
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
 * Sends a script. A role that it takes for granted is made, one that another database keeps is renamed instead of dropped, and what failed is sent
 * again: one statement where each has a transaction of its own, else all of them.
 */
export async function sendWithRoles(
  { sandbox, parser, roles, values, signal }: Omit<JudgingGround, 'base' | 'seeds'>,
  script: Script,
  to: { readonly database: string; readonly old: readonly OldTable[] | null },
): Promise<Outcome> {
  const failureIn = (failed: NonNullable<SentScript['failed']>, inTransaction: boolean): ScriptFailure =>
    scriptFailureOf(failed, { file: script.file, inTransaction, values });
  const keeping = new Set<string>();
  const changesRole = async ({ role, kept }: ScriptFailure): Promise<boolean> => {
    signal.throwIfAborted();
    if (kept !== null && !keeping.has(kept)) {
      keeping.add(kept);
      return true;
    }
    if (role === null || roles.has(role) || !stands(script, role) || !(await sandbox.makeRole(role))) return false;
    roles.add(role);
    return true;
  };
  for (;;) {
    const sent = await sendScript(sandbox.owner(to.database), script, {
      parser,
      settings: sandbox.toolSettings,
      old: to.old,
      kept: keeping,
      again: (failed) => changesRole(failureIn(failed, false)),
    });
    signal.throwIfAborted();
    if (sent.failed === null) return { sent, failure: null };
    const failure = failureIn(sent.failed, sent.inTransaction);
    if (!sent.inTransaction || !(await changesRole(failure))) return { sent, failure };
  }
}

/** Drops the invalid indexes that cut-off or failed statements have left: a later CREATE INDEX of the same name would find them. */
export async function dropInvalidIndexes(owner: Connection): Promise<void> {
  const session = await openSession(owner, { applicationName: 'oneroof check' });
  try {
    const found = await session.query<{ name: string }>(
      sql`select format('%I.%I', n.nspname, c.relname) as name from pg_index i join pg_class c on c.oid = i.indexrelid
          join pg_namespace n on n.oid = c.relnamespace where not i.indisvalid and c.relkind = 'i' and n.nspname !~ '^pg_'`,
    );
    for (const { name } of found) await session.runScript(`drop index ${name}`);
  } finally {
    await session.close();
  }
}

/** What TRUNCATE runs, and how it is set: one that refreshes a view, or counts, must not keep the rows in. */
const truncateTriggers = sql`select format('alter table %I.%I', n.nspname, c.relname) as alter, quote_ident(t.tgname) as name,
    case t.tgenabled when 'R' then 'enable replica' when 'A' then 'enable always' else 'enable' end as set
  from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
  where t.tgtype & 32 <> 0 and t.tgenabled <> 'D' and not t.tgisinternal`;

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
    if (typeof found?.all !== 'string') return true;
    const triggers = await session.query<{ alter: string; name: string; set: string }>(truncateTriggers);
    // one message is one transaction
    await session.runScript(
      [
        ...triggers.map(({ alter, name }) => `${alter} disable trigger ${name}`),
        `truncate ${found.all} cascade`,
        ...triggers.map(({ alter, name, set }) => `${alter} ${set} trigger ${name}`),
      ].join(';\n'),
    );
    await refreshFilledViews(session);
    return true;
  } catch {
    // the tables belong to another role, or an event trigger refuses it: then there is no judging without rows
    return false;
  } finally {
    await session.close();
  }
}
