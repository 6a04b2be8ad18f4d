import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { rehearse } from '../../src/rehearsal/index.ts';
import { readTimezone } from '../../src/release/release-settings.ts';
import { versions, withSession } from '../database.io.ts';
import { withGate } from '../gate/cycle.io.ts';
import { withHost } from './host.io.ts';
import { sealed, tier } from './made.ts';
import { withPlace } from './place.io.ts';

const time = { timeout: 120_000 };

/** A release whose values depend on the time zone of the session. */
const files = (zone: string): Readonly<Record<string, string>> => ({
  'release.yaml': `format: 1
name: noon
title: Noon
database: shop
touches: [public.t]
settings: { timezone: "${zone}" }
metrics: { noon: whether noon is at ten }
invariants: { always: { noon: 1 } }
tiers:
  - { id: 1-noon, title: Noon }
`,
  'tiers/1-noon/up.sql': `insert into public.t select extract(epoch from timestamptz '2026-06-01 12:00')::integer;\n`,
  'tiers/1-noon/down.sql': `delete from public.t where i = extract(epoch from timestamptz '2026-06-01 12:00')::integer;\n`,
  'tiers/1-noon/check.sql': `select 1 where not exists (select from public.t where i = extract(epoch from timestamptz '2026-06-01 10:00Z')::integer);\n`,
  'metrics/noon.sql': `select count(*) from (select timestamptz '2026-06-01 12:00' = '2026-06-01 10:00Z') n(yes) where n.yes\n`,
});

describe.each(versions)('settings.timezone on %s', (version) => {
  it.each(['Europe/Berlin', '+02:00'])('is the one of rehearsal, metrics, checks and rollout: %s', time, (zone) =>
    withGate(version, { files: files(zone) }, (gated) =>
      withPlace(gated, async (run) => {
        const rehearsed = run('rehearse', 'release', '--golden');
        expect(rehearsed.status, rehearsed.stdout).toBe(0);
        const verified = run('verify', 'release');
        expect(verified.status, verified.stdout + verified.stderr).toBe(0);
        const statement = await gated.ratify(await gated.ratification(), [gated.people.ana, gated.people.ben]);
        const rolled = run('rollout', 'release', '--statement', statement);
        expect(rolled.status, rolled.stdout + rolled.stderr).toBe(0);
        await withSession(gated.database, async (session) => {
          const noon = await session.query(
            sql`select to_char(to_timestamp(i) at time zone 'UTC', 'HH24:MI') as at from public.t where i > 1`,
          );
          expect(noon).toEqual([{ at: '10:00' }]);
        });
      }),
    ),
  );
});

describe('settings.timezone', () => {
  it('without it the release means another moment', time, async () => {
    const noon = tier('1-noon', {
      up: [`do $$ begin assert timestamptz '2026-06-01 12:00' = '2026-06-01 10:00Z'; end $$`],
      down: [],
    });
    const outcomes = async (timezone?: string): Promise<readonly string[]> =>
      await withHost([], async ({ host }) => {
        const release = sealed([noon]);
        const settings = { ...release.release.settings, ...(timezone === undefined ? {} : { timezone }) };
        const rehearsal = await rehearse({
          release: { ...release, release: { ...release.release, settings } },
          host,
          owner: 'test',
        });
        return rehearsal.problems.map(({ code }) => code);
      });
    expect(await outcomes('Europe/Berlin')).toEqual([]);
    expect(await outcomes()).toContain('SQL_FAILED');
    // a server takes this for an abbreviation with an offset
    expect(await outcomes('SystemV/PST8')).toEqual(['TIMEZONE_UNKNOWN']);
  });

  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['UTC', 'UTC'],
    ['+05:30', '<+05:30>-05:30'],
    ['-03:00', '<-03:00>+03:00'],
    ['PST', null],
    ['Mars/Phobos', null],
    ['+25:00', null],
    ['2', null],
    ["UTC'; drop table t", null],
  ])('reads %s as %s', (text, zone) => {
    expect(readTimezone(text)).toBe(zone);
  });
});
