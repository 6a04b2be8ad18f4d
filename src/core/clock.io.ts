import { type Instant, instant } from './clock.ts';

/** Reads the clock. Call it once per decision and pass the value down. */
export function now(): Instant {
  return instant(new Date());
}
