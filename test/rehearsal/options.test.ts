import { expect, it } from 'vitest';
import { rehearsalText } from '../../src/cli/rehearsal-text.ts';
import { plain } from '../../src/cli/text/index.ts';
import { type Rehearsal, rehearse } from '../../src/rehearsal/index.ts';
import { serverConnection, versions } from '../database.io.ts';
import { stamping } from '../fingerprint/stamped.sql.ts';
import { type Place, withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';

const production = [
  'create table public.t (id bigint primary key, v text)',
  `insert into public.t select g, 'x' || g from generate_series(1, 20) g`,
];
const release = sealed([
  tier('1-a', {
    up: [
      'create table public.n (id bigint primary key, label text not null)',
      'create type public.pair as (x integer, y text)',
      'alter table public.t add column w integer',
      'alter table public.t alter column v type varchar(40)',
      'create view public.w as select id, v from public.t',
    ],
    down: [
      'drop view if exists public.w',
      'alter table public.t drop column if exists w',
      'alter table public.t alter column v type text',
      'drop type if exists public.pair',
      'drop table if exists public.n',
    ],
  }),
]);

async function rehearsed(version: (typeof versions)[number], before: readonly string[]): Promise<Rehearsal> {
  const place: Place = {
    connection: (database) => serverConnection(version, database),
    server: 'shared',
    network: 'host',
  };
  return await withHost(before, ({ host }) => rehearse({ release, host, owner: 'test' }), place);
}

const shown = (rehearsal: Rehearsal): string => rehearsalText(rehearsal, plain);

it.each(versions)(
  'on %s columns that are made and altered are rehearsed, whatever the server keeps with each of them',
  { timeout: 120_000 },
  async (version) => {
    const done = await rehearsed(version, production);
    expect(done.problems).toEqual([]);
    expect(done).toMatchObject({ outcome: 'passed', idempotent: null, repeatable: true, noticed: [] });
    expect(done.proof).toMatchObject({ logical: 'equal' });
    expect(shown(done)).not.toContain('noticed');
  },
);

it.each(versions)(
  'on %s a server that keeps what we do not know with each column stops no rehearsal, and is noticed',
  { timeout: 120_000 },
  async (version) => {
    const done = await rehearsed(version, [...stamping('pg_next'), ...production]);
    expect(done.problems).toEqual([]);
    expect(done).toMatchObject({ outcome: 'passed', idempotent: null, repeatable: true });
    // two columns that were there, and those of a table, a view and a column that the release makes
    expect(done.noticed).toEqual([{ kind: 'column', option: 'pg_next', count: '7', first: 'public.n.id' }]);
    expect(shown(done)).toContain(
      'column option pg_next, unknown to One Roof, is not compared: public.n.id and 6 more',
    );
  },
);

it('says of an option of the author that the back does not restore that it differs', { timeout: 120_000 }, async () => {
  const forgetful = sealed([
    tier('1-a', {
      up: ['alter table public.t alter column v set (n_distinct = 7)'],
      down: ['alter table public.t alter column v set (n_distinct = 8)'],
    }),
  ]);
  const done = await withHost(production, ({ host }) => rehearse({ release: forgetful, host, owner: 'test' }));
  expect(done.problems.map(({ code }) => code)).toEqual(['BACK_DIFFERS']);
  expect(done.problems[0]?.problem).toContain('public.t.v');
});
