import {
  elapsed,
  formatDuration,
  type Instant,
  instant,
  type Milliseconds,
  OneRoofError,
  stated,
} from '../core/index.ts';

/** The clock of this machine and that of a database, read at the same moment. */
export interface Clocks {
  readonly here: Instant;
  readonly there: Instant;
}

/** So much two clocks may differ before anyone is told. Milliseconds. */
const tolerated = 30_000;

/** The moment by the clock of the target, which is the one that counts; as it is where its clock was not read. */
export function atTarget(now: Instant, clocks: Clocks | undefined): Instant {
  if (clocks === undefined) return now;
  return instant(new Date(Date.parse(now) + elapsed({ from: clocks.here, to: clocks.there })));
}

/**
 * Refuses clocks that differ by more than half a minute: times that people sign, and ages, would be judged by another one than they were
 * written with.
 *
 * Errors  CLOCK_DIFFERS.
 */
export function requireClocks({ here, there }: Clocks, target: string): void {
  const ahead = elapsed({ from: there, to: here });
  if (Math.abs(ahead) <= tolerated) return;
  const by = formatDuration(Math.abs(ahead) as Milliseconds);
  throw new OneRoofError('CLOCK_DIFFERS', {
    ...stated`the clock of this machine is ${{ difference: by }} ${ahead > 0 ? 'ahead of' : 'behind'} the clock of ${{ target }}, which counts: there it is ${{ time: there }}`,
    fix: 'set the clock of this machine, for example: timedatectl set-ntp true; if the clock of the database is wrong, ask its administrator to set it',
  });
}
