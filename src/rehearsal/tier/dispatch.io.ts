import { truncate } from '../../core/index.ts';
import { type Connection, id, openSession, type Session, sql } from '../../database/index.ts';
import { channelsIn, kept, type Notifications, payloadCharacters } from './dispatch.ts';
import { type ServerWatch, watchServer } from './server-watch.io.ts';

/** A second session on a clone, which listens on every channel that can be known beforehand. */
export interface Listener {
  readonly session: Session;
  readonly server: 'private' | 'shared';
}

/**
 * Begins to listen on every channel that the release or the functions of the database name: once for a clone, because it reads every
 * function. LISTEN takes no wildcard, so a channel that is put together is not heard; the server still counts the pages of its queue that a
 * NOTIFY touches.
 *
 * Source  PostgreSQL manual, "pg_stat_slru".
 */
export async function openListener(
  clone: { readonly connection: Connection; readonly server: Listener['server'] },
  texts: readonly string[],
): Promise<Listener> {
  const session = await openSession(clone.connection, { applicationName: 'oneroof listener' });
  try {
    const bodies = await session.query<{ text: string }>(sql`
      select p.prosrc as text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname <> 'pg_catalog' and p.prosrc ~* 'notify'`);
    const channels = channelsIn([...texts, ...bodies.map(({ text }) => text)]);
    if (channels.length > 0) await session.script(channels.map((channel) => sql`listen ${id(channel)}`));
    return {
      session,
      get server() {
        return clone.server;
      },
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** What is heard while a tier runs. */
export interface Listening {
  /** What the session has sent since: call it once, after the last COMMIT. */
  sent(): Promise<Notifications>;
  readonly server: ServerWatch;
}

/** Begins to count what a session sends. On a server of our own, whatever was sent was sent by the rehearsal. */
export async function listen(session: Session, listener: Listener): Promise<Listening> {
  const { session: watcher } = listener;
  await flush(session);
  const before = await touched(watcher);
  // what was sent before this tier came with an answer at the latest
  watcher.heard();
  return {
    server: await watchServer(session, { watcher, on: listener }),
    sent: async () => {
      await flush(session);
      // one round trip: what was committed is delivered before its answer
      const after = await touched(watcher);
      const heard = watcher.heard().notifications;
      const isCounted = before !== null && after !== null;
      const isNone = isCounted && before === after;
      return {
        sent:
          heard.length > 0 || (isCounted && !isNone && listener.server === 'private')
            ? 'some'
            : isNone
              ? 'none'
              : 'not measured',
        heard: heard
          .slice(0, kept)
          .map(({ channel, payload }) => ({ channel, payload: truncate(payload, payloadCharacters) })),
        heardCount: heard.length,
      };
    },
  };
}

/** A backend keeps its counts to itself for up to a second, unless it is told to hand them over. */
async function flush(session: Session): Promise<void> {
  if (session.serverVersion >= 150_000) await session.query(sql`select pg_catalog.pg_stat_force_next_flush()`);
}

/** How many pages of the queue of notifications were touched since the server's start; null where it cannot be told in time. */
async function touched(watcher: Session): Promise<bigint | null> {
  if (watcher.serverVersion < 150_000) return null;
  // listening and hearing touch pages too, so the watcher's own are handed over first
  await flush(watcher);
  const [row] = await watcher.query<{ pages: string }>(sql`
    select (s.blks_zeroed + s.blks_hit + s.blks_read)::text as pages from pg_catalog.pg_stat_slru s where pg_catalog.lower(s.name) = 'notify'`);
  return row === undefined ? null : BigInt(row.pages);
}
