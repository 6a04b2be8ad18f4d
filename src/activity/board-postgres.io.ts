import { type Connection, openPool, type Session, sql } from '../database/index.ts';
import { type ActivityBoard, judgeSilence, keptActivities, parseActivity } from './activity.ts';

/** Any number that no one else takes: two processes that create the schema at once come one after the other. */
const creation = 7_036_874_419;

/**
 * Keeps activities in a database, in the schema `oneroof_activity`, which is made at the first one.
 *
 * Errors  those of openSession, and what the database refuses.
 */
export function openPostgresBoard(connection: Connection): ActivityBoard {
  const pool = openPool(connection, { applicationName: 'oneroof activity', size: 1 });
  const began = new Set<string>();
  return {
    put: (activity) =>
      pool.use(async (session) => {
        if (!began.has(activity.id)) {
          await create(session);
          await session.query(sql`delete from oneroof_activity.activities where id not in (
            select id from oneroof_activity.activities order by told_at desc limit ${keptActivities - 1})`);
          began.add(activity.id);
        }
        await session.query(sql`
          insert into oneroof_activity.activities (id, body) values (${activity.id}, ${JSON.stringify(activity)}::jsonb)
          on conflict (id) do update set body = excluded.body, told_at = excluded.told_at`);
      }),
    all: () =>
      pool.use(async (session) => {
        if (!(await exists(session))) return [];
        const rows = await session.query<{ body: string; silent: string }>(sql`
          select body::text as body, (extract(epoch from clock_timestamp() - told_at) * 1000)::text as silent
          from oneroof_activity.activities order by body ->> 'startedAt' desc limit ${keptActivities}`);
        return rows.flatMap(({ body, silent }) => {
          const activity = parseActivity(JSON.parse(body));
          return activity === null ? [] : [judgeSilence(activity, Number(silent))];
        });
      }),
    close: () => pool.close(),
  };
}

async function create(session: Session): Promise<void> {
  if (await exists(session)) return;
  await session.run('begin');
  try {
    await session.query(sql`select pg_catalog.pg_advisory_xact_lock(${creation})`);
    if (!(await exists(session))) for (const statement of schema) await session.query(statement);
    await session.run('commit');
  } catch (error) {
    await session.run('rollback').catch(() => undefined);
    throw error;
  }
}

async function exists(session: Session): Promise<boolean> {
  const [row] = await session.query<{ found: string }>(
    sql`select exists (select from pg_catalog.pg_namespace where nspname = 'oneroof_activity')::text as found`,
  );
  return row?.found === 'true';
}

const schema = [
  sql`create schema oneroof_activity`,
  sql`comment on schema oneroof_activity is 'One Roof: which commands are at work; no evidence, and nothing that decides'`,
  sql`create table oneroof_activity.activities (
    id text primary key, body jsonb not null, told_at timestamptz not null default clock_timestamp())`,
  sql`comment on table oneroof_activity.activities is 'One row for each command; old rows go when a new one begins'`,
  sql`comment on column oneroof_activity.activities.id is 'Drawn by the command'`,
  sql`comment on column oneroof_activity.activities.body is 'Where it is, as JSON'`,
  sql`comment on column oneroof_activity.activities.told_at is 'By the clock of this database'`,
];
