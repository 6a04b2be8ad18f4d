import { type Connection } from './connection.ts';
import { openSession, type Session } from './session.io.ts';

/** A few sessions of one role, for a process that answers many at once. */
export interface Pool {
  /** Hands a session to `work` and takes it back; one that was lost is not used again. Waits while all are in use. */
  use<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** The same in one transaction. */
  transaction<T>(work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens sessions when they are first needed, and never more than `size` of them. */
export function openPool(
  connection: Connection,
  plan: { readonly applicationName: string; readonly size: number },
): Pool {
  const idle: Session[] = [];
  const waiting: (() => void)[] = [];
  let inUse = 0;
  let isClosed = false;
  const use = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    while (inUse >= plan.size) await new Promise<void>((resolve) => waiting.push(resolve));
    inUse += 1;
    let session: Session | null = null;
    let isSound = false;
    try {
      session = idle.pop() ?? (await openSession(connection, { applicationName: plan.applicationName }));
      const done = await work(session);
      isSound = true;
      return done;
    } finally {
      // a session whose work failed may be in a transaction, or closed: a new one is cheap, a wrong one is not
      if (isSound && session !== null && !isClosed) idle.push(session);
      else await session?.close().catch(() => undefined);
      inUse -= 1;
      waiting.shift()?.();
    }
  };
  return {
    use,
    transaction: (work) =>
      use(async (session) => {
        await session.run('begin');
        const done = await work(session);
        await session.run('commit');
        return done;
      }),
    close: async () => {
      // what is in use now is closed when its work is done
      isClosed = true;
      await Promise.all(idle.splice(0).map((session) => session.close()));
    },
  };
}
