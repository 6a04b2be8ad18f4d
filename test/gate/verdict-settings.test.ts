import { expect, it } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { runSql, versions } from '../database.io.ts';
import { withPlace } from '../rehearsal/place.io.ts';
import { type Gated, release, withGate } from './cycle.io.ts';
import { ratifyFor, replacing } from './purpose.io.ts';

/** A release whose gate is open only under its own settings. With a row 7 in readiness its metric fails, after it was given them. */
const files = {
  ...release,
  'release.yaml': release['release.yaml']!.replace(
    'touches:',
    'settings: { timezone: Europe/Berlin, custom: { app.mode: blue, app.depth: "3" } }\ntouches:',
  ),
  'metrics/ready.sql': `select count(*) + 0 / (7 - coalesce((select max(i) from readiness), 0)) from readiness
where current_setting('app.mode', true) = 'blue' and current_setting('app.depth', true) = '3'
  and current_setting('TimeZone') = 'Europe/Berlin'\n`,
};

/** Taken out, a measure gets what the session of the one who looks brings. */
const given = 'perform set_config(key, value, true) from jsonb_each_text(custom);';
/** Taken out, what is measured next gets what was given before. */
const putBack = 'perform set_config(key, value, true) from jsonb_each_text(before);';

interface Seen {
  readonly closed: readonly { readonly tier: string | null; readonly why: string }[];
}

const names = ['app.mode', 'app.depth', 'TimeZone'];
const settingsOf = async (session: Session): Promise<readonly (string | null)[]> => {
  const [row] = await session.query<{ all: string }>(
    sql`select pg_catalog.jsonb_agg(pg_catalog.current_setting(n, true) order by o)::text as all from unnest(${names}::text[]) with ordinality u(n, o)`,
  );
  return JSON.parse(row?.all ?? '[]') as readonly (string | null)[];
};

/** What the gate says to an observer whose session brings settings of its own, and which of them it has afterwards. */
async function look(gated: Gated, statement: string) {
  return await gated.as('oneroof_observer', async (session) => {
    await session.run("set app.mode = 'red'");
    await session.run("set timezone = 'Asia/Tokyo'");
    await session.run('begin isolation level repeatable read read only');
    const [row] = await session.query<{ said: string }>(sql`select gate.verdict(${statement}, 'up')::text as said`);
    const within = await settingsOf(session);
    await session.run('commit');
    const { closed } = JSON.parse(row?.said ?? '{}') as Seen;
    return { closed: closed.map(({ why }) => why), within, after: await settingsOf(session) };
  });
}

/** What the verdict of a runbook says, whose session brings no settings of the release. */
function reasonsOf(stdout: string): readonly string[] {
  const { runbooks } = JSON.parse(stdout) as {
    readonly runbooks: readonly {
      readonly standing: { readonly verdict: { readonly reasons: readonly { text: string }[] } };
    }[];
  };
  return runbooks.flatMap(({ standing }) => standing.verdict.reasons.map(({ text }) => text));
}

/** In one transaction a setting that was not there is empty; a setting of one's own making cannot be taken away again. */
const asBefore = { within: ['red', '', 'Asia/Tokyo'], after: ['red', '', 'Asia/Tokyo'] };

it.each(versions)(
  'measures under the settings of the release, and puts back what the session had, on PostgreSQL %s',
  { timeout: 240_000 },
  (version) =>
    withGate(version, { files }, (gated) =>
      withPlace(gated, async (run) => {
        await runSql(gated.database, ['insert into public.readiness values (1)']);
        const statement = await ratifyFor(gated, { what: 'rollout' });
        expect(await look(gated, statement)).toEqual({ closed: [], ...asBefore });
        // also where the metric fails in the midst
        await runSql(gated.database, ['insert into public.readiness values (7)']);
        expect(await look(gated, statement)).toEqual({
          closed: ['data-gate: ready could not be measured (SQLSTATE 22012)'],
          ...asBefore,
        });
        await runSql(gated.database, ['delete from public.readiness where i = 7']);
        // the tier finds what the look found
        const open = run('gate', 'release');
        expect(open.status, open.stdout + open.stderr).toBe(0);
        expect(reasonsOf(run('runbook', 'release', '--json').stdout)).toEqual([]);
        const rolled = run('rollout', 'release', '--statement', statement);
        expect(rolled.status, rolled.stdout + rolled.stderr).toBe(0);
      }),
    ),
);

it('finds another figure without them: the control', { timeout: 240_000 }, () =>
  withGate('18', { files, change: replacing([given, '']) }, (gated) =>
    withPlace(gated, async (run) => {
      await runSql(gated.database, ['insert into public.readiness values (1)']);
      const statement = await ratifyFor(gated, { what: 'rollout' });
      expect((await look(gated, statement)).closed).toEqual(['data-gate: ready = 0, needs >= 1']);
      expect(reasonsOf(run('runbook', 'release', '--json').stdout)).toEqual(['data-gate: ready = 0, needs >= 1']);
    }),
  ),
);

it('leaves them to the next release where nothing puts them back: the control', { timeout: 240_000 }, () =>
  withGate('18', { files, change: replacing([putBack, '']) }, async (gated) => {
    await runSql(gated.database, ['insert into public.readiness values (1)']);
    const statement = await ratifyFor(gated, { what: 'rollout' });
    expect((await look(gated, statement)).within).toEqual(['blue', '3', 'Asia/Tokyo']);
  }),
);
