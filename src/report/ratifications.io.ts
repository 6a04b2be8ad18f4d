import { type ObserverOptions, openObserver } from '../database/index.ts';
import { readCyclesOf } from '../gate/index.ts';
import { type Target } from '../setup/index.ts';
import { type Ratifications } from './release-context.ts';

/** Reads from a target the state of the ratifications of a seal and their verdicts, read-only; or why it could not be asked. */
export async function readRatifications(
  target: Target,
  seal: string,
  options: ObserverOptions = { applicationName: 'oneroof gate' },
): Promise<Ratifications> {
  try {
    const observer = await openObserver(target.observer, options);
    try {
      return { state: 'read', cycles: await observer.snapshot((session) => readCyclesOf(session, seal)) };
    } finally {
      await observer.close();
    }
  } catch (error) {
    return { state: 'unread', why: error instanceof Error ? error.message : String(error) };
  }
}
