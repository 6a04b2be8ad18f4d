import { type Milliseconds, OneRoofError, stated } from '../core/index.ts';
import { type Timed } from './demo-commands.ts';

/** Does some work and says how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const began = performance.now();
  const value = await work();
  return { value, took: (performance.now() - began) as Milliseconds };
}

/**
 * Ends the demo between two facts where it was interrupted.
 *
 * Errors  INTERRUPTED.
 */
export function stopIf(signal: AbortSignal): void {
  if (signal.aborted)
    throw new OneRoofError('INTERRUPTED', {
      ...stated`the demo was interrupted`,
      fix: 'run it again; everything was removed',
    });
}
