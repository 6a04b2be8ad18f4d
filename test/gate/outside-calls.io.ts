import { type Session, sql } from '../../src/database/index.ts';
import { type OutsideGround } from '../rollout/outside.io.ts';

/** The calls that send one statement outside of a transaction, each by itself, as a thief of the executor's session makes them. */
export interface OutsideCalls {
  /** Enters the tier and commits the intention. Answers with the number of the attempt. */
  begin(text?: string): Promise<string>;
  /** Null: it was sent. Otherwise why there is no connection. */
  send(epoch: string, text?: string): Promise<string | null>;
  /** Until it no longer runs. */
  wait(epoch: string): Promise<void>;
  decide(epoch: string): Promise<string>;
  clear(epoch: string): Promise<void>;
  /** All of it. */
  run(): Promise<string>;
}

/** The calls of one session for the first step of the first tier. */
export function outsideCalls(
  ground: Pick<OutsideGround, 'gated' | 'statement'>,
  session: Session,
  direction: 'up' | 'down' = 'up',
): OutsideCalls {
  const { statement } = ground;
  const tier = ground.gated.sealed.release.tiers[0];
  const ratified = tier?.[direction]?.[0]?.sql ?? '';
  const one = async (call: ReturnType<typeof sql>): Promise<string | null> =>
    (await session.query<{ v: string | null }>(call))[0]?.v ?? null;
  const calls: OutsideCalls = {
    begin: async (text = ratified) => {
      const epoch = (await one(sql`select gate.begin_attempt(${statement}, ${direction})::text as v`)) ?? '0';
      await session.query(sql`begin`);
      try {
        await session.query(sql`select gate.enter_tier(${statement}, ${direction}, ${tier?.id}, ${epoch}::bigint)`);
        await session.query(sql`select gate.outside_begin(${statement}, ${direction}, ${tier?.id}, 1, ${text})`);
        await session.query(sql`commit`);
      } catch (error) {
        await session.query(sql`rollback`);
        throw error;
      }
      return epoch;
    },
    send: (epoch, text = ratified) => one(sql`select gate.outside_send(${statement}, ${epoch}::bigint, ${text}) as v`),
    wait: async (epoch) => {
      for (;;) {
        if ((await one(sql`select gate.outside_poll(${statement}, ${epoch}::bigint)::text as v`)) === 'false') return;
        await new Promise((resolve) => void setTimeout(resolve, 20));
      }
    },
    decide: async (epoch) => (await one(sql`select gate.outside_decide(${statement}, ${epoch}::bigint) as v`)) ?? '',
    clear: async (epoch) => {
      await session.query(sql`select gate.outside_clear(${statement}, ${epoch}::bigint)`);
    },
    run: async () => {
      const epoch = await calls.begin();
      const problem = await calls.send(epoch);
      if (problem !== null) throw new Error(problem);
      await calls.wait(epoch);
      return await calls.decide(epoch);
    },
  };
  return calls;
}
