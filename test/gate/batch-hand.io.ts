import { openSession, type Session, sql } from '../../src/database/index.ts';
import { refusalOf } from '../../src/gate/index.ts';
import { type Version } from '../binaries.io.ts';
import { withBackfill } from '../rollout/batches.io.ts';
import { type RolloutFixture } from '../rollout/fixture.io.ts';
import { run } from '../rollout/standing.io.ts';

const tier = '2-fill';

/** What the thief of the executor's credential does by hand: the calls of the gate, each in the transaction that is open. */
export interface Hand {
  readonly ground: RolloutFixture;
  readonly session: Session;
  readonly texts: readonly string[];
  readonly statement: string;
  /** Begins, and enters the tier. */
  begin(): Promise<void>;
  batch(n: number, text?: string): Promise<{ readonly batches: number; readonly done: boolean }>;
  step(n: number, text?: string): Promise<unknown>;
  leave(): Promise<unknown>;
  end(how: 'commit' | 'rollback'): Promise<unknown>;
  /** How many rows were touched, and how often one was at most. */
  touched(): Promise<readonly [rows: number, most: number]>;
}

/** Makes a gated database, rolls out the first tier of its backfill, and hands over what the executor can do with the second one. */
export function handOnBatches(
  version: Version,
  plan: Parameters<typeof withBackfill>[2],
  work: (hand: Hand) => Promise<void>,
): Promise<void> {
  return withBackfill(
    version,
    async (ground) => {
      const statement = await ground.submit();
      const [first] = ground.sealed.release.tiers;
      await run(ground, statement, 'up', { through: first?.id ?? null });
      const texts = ground.sealed.release.tiers[1]?.up.map((step) => step.sql) ?? [];
      const session = await openSession(ground.connection, { applicationName: 'test', timeouts: "server's" });
      try {
        const [attempt] = await session.query<{ epoch: string }>(
          sql`select gate.begin_attempt(${statement}, 'up')::text as epoch`,
        );
        const epoch = attempt?.epoch ?? '0';
        await work({
          ground,
          session,
          texts,
          statement,
          begin: async () => {
            await session.run('begin');
            await session.query(sql`select gate.enter_tier(${statement}, 'up', ${tier}, ${epoch}::bigint)`);
          },
          batch: async (n, text = texts[n - 1] ?? '') => {
            const [row] = await session.query<{ done: string }>(
              sql`select gate.run_batch(${statement}, 'up', ${tier}, ${n}::integer, ${text})::text as done`,
            );
            return JSON.parse(row?.done ?? '{}') as { batches: number; done: boolean };
          },
          step: (n, text = texts[n - 1] ?? '') =>
            session.query(sql`select gate.run_step(${statement}, 'up', ${tier}, ${n}::integer, ${text})`),
          leave: () => session.query(sql`select gate.leave_tier(${statement}, 'up', ${tier}, ${epoch}::bigint)`),
          end: (how) => session.run(how),
          touched: async () => {
            const [row] = await ground.session.query<{ rows: string; most: string }>(
              sql`select count(*) filter (where touched > 0)::text as rows, max(touched)::text as most from public.orders`,
            );
            return [Number(row?.rows), Number(row?.most)];
          },
        });
      } finally {
        await session.close();
      }
    },
    plan,
  );
}

/** The code of the gate's refusal, or what the server says; the transaction has ended then. */
export async function refusalIn({ end }: Hand, work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  await end('rollback');
  const known = error === null ? null : refusalOf(error);
  return known?.code ?? (error instanceof Error ? error.message : 'let through');
}
