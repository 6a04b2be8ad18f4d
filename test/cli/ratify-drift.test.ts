import { expect, it } from 'vitest';
import { type Connection, sql } from '../../src/database/index.ts';
import { ofKind } from '../../src/evidence/index.ts';
import { replacing } from '../gate/purpose.io.ts';
import { runSql, withDatabase, withSession } from '../database.io.ts';
import { withPlace } from '../runbooks/place.io.ts';
import { signOn } from '../signing/desk.io.ts';

/** Ratifications that the target has, with those of which only one person has signed. */
const ratifications = (database: Connection): Promise<number> =>
  withSession(database, async (session) => {
    const [row] = await session.query<{ n: string }>(
      sql`select count(*)::text as n from gate.statements where kind = 'ratification'`,
    );
    return Number(row?.n);
  });

it(
  'refuses to ask for a rollout where what it depends on has changed since the rehearsal, and nothing else',
  { timeout: 400_000 },
  () =>
    withDatabase('18', (database) =>
      withPlace('18', { database }, async ({ type, gated, store }) => {
        const { ana, ben } = gated.people;
        const admin = (...texts: readonly string[]): Promise<unknown> => runSql(database, texts);
        const asked = async (): Promise<number> => ofKind(await store.of(gated.sealed.seal), 'proposal').length;
        const before = [await asked(), await ratifications(database)];
        await admin('insert into public.readiness values (1)');

        // an index on its table: nothing is recorded, and nobody is asked
        await admin('create index stray on public.t (i)');
        const refused = await type('oneroof ratify release');
        expect(refused.status, refused.stderr).toBe(3);
        expect(refused.stderr).toMatch(
          /error: the schema of production is not the rehearsed one: index public\.stray did not exist in rehearsal .*\[SCHEMA_DRIFTED\]/,
        );
        expect(refused.stderr).toMatch(/hint: .*oneroof rehearse RELEASE --golden, then oneroof ratify RELEASE/);
        expect(refused.stderr).not.toContain('open http');
        expect([await asked(), await ratifications(database)]).toEqual(before);
        // what it would have led to
        const held = await type('oneroof rollout release --dry-run');
        expect([held.status, held.stdout]).toEqual([1, expect.stringContaining('index public.stray did not exist')]);

        // the fix works: a rehearsal on a copy as it is now is what people sign, and it runs
        const again = await type('oneroof rehearse release --golden');
        expect(again.status, again.stderr).toBe(0);
        const ratified = await type('oneroof ratify release');
        expect(ratified.status, ratified.stderr).toBe(0);

        // a table of others closes nothing
        await admin('create table public.elsewhere (i integer)', 'create index on public.elsewhere (i)');
        const beside = await type('oneroof ratify release');
        expect(beside.status, beside.stderr).toBe(0);

        // while the page is open: the second person is not asked for a key
        const late = await type('oneroof ratify release', async (shown) => {
          expect(await signOn(shown.said, gated, ana)).toMatchObject({ ok: true });
          await admin('create index late on public.t (i)');
          expect(await signOn(shown.said, gated, ben)).toMatchObject({
            ok: false,
            code: 'schema',
            text: expect.stringContaining('index public.late did not exist in rehearsal') as string,
          });
          await admin('drop index public.late');
          expect(await signOn(shown.said, gated, ben)).toMatchObject({ ok: true });
        });
        expect(late.status, late.stderr).toBe(0);

        // what is rolled out has its own changes, and is compared by the gate with what it left
        const rolled = await type('oneroof rollout release');
        expect(rolled.status, `${rolled.stdout}${rolled.stderr}`).toBe(0);
        const next = await type('oneroof ratify release');
        expect(next.stderr).not.toContain('[SCHEMA_DRIFTED]');
        // a rollback has a way of its own
        await admin('create index night on public.t (i)');
        expect((await type('oneroof ratify release --rollback')).stderr).toContain('[DRIFT_NOT_ACCEPTED]');
        const accepted = await type('oneroof ratify release --rollback --accept-drift');
        expect(accepted.status, accepted.stderr).toBe(0);
      }),
    ),
);

it('follows a policy that lets nothing of the schema change', { timeout: 400_000 }, () =>
  withDatabase('18', (database) =>
    withPlace('18', { database, policy: { drift: 'none' } }, async ({ type }) => {
      await runSql(database, ['create table public.elsewhere (i integer)']);
      const refused = await type('oneroof ratify release');
      expect(refused.status, refused.stderr).toBe(3);
      expect(refused.stderr).toMatch(/does not depend on has changed.*\(drift: none\) \[SCHEMA_DRIFTED\]/);
      await runSql(database, ['drop table public.elsewhere']);
      const ratified = await type('oneroof ratify release');
      expect(ratified.status, ratified.stderr).toBe(0);
    }),
  ),
);

it('is kept by its comparison alone: without it people sign what is refused', { timeout: 400_000 }, () => {
  const compared = "(gate.look(footprint -> 'anchors')).objects) d where";
  const change = replacing([compared, `${compared} false and`]);
  return withDatabase('18', (database) =>
    withPlace('18', { database, change }, async ({ type }) => {
      await runSql(database, ['insert into public.readiness values (1)', 'create index stray on public.t (i)']);
      const ratified = await type('oneroof ratify release');
      expect(ratified.status, ratified.stderr).toBe(0);
      const held = await type('oneroof rollout release');
      expect([held.status, held.stdout]).toEqual([1, expect.stringContaining('index public.stray did not exist')]);
    }),
  );
});
