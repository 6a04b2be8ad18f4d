import { createHash, randomBytes } from 'node:crypto';
import { OneRoofError, stated } from '../../core/index.ts';
import { type Connection, openPool, type Pool, type Session, sql } from '../../database/index.ts';
import { stateVersions, versionSchema } from './state.sql.ts';

/** What the server keeps in its database. Several servers may share one. */
export interface State {
  readonly pool: Pool;
  /** Lets a token open the door, for a day. */
  admit(token: string): Promise<void>;
  /** Puts the end of an entrance off by a day; one that was taken away stays away. */
  renew(token: string): Promise<void>;
  /** Takes away every entrance and shows every visitor out, on all servers that share this state. */
  shut(): Promise<void>;
  /** A cookie for someone who has a token; null where the token opens nothing. */
  enter(token: string): Promise<string | null>;
  /** Whether a cookie, or a token itself, is valid and has not expired. */
  knows(secret: string): Promise<boolean>;
  /** Opens a prompt; it is over after some minutes. */
  begin(purpose: string, body: object): Promise<string>;
  /** Takes a prompt, once, and returns what it was begun with, or null. */
  take(purpose: string, id: string): Promise<object | null>;
  /** Does work that no other server does at the same time; null: one does. */
  alone<T>(what: string, work: () => Promise<T>): Promise<T | null>;
  close(): Promise<void>;
}

/** How long a token is valid after the last server that has it extended it. */
const entrance = '1 day';
/** How long a browser stays signed in. */
const visit = '12 hours';
/** A person reads and touches a key within this time. */
const prompt = '10 minutes';
/** Work that is done alone holds a session for as long as it takes; the others stay for pages. */
const mostHeld = 3;
/** Any number that no one else takes: two servers that start at once make the schema one after the other. */
const creation = 7_036_874_418;

/**
 * Opens the server's state, makes its tables where they are not there, and brings older ones to this version; `say` is told of that.
 *
 * Errors  STATE_NEWER; those of openSession; of its methods, what the database refuses.
 */
export async function openState(connection: Connection, say: (line: string) => void = () => undefined): Promise<State> {
  const pool = openPool(connection, { applicationName: 'oneroof serve', size: 8 });
  try {
    await pool.transaction((session) => bringUp(session, say));
  } catch (error) {
    await pool.close();
    throw error;
  }
  let held = 0;
  return {
    pool,
    admit: (token) =>
      pool.use(async (session) => {
        await session.query(
          sql`insert into oneroof_server.entrances (hash, until) values (${hash(token)}, now() + ${entrance}::interval)
            on conflict (hash) do update set until = excluded.until`,
        );
      }),
    renew: (token) =>
      pool.use(async (session) => {
        await session.query(
          sql`update oneroof_server.entrances set until = now() + ${entrance}::interval where hash = ${hash(token)} and until > now()`,
        );
        await session.query(sql`delete from oneroof_server.entrances where until < now()`);
      }),
    shut: () =>
      pool.transaction(async (session) => {
        await session.query(sql`delete from oneroof_server.entrances`);
        await session.query(sql`delete from oneroof_server.visitors`);
      }),
    enter: (token) =>
      pool.use(async (session) => {
        const secret = randomBytes(24).toString('base64url');
        await session.query(sql`delete from oneroof_server.visitors where until < now()`);
        const rows = await session.query(
          sql`insert into oneroof_server.visitors (hash, until) select ${hash(secret)}, now() + ${visit}::interval
            where exists (select from oneroof_server.entrances where hash = ${hash(token)} and until > now()) returning hash`,
        );
        return rows.length === 1 ? secret : null;
      }),
    knows: (secret) =>
      pool.use(async (session) => {
        const rows = await session.query(
          sql`select 1 as n from oneroof_server.visitors where hash = ${hash(secret)} and until > now()
            union all select 1 from oneroof_server.entrances where hash = ${hash(secret)} and until > now()`,
        );
        return rows.length > 0;
      }),
    begin: (purpose, body) =>
      pool.use(async (session) => {
        const id = randomBytes(16).toString('hex');
        await session.query(sql`delete from oneroof_server.ceremonies where until < now()`);
        await session.query(
          sql`insert into oneroof_server.ceremonies (id, purpose, body, until)
            values (${id}, ${purpose}, ${JSON.stringify(body)}::jsonb, now() + ${prompt}::interval)`,
        );
        return id;
      }),
    take: (purpose, id) =>
      pool.use(async (session) => {
        const [row] = await session.query<{ body: string }>(
          sql`delete from oneroof_server.ceremonies where id = ${id} and purpose = ${purpose} and until > now() returning body::text as body`,
        );
        return row === undefined ? null : (JSON.parse(row.body) as object);
      }),
    alone: async (what, work) => {
      if (held >= mostHeld) return null;
      held += 1;
      try {
        return await pool.transaction(async (session) => {
          const [row] = await session.query<{ mine: string }>(
            sql`select pg_try_advisory_xact_lock(hashtextextended(${what}, ${creation}))::text as mine`,
          );
          return row?.mine === 'true' ? await work() : null;
        });
      } finally {
        held -= 1;
      }
    },
    close: () => pool.close(),
  };
}

/** One after the other, where several servers start at once. */
async function bringUp(session: Session, say: (line: string) => void): Promise<void> {
  await session.query(sql`select pg_catalog.pg_advisory_xact_lock(${creation})`);
  const [before] = await session.query<{ there: string | null }>(
    sql`select to_regclass('oneroof_server.entrances')::text as there`,
  );
  for (const statement of versionSchema) await session.query(statement);
  const [row] = await session.query<{ version: string }>(
    sql`select version::text as version from oneroof_server.version`,
  );
  const found = Number(row?.version ?? 0);
  const newest = stateVersions.length;
  if (found > newest)
    throw new OneRoofError('STATE_NEWER', {
      ...stated`the state of the server has version ${{ version: found }}, and this program knows ${{ known: newest }}`,
      fix: 'serve with the newer version of One Roof that made it, or give this one a state of its own',
    });
  if (found === newest) return;
  for (const statements of stateVersions.slice(found))
    for (const statement of statements) await session.query(statement);
  await session.query(
    sql`insert into oneroof_server.version (one, version) values (true, ${newest}) on conflict (one) do update set version = excluded.version`,
  );
  if (before?.there !== null) say(`the state of the server was brought from version ${found} to version ${newest}`);
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
