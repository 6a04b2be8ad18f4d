import { truncate } from '../core/index.ts';
import { id, openSession, type Session, sql } from '../database/index.ts';
import { type ServerWatch, watchServer } from './server.io.ts';
import { channelsIn, kept, type Notifications, payloadCharacters } from './dispatch.ts';

/** Listens while a tier runs. */
export interface Listening {
  /** What the session has sent since: call it once, after the last COMMIT. */
  sent(): Promise<Notifications>;
  readonly server: ServerWatch;
  close(): Promise<void>;
}

/** Where a count of notifications can be believed: on a server of our own, whatever was sent was sent by the rehearsal. */
export interface ListenPlan {
  readonly server: 'private' | 'shared';
  readonly channels: readonly string[];
}

/** Names the channels that texts or the functions of the database name. It reads every function, so it is asked once a rehearsal. */
export async function readChannels(session: Session, texts: readonly string[]): Promise<readonly string[]> {
  const bodies = await session.query<{ text: string }>(sql`
    select p.prosrc as text from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname <> 'pg_catalog' and p.prosrc ~* 'notify'`);
  return channelsIn([...texts, ...bodies.map(({ text }) => text)]);
}

/**
 * Begins to listen, by a second session, on every channel that can be known beforehand. LISTEN takes no wildcard, so a channel that is put
 * together is not heard; the server still counts the pages of its queue that a NOTIFY touches.
 *
 * Source  PostgreSQL manual, "pg_stat_slru".
 */
export async function listen(session: Session, plan: ListenPlan): Promise<Listening> {
  const watcher = await openSession(session.connection, { applicationName: 'oneroof listener' });
  try {
    if (plan.channels.length > 0) await watcher.script(plan.channels.map((channel) => sql`listen ${id(channel)}`));
    await flush(session);
    const before = await touched(watcher);
    return {
      server: await watchServer(session, { watcher, server: plan.server }),
      sent: async () => {
        await flush(session);
        // one round trip: what was committed is delivered before its answer
        const after = await touched(watcher);
        const heard = watcher.heard().notifications;
        const isCounted = before !== null && after !== null;
        const isNone = isCounted && before === after;
        return {
          sent:
            heard.length > 0 || (isCounted && !isNone && plan.server === 'private')
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
      close: () => watcher.close(),
    };
  } catch (error) {
    await watcher.close();
    throw error;
  }
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
