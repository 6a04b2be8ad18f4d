import { type ObserverOptions, openObserver } from '../database/index.ts';
import { readCycles } from '../gate/index.ts';
import { type Target } from '../setup/index.ts';
import { type Ratifications } from './occasion.ts';

/** What a target itself says of its ratifications, read-only, or why it could not be asked. */
export async function readRatifications(
  target: Target,
  options: ObserverOptions = { applicationName: 'oneroof gate' },
): Promise<Ratifications> {
  try {
    const observer = await openObserver(target.observer, options);
    try {
      return { state: 'read', cycles: await observer.snapshot(readCycles) };
    } finally {
      await observer.close();
    }
  } catch (error) {
    return { state: 'unread', why: error instanceof Error ? error.message : String(error) };
  }
}
