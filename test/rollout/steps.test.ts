import { describe, expect, it } from 'vitest';
import { type Session, sql } from '../../src/database/index.ts';
import { type SealedRelease } from '../../src/release/index.ts';
import { beginAttempt, enterTier, type TierCall } from '../../src/rollout/gate-calls.io.ts';
import { openExecutor } from '../../src/rollout/executor-session.io.ts';
import { type Numbered, runSteps } from '../../src/rollout/steps.io.ts';
import { type RolloutRun } from '../../src/rollout/index.ts';
import { newest } from '../database.io.ts';
import { files, type RolloutFixture, withRolloutFixture } from './fixture.io.ts';
import { run } from './standing.io.ts';

/** A first tier of so many statements; the rest of the release as ever. */
function withSteps(statements: readonly string[]): Readonly<Record<string, string>> {
  return { ...files, 'tiers/1-first/up.sql': statements.map((one) => `${one};\n`).join('') };
}

const told = (what: string): string => `insert into told values ('${what}')`;

async function toldOf({ session }: RolloutFixture): Promise<readonly string[]> {
  const rows = await session.query<{ what: string }>(sql`select what from public.told`);
  return rows.map(({ what }) => what);
}

/** Enters the first tier by hand, with a session that counts what was sent and is not answered, and rolls back. */
async function entered(
  ground: RolloutFixture,
  work: (of: {
    readonly session: Session;
    readonly entry: TierCall;
    readonly steps: readonly Numbered[];
    readonly most: () => number;
  }) => Promise<void>,
): Promise<void> {
  const { sealed, connection } = ground;
  const statement = await ground.submit();
  const session = await openExecutor(connection, sealed.release.settings, { applicationName: 'test', write: 'yes' });
  try {
    const cycle = { statement, direction: 'up' } as const;
    const entry = { ...cycle, tier: '1-first', epoch: await beginAttempt(session, cycle) };
    await session.query(sql`begin`);
    await enterTier(session, entry);
    let [open, most] = [0, 0];
    const counting: Session = {
      ...session,
      query: async (asked) => {
        open += 1;
        most = Math.max(most, open);
        try {
          return await session.query(asked);
        } finally {
          open -= 1;
        }
      },
    };
    await work({ session: counting, entry, steps: numbered(sealed), most: () => most });
    await session.query(sql`rollback`);
  } finally {
    await session.close();
  }
}

function numbered(sealed: SealedRelease): readonly Numbered[] {
  return (sealed.release.tiers[0]?.up ?? []).map((step, at) => ({ n: at + 1, step }));
}

describe.each(newest)('steps that are sent ahead on PostgreSQL %s', (version) => {
  it('run in order, each told when all before it are answered, and never more than 32 of them wait', () =>
    withRolloutFixture(
      version,
      (ground) =>
        entered(ground, async ({ session, entry, steps, most }) => {
          const begun: number[] = [];
          await runSteps(session, { entry, steps }, { signal: undefined, onBegin: ({ n }) => void begun.push(n) });
          expect(begun).toEqual(steps.map(({ n }) => n));
          expect(most()).toBe(32);
          const rows = await session.query<{ n: string }>(
            sql`select n::text as n from gate.steps_of(${entry.statement})`,
          );
          expect(rows.map(({ n }) => Number(n))).toEqual(begun);
        }),
      { files: withSteps(Array.from({ length: 100 }, (_, at) => told(`${at}`))) },
    ));

  it('wait for one another where they are long', () =>
    withRolloutFixture(
      version,
      (ground) =>
        entered(ground, async ({ session, entry, steps, most }) => {
          await runSteps(session, { entry, steps }, { signal: undefined, onBegin: () => undefined });
          expect(most()).toBe(1);
        }),
      { files: withSteps(['a', 'b', 'c'].map((letter) => told(letter.repeat(150_000)))) },
    ));

  it('name the one that failed, in its line, and nothing of them is left', () =>
    withRolloutFixture(
      version,
      async (ground) => {
        const began: number[] = [];
        const statement = await ground.submit();
        const onProgress: RolloutRun['onProgress'] = ({ at, step }) => {
          if (at === 'step' && step !== null) began.push(step);
        };
        await expect(run(ground, statement, 'up', { onProgress })).rejects.toMatchObject({
          problems: [
            {
              code: 'SQL_FAILED',
              problem: expect.stringMatching(/tier 1-first was not applied: .*division by zero/),
              place: { file: 'tiers/1-first/up.sql', line: 20 },
            },
          ],
        });
        expect(began.at(-1)).toBe(20);
        expect(await toldOf(ground)).toEqual([]);
      },
      {
        files: withSteps(
          Array.from({ length: 40 }, (_, at) => (at === 19 ? 'insert into base select 1 / 0' : told(`${at}`))),
        ),
      },
    ));

  it('stop at an interruption, also where a cancel came between two of them', () =>
    withRolloutFixture(
      version,
      (ground) =>
        entered(ground, async ({ session, entry, steps }) => {
          const stop = new AbortController();
          const begun: number[] = [];
          // nobody else cancels here: what is running when it is interrupted ends by itself, as if the cancel had come too early
          const onBegin = ({ n }: Numbered): void => {
            begun.push(n);
            if (n === 2) stop.abort();
          };
          const began = performance.now();
          await runSteps(session, { entry, steps }, { signal: stop.signal, onBegin });
          expect(begun).toEqual([1, 2]);
          // thirty of them would take nine seconds
          expect(performance.now() - began).toBeLessThan(6000);
          await expect(session.query(sql`select 1`)).rejects.toMatchObject({ code: '25P02' });
        }),
      { files: withSteps(Array.from({ length: 30 }, () => 'insert into told select pg_catalog.pg_sleep(0.3)::text')) },
    ));
});
