import {
  type Connection,
  literal,
  noTimeouts,
  openSession,
  pinnedSettings,
  searchPathOf,
  type Session,
  setAll,
  type Sql,
  sql,
  stepName,
} from '../../database/index.ts';
import { onAbort } from '../../core/index.ts';
import { ownSettings, type ReleaseSettings } from '../../release/index.ts';
import { gone, rehearsalInterrupted } from './refused-statement.ts';

/** What a session of a release began with. */
interface Begun {
  readonly settings: Readonly<Record<string, string>>;
  /** Null: the administrator of the clone. */
  readonly role: string | null;
}

const begun = new WeakMap<Session, Begun>();

/** Opens a session with the release's settings, as its role; the rehearsal may be interrupted through the signal. */
export async function withReleaseSession<T>(
  connection: Connection,
  options: {
    readonly settings: ReleaseSettings;
    readonly signal: AbortSignal | undefined;
    /** Settings of the server that change plans, never results. */
    readonly plans?: Readonly<Record<string, string>>;
  },
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const { settings, signal } = options;
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw rehearsalInterrupted();
  let session: Session | null = null;
  let cancelled: Promise<unknown> = Promise.resolve();
  let stopListening = (): void => undefined;
  const cancel = (): void => {
    // a cancel that fails leaves the statement to its own time-out; the interruption is reported either way
    cancelled = session?.cancel().catch((cause: unknown) => cause) ?? cancelled;
  };
  try {
    const own = {
      ...ownSettings(settings),
      lock_timeout: String(settings.lockTimeout),
      statement_timeout: String(settings.statementTimeout),
      // as in the gate: without its name PostgreSQL searches it first, and a temporary table would hide what a rollout changes
      search_path: searchPathOf([...settings.searchPath, 'pg_temp']),
      ...options.plans,
    };
    // the name that the gate shows while steps run: SQL can read it
    session = await openSession(connection, { applicationName: stepName, settings: own });
    await begin(session, { ...pinnedSettings, ...noTimeouts, ...own }, settings.role);
    stopListening = onAbort(signal, cancel);
    if (isAborted()) throw rehearsalInterrupted();
    const done = await use(session);
    if (isAborted()) throw rehearsalInterrupted();
    return done;
  } catch (error) {
    if (isAborted()) throw rehearsalInterrupted();
    throw gone(error) ?? error;
  } finally {
    stopListening();
    await cancelled;
    await session?.close();
  }
}

async function begin(session: Session, settings: Begun['settings'], role: string | null): Promise<void> {
  // lets the server count calls of functions, which only a superuser may ask for; it changes no result
  const [counts] = await session.query<{ all: string | null }>(sql`
    select pg_catalog.set_config('track_functions', 'all', false) as all where pg_catalog.current_setting('is_superuser') = 'on'`);
  begun.set(session, { settings: { ...settings, ...(counts === undefined ? {} : { track_functions: 'all' }) }, role });
  if (role !== null) await session.query(become(role));
}

function become(role: string): Sql {
  return sql`select pg_catalog.set_config('role', ${literal(role)}, false)`;
}

/** Takes back what a step has set, a function of the application perhaps: the gate does so before each step, and before its checks. */
export function reset(session: Session): readonly Sql[] {
  const began = begun.get(session);
  if (began === undefined) return [];
  // some of them only the administrator may set, so its role comes first
  const all = [sql`reset all`, setAll({ role: 'none', ...began.settings })];
  return began.role === null ? all : [...all, become(began.role)];
}

/** The role that a session of a release runs its statements as; null: the administrator of the clone. */
export function roleOf(session: Session): string | null {
  return begun.get(session)?.role ?? null;
}

/** Reads as the administrator of the clone, within the transaction that is open. */
export async function asAdministrator<T>(session: Session, read: () => Promise<T>): Promise<T> {
  const role = roleOf(session);
  if (role === null) return await read();
  await session.query(become('none'));
  const found = await read();
  await session.query(become(role));
  return found;
}
