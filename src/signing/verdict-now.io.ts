import { keep, now, OneRoofError } from '../core/index.ts';
import { readGate } from '../gate/index.ts';
import { type Course } from '../pipeline.io.ts';
import { schemaIn } from '../proposal/index.ts';
import { type TargetReading, verdictOf } from '../rollout/index.ts';
import { type Target } from '../setup/index.ts';
import { type VerdictNow } from './verdict-now.ts';

/**
 * Reads what a rollout or rollback would do now, as `gate` does, and records nothing. What cannot be read closes it, with the reason.
 *
 * Errors  OBSERVER_WROTE: reading did something, which must not be passed over; those of the store.
 */
export async function readVerdictNow({ sealed, store }: Course, target: Target): Promise<VerdictNow> {
  const { evidence } = await store.heard(sealed.seal, { target: target.name });
  const at = now();
  const seen = await readGate({ release: sealed, target, at, rehearsed: schemaIn(evidence) }).catch(unread);
  const of = (direction: 'up' | 'down') => verdictOf(seen, { sealed, direction });
  return { at, up: of('up'), down: of('down') };
}

function unread(error: unknown): TargetReading {
  if (!(error instanceof OneRoofError) || error.code === 'OBSERVER_WROTE') throw error;
  return { rows: { state: 'unread', why: error.problems[0].problem } };
}

/** One reading serves all who ask within this time: a page that is reloaded costs the target nothing. Milliseconds. */
const lifetime = 5000;

/** Reads it again for each page that is drawn, and not more often than that. */
export function verdictNowOf(course: Course, target: Target): () => Promise<VerdictNow> {
  const answers = keep<VerdictNow>({ lifetime });
  return () => answers.of('', () => readVerdictNow(course, target));
}
