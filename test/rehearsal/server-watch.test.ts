import { expect, it } from 'vitest';
import { fixed, id, sql } from '../../src/database/index.ts';
import { watchServer } from '../../src/rehearsal/tier/server-watch.io.ts';
import { newest, withDatabase, withSession } from '../database.io.ts';

it.each(newest)(
  'what others change all the time is not the doing of a release, and what it changes itself is: PostgreSQL %s',
  { timeout: 60_000 },
  (version) =>
    withDatabase(version, (theirs) =>
      withDatabase(version, (ours) =>
        withSession(theirs, (other) =>
          withSession(ours, (watcher) =>
            withSession(ours, async (session) => {
              const stop = new AbortController();
              const others = (async () => {
                for (let limit = 10; !stop.signal.aborted; limit = 10 + ((limit + 1) % 1000))
                  await other.query(
                    sql`alter database ${id(theirs.database)} connection limit ${fixed(String(limit))}`,
                  );
              })().catch((error: unknown) => error);
              const watch = await watchServer(session, { watcher, on: { server: 'shared' } });
              const found: string[] = [];
              for (let reading = 0; reading < 40; reading += 1) found.push(...(await watch.uncommitted()));
              await session.query(sql`begin`);
              await session.query(sql`create role only_here`);
              const own = await watch.uncommitted();
              await session.query(sql`rollback`);
              stop.abort();
              expect(await others).toBeUndefined();
              expect(found).toEqual([]);
              expect(own).toEqual(['role only_here did not exist before']);
            }),
          ),
        ),
      ),
    ),
);
