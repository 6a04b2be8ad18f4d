import { openSession, type Session } from '../../src/database/index.ts';
import { shared } from '../shared.ts';
import { type Gated, gatedIn } from './cycle.io.ts';

/**
 * The same gate with one session per role for all that is asked of it: a new session plans the digest of the schema again, which costs
 * more than all else that the gate does. What a session was in the middle of when it failed is rolled back.
 */
export async function withKept<T>(gated: Gated, use: (gated: Gated) => Promise<T>): Promise<T> {
  const sessions = new Map<string, Session>();
  const as: Gated['as'] = async (role, work) => {
    const session =
      sessions.get(role) ??
      (await openSession({ ...gated.database, user: role }, { applicationName: 'test', timeouts: "server's" }));
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

/** One gate with kept sessions for all tests of a group: for tests that leave it as they found it, and look that they did. */
export function sharedGate(make: (use: (gated: Gated) => Promise<void>) => Promise<void>): () => Gated {
  return shared((use) => make((gated) => withKept(gated, use)));
}
