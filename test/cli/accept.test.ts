import { expect, it } from 'vitest';
import { runSql, withDatabase } from '../database.io.ts';
import { release as small } from '../gate/cycle.io.ts';
import { withPlace } from '../runbooks/place.io.ts';

const release = { ...small, 'tiers/2-table/up.sql': 'create table n (i integer);\ngrant select on n to public;\n' };

it(
  'rolls back at night with an index that was built by hand on a released table, once people accept exactly that',
  {
    timeout: 400_000,
  },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database, release }, async ({ type }) => {
        await runSql(database, ['insert into readiness values (1)']);
        const rolled = await type('oneroof rollout release');
        expect(rolled, rolled.stderr).toMatchObject({ status: 0 });
        await runSql(database, ['create index by_hand on n (i)']);
        const closed = await type('oneroof rollback release');
        expect(closed.status).toBe(1);
        expect(closed.stdout).toContain('schema: index public.by_hand did not exist in rehearsal');
        expect((await type('oneroof runbook release')).stdout).toContain('ratify RELEASE --rollback --accept-drift');
        // nobody accepts what was not said
        const silent = await type('oneroof ratify release --rollback');
        expect(silent.stderr).toContain('index public.by_hand did not exist in rehearsal');
        expect(silent.stderr).toContain('[DRIFT_NOT_ACCEPTED]');
        expect((await type('oneroof ratify release --accept-drift')).stderr).toContain('[USAGE]');
        const accepted = await type('oneroof ratify release --rollback --accept-drift');
        expect(accepted.status, accepted.stderr).toBe(0);
        // a further change is none of those
        await runSql(database, ['create index another on n (i)']);
        const further = await type('oneroof rollback release');
        expect(further.status).toBe(1);
        expect(further.stdout).toContain('index public.another did not exist');
        expect(further.stdout).not.toContain('by_hand');
        await runSql(database, ['drop index another']);
        const back = await type('oneroof rollback release');
        expect(back.status, `${back.stdout}${back.stderr}`).toBe(0);
        const bundle = await type('oneroof bundle release --out evidence.json');
        expect(bundle.status, bundle.stderr).toBe(0);
        const verified = await type('oneroof verify-evidence evidence.json');
        expect(verified.status, `${verified.stdout}${verified.stderr}`).toBe(0);
      }),
    ),
);
