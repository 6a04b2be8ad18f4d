import { describe, expect, it } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { runSql, versions, withSession } from '../database.io.ts';
import { type Gated, type GatedPlan, withGate } from './cycle.io.ts';
import { type Forgery, runHostile } from './hostile.io.ts';

/** What a session that wrote to no catalogue is spared must never be what an attack has changed. */
interface Attack {
  readonly name: string;
  readonly from: number;
  /** As a superuser, before. */
  readonly prepare?: readonly string[];
  readonly forgery: Forgery;
  /** Without this the attack succeeds. */
  readonly off: readonly [from: RegExp, to: string];
}

/** Its name is put together when it runs, so that it is none that the rehearsal knows. */
const make = `execute 'create function public.way' || '_in() returns integer language sql security definer as $f$ select 1 $f$'`;

const attacks: readonly Attack[] = [
  {
    name: 'a way in that a metric makes after the gate has looked',
    from: 14,
    forgery: {
      rehearsed: true,
      steps: [
        `create function public.counted() returns bigint language plpgsql as $c$ begin if to_regproc('public.way' || '_in') is null then ${make}; end if; return 3; end $c$`,
      ],
      metric: 'select public.counted()',
    },
    off: [/return \(select sum\(pg_stat_get_xact[^;]*;/, 'return 7;'],
  },
  {
    name: 'a way in that is made while the session does not count',
    from: 15,
    prepare: ['grant set on parameter track_counts to app_owner'],
    forgery: {
      steps: [`do $d$ begin set local track_counts = off; ${make}; set local track_counts = on; end $d$`],
    },
    off: [
      /if exists \(select from pg_parameter_acl q where q\.parname = 'track_counts'\) then return null; end if;/,
      '',
    ],
  },
];

const isThere = (gated: Gated): Promise<boolean> =>
  withSession(gated.database, async (session) => {
    const [row] = await session.query<{ found: string | null }>(sql`select to_regproc('public.way_in')::text as found`);
    return (row?.found ?? null) !== null;
  });

async function tried(
  version: string,
  { forgery, prepare = [] }: Attack,
  change?: GatedPlan['change'],
): Promise<unknown> {
  const plan: GatedPlan = change === undefined ? {} : { change };
  return await withGate(version as never, plan, async (gated) => {
    await runSql(gated.database, prepare);
    const outcome = await runHostile(gated, forgery).then(
      () => 'committed',
      (error: unknown) => (error as Error).message,
    );
    await runSql(
      gated.database,
      prepare.map((one) => one.replace('grant', 'revoke').replace(' to ', ' from ')),
    );
    return [outcome, await isThere(gated)];
  });
}

describe.each(versions)('ratified but hostile SQL on PostgreSQL %s', (version) => {
  const known = attacks.filter(({ from }) => from <= Number(version));

  it.each(known)('does not get $name', { timeout: 120_000 }, async (attack) => {
    const [outcome, found] = (await tried(version, attack)) as [string, boolean];
    expect(outcome).toMatch(/^gate: definer: /);
    expect(found).toBe(false);
  });

  it.each(known)('would get $name, if the gate trusted the count', { timeout: 120_000 }, async (attack) => {
    const change = (text: string): string => {
      const changed = text.replace(...attack.off);
      expect(changed).not.toBe(text);
      return changed;
    };
    expect(await tried(version, attack, change)).toEqual(['committed', true]);
  });
});
