import { afterAll, beforeAll } from 'vitest';
import { openSession, type Session } from '../../src/database/index.ts';
import { type Gated, gatedIn } from './cycle.io.ts';

/**
 * The same gate with one session per role for all that is asked of it: a new session plans the digest of the schema again, which costs
 * more than all else that the gate does. What a session was in the middle of when it failed is rolled back.
 */
export async function withKept<T>(gated: Gated, use: (gated: Gated) => Promise<T>): Promise<T> {
  const sessions = new Map<string, Session>();
  const as: Gated['as'] = async (role, work) => {
    const session =
      sessions.get(role) ?? (await openSession({ ...gated.database, user: role }, { applicationName: 'test' }));
    sessions.set(role, session);
    try {
      return await work(session);
    } catch (error) {
      await session.run('rollback');
      throw error;
    }
  };
  try {
    return await use(gatedIn(gated, as));
  } finally {
    for (const session of sessions.values()) await session.close();
  }
}

/** One gate with kept sessions for all tests of a `describe`: for tests that leave it as they found it, and look that they did. */
export function sharedGate(make: (use: (gated: Gated) => Promise<void>) => Promise<void>): () => Gated {
  let found: Gated | null = null;
  let ended: Promise<void> = Promise.resolve();
  let end = (): void => undefined;
  beforeAll(async () => {
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    await new Promise<void>((resolve, reject) => {
      const hold = (gated: Gated): Promise<void> => {
        found = gated;
        resolve();
        return over;
      };
      ended = make((gated) => withKept(gated, hold));
      ended.catch(reject);
    });
  });
  afterAll(async () => {
    end();
    await ended;
  });
  return () => {
    if (found === null) throw new Error('the gate is made before the tests');
    return found;
  };
}
