import { type Clone } from '../../clone/index.ts';
import { type RehearsalOptions } from '../request/index.ts';
import { markClone } from './compare-clones.io.ts';
import { type MarkedClone } from './marked-clone.ts';

type Host = Pick<RehearsalOptions, 'host' | 'owner'>;

/** Makes a clone for one purpose, and drops it afterwards; `hours`: how long it may be left by a command that was killed. */
export async function withOwnClone<T>(
  { host, owner }: Host,
  of: { readonly purpose: string; readonly hours: number },
  use: (clone: Clone) => Promise<T>,
): Promise<T> {
  const clone = await host.makeClone({ ...of, owner });
  try {
    return await use(clone);
  } finally {
    await host.drop(clone.lease.database);
  }
}

/** The same, marked before anything of the release runs. */
export function withMarkedClone<T>(by: Host, purpose: string, use: (marked: MarkedClone) => Promise<T>): Promise<T> {
  return withOwnClone(by, { purpose, hours: 4 }, async (clone) => {
    const marked = await markClone(clone);
    try {
      return await use(marked);
    } finally {
      await marked.reading.close();
    }
  });
}
