import { createHash, randomBytes } from 'node:crypto';
import { type Connection, openPool, type Pool, sql } from '../../database/index.ts';
import { peopleSchema } from './people.sql.ts';
import { stateSchema } from './state.sql.ts';

/** What the server keeps in its database. Several servers may share one. */
export interface State {
  readonly pool: Pool;
  /** Lets a token open the door. */
  admit(token: string): Promise<void>;
  /** A cookie for somebody who has a token; null where the token opens nothing. */
  enter(token: string): Promise<string | null>;
  /** Whether a cookie, or a token itself, was let in and is not over. */
  knows(secret: string): Promise<boolean>;
  /** Opens a prompt; it is over after some minutes. */
  begin(purpose: string, body: object): Promise<string>;
  /** Takes a prompt, once: what it was begun with, or null. */
  take(purpose: string, id: string): Promise<object | null>;
  close(): Promise<void>;
}

/** How long a browser stays let in. */
const visit = '12 hours';
/** A person reads and touches a key within this time. */
const prompt = '10 minutes';
/** Any number that nobody else takes: two servers that start at once make the schema one after the other. */
const creation = 7_036_874_418;

/**
 * Opens the server's state, and makes its tables where they are not there.
 *
 * Errors  those of openSession; of its methods, what the database refuses.
 */
export async function openState(connection: Connection): Promise<State> {
  const pool = openPool(connection, { applicationName: 'oneroof serve', size: 8 });
  await pool.transaction(async (session) => {
    await session.query(sql`select pg_catalog.pg_advisory_xact_lock(${creation})`);
    for (const statement of [...stateSchema, ...peopleSchema]) await session.query(statement);
  });
  return {
    pool,
    admit: (token) =>
      pool.use(async (session) => {
        await session.query(
          sql`insert into oneroof_server.entrances (hash) values (${hash(token)}) on conflict do nothing`,
        );
      }),
    enter: (token) =>
      pool.use(async (session) => {
        const secret = randomBytes(24).toString('base64url');
        await session.query(sql`delete from oneroof_server.visitors where until < now()`);
        const rows = await session.query(
          sql`insert into oneroof_server.visitors (hash, until) select ${hash(secret)}, now() + ${visit}::interval
            where exists (select from oneroof_server.entrances where hash = ${hash(token)}) returning hash`,
        );
        return rows.length === 1 ? secret : null;
      }),
    knows: (secret) =>
      pool.use(async (session) => {
        const rows = await session.query(
          sql`select 1 as n from oneroof_server.visitors where hash = ${hash(secret)} and until > now()
            union all select 1 from oneroof_server.entrances where hash = ${hash(secret)}`,
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
    close: () => pool.close(),
  };
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
