import { type Connection, type Notice, openSession, type Session, sqlStateOf } from '../database/index.ts';
import { type Script } from '../import/index.ts';
import { type Parser } from '../release/index.ts';
import { type Moment, type OldTable, readMoment } from './probe.io.ts';
import { withoutKept } from './kept-roles.ts';
import { controlOf, isFirst, type Sent, sentOf, unparsed } from './sent.ts';

/** A statement that ran, and the transaction before and after it; without measures where it ran outside of one. */
export interface SentStatement {
  readonly sent: Sent;
  readonly moments: readonly [before: Moment, after: Moment] | null;
  readonly notices: readonly Notice[];
}

/** How a script ended. */
export interface SentScript {
  readonly ran: readonly SentStatement[];
  /** The statement that failed, and what the server threw; null: none did. */
  readonly failed: { readonly sent: Sent; readonly error: unknown } | null;
  /** Whether its statements share one transaction. */
  readonly inTransaction: boolean;
  /** Of its own SQL. */
  readonly milliseconds: number;
}

/** What a tool's own session has: the server's defaults, where ours are other ones. */
const serverDefaults = {
  row_security: 'on',
  DateStyle: 'ISO, MDY',
} as const;

/**
 * Sends a script as its tool does, on a session of its own: in one transaction, in one message, or statement by statement. Statements of one
 * message are sent one by one inside a transaction, which is what the server makes of them, so that each can be measured.
 */
export async function sendScript(
  connection: Connection,
  script: Script,
  by: {
    readonly parser: Parser;
    /** Of the session, beside the server's defaults. */
    readonly settings: Readonly<Record<string, string>>;
    /** null: nothing is measured. */
    readonly old: readonly OldTable[] | null;
    /** Roles that are not dropped but renamed. */
    readonly kept: ReadonlySet<string>;
    /** Whether a statement that failed outside of a transaction is sent again. */
    readonly again: (failed: NonNullable<SentScript['failed']>) => Promise<boolean>;
  },
): Promise<SentScript> {
  const all = sentOf(by.parser, script);
  const inTransaction = script.send === 'transaction' || (script.send === 'message' && all.length > 1);
  const session = await openSession(connection, {
    applicationName: 'oneroof check',
    settings: { ...serverDefaults, ...by.settings },
  });
  const sender = new Sender(session, { ...by, inTransaction });
  let failed: SentScript['failed'] = null;
  try {
    for (const sent of all) {
      do failed = await sender.send(sent);
      while (failed !== null && !sender.inTransaction && (await by.again(failed)));
      if (failed !== null) break;
    }
    failed ??= await sender.end(all.at(-1));
  } finally {
    await session.close();
  }
  return { ran: sender.ran, failed, inTransaction, milliseconds: sender.milliseconds };
}

class Sender {
  readonly ran: SentStatement[] = [];
  milliseconds = 0;
  /** Who began the transaction that is open. */
  private open: 'none' | 'us' | 'script' = 'none';
  private readonly session: Session;
  private readonly old: readonly OldTable[] | null;
  private readonly kept: ReadonlySet<string>;
  readonly inTransaction: boolean;
  private last: Moment | null = null;

  constructor(
    session: Session,
    of: {
      readonly old: readonly OldTable[] | null;
      readonly kept: ReadonlySet<string>;
      readonly inTransaction: boolean;
    },
  ) {
    this.session = session;
    this.old = of.old;
    this.kept = of.kept;
    this.inTransaction = of.inTransaction;
  }

  async send(sent: Sent): Promise<SentScript['failed']> {
    const control = controlOf(sent);
    if (control !== null || sent.kind === unparsed) return await this.plainly(sent, control);
    const alone = this.open === 'none' && !this.inTransaction;
    if (alone && !sent.transactional) return await this.plainly(sent, null);
    const failed = await this.measured(sent);
    if (!alone || this.open !== 'us') return failed;
    if (failed === null) return await this.end(sent);
    // a procedure that commits runs only outside of a transaction
    return ['2D000', '25001'].includes(sqlStateOf(failed.error)) ? await this.plainly(sent, null) : failed;
  }

  /** Runs a statement inside a transaction, and reads before and after it what the transaction did. */
  private async measured(sent: Sent): Promise<SentScript['failed']> {
    try {
      if (this.open === 'none') await this.timed(() => this.session.run('begin'));
      if (this.open === 'none') [this.open, this.last] = ['us', null];
      const { old } = this;
      const isMeasured = old !== null && !isFirst(sent);
      const before = isMeasured ? (this.last ?? (await readMoment(this.session, old))) : null;
      this.session.heard();
      const sql = withoutKept(sent, this.kept);
      await this.timed<unknown>(() => (sql === sent.sql ? this.session.run(sql) : this.session.runScript(sql)));
      const { notices } = this.session.heard();
      const after = isMeasured ? await readMoment(this.session, old) : null;
      this.last = after;
      this.ran.push({ sent, moments: before === null || after === null ? null : [before, after], notices });
      return null;
    } catch (error) {
      await this.rollback();
      return { sent, error };
    }
  }

  private async plainly(sent: Sent, control: ReturnType<typeof controlOf>): Promise<SentScript['failed']> {
    try {
      if (sent.kind === unparsed && this.inTransaction && this.open === 'none') {
        await this.timed(() => this.session.run('begin'));
        this.open = 'us';
      }
      if (sent.kind === unparsed) await this.timed(() => this.session.runScript(sent.sql));
      else await this.timed(() => this.session.run(sent.sql));
      this.ran.push({ sent, moments: null, notices: this.session.heard().notices });
      if (control !== null) [this.open, this.last] = [control === 'begins' ? 'script' : 'none', null];
      return null;
    } catch (error) {
      await this.rollback();
      return { sent, error };
    }
  }

  /** Ends the transaction that is open: deferred constraints are checked then. */
  async end(sent: Sent | undefined): Promise<SentScript['failed']> {
    if (this.open === 'none' || sent === undefined) return null;
    try {
      this.open = 'none';
      await this.timed(() => this.session.run('commit'));
      return null;
    } catch (error) {
      return { sent: { ...sent, kind: 'TransactionStmt' }, error };
    }
  }

  private async rollback(): Promise<void> {
    this.open = 'none';
    // without a transaction the server only warns
    await this.session.run('rollback').catch(() => undefined);
  }

  private async timed<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.milliseconds += performance.now() - began;
    }
  }
}
