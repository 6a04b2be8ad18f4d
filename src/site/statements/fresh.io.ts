import { OneRoofError } from '../../core/index.ts';
import { schemaAgainst, stateOf } from '../../dossier/index.ts';
import { explainReason } from '../../gate/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { type ReleaseContext, seenOf } from '../../report/index.ts';
import { verdictOf } from '../../rollout/index.ts';
import { type VerdictNow } from '../../signing/index.ts';
import { type SiteServices } from '../site-services.ts';
import { outward } from '../access/index.ts';
import { type FreshReading } from './approver-page.ts';

/** A target as this host itself reads it, and what would run there; or why it could not be read, and null. */
export interface Fresh {
  readonly fresh: FreshReading | string;
  readonly now: VerdictNow | null;
}

/** Reads a target for the page of a statement, shared by all visitors for some seconds. */
export async function readFresh(
  { looks }: SiteServices,
  { sealed, target }: { readonly sealed: SealedRelease; readonly target: string },
): Promise<Fresh> {
  try {
    const occasion = await looks.occasion(sealed, target);
    const of = (direction: 'up' | 'down') => verdictOf(seenOf(occasion), { sealed, direction });
    return {
      fresh: freshOf(occasion),
      now: { at: occasion.reading.readAt, up: of('up'), down: of('down') },
    };
  } catch (error) {
    if (!(error instanceof OneRoofError)) throw error;
    return { fresh: outward(error.problems[0].problem), now: null };
  }
}

function freshOf({ reading, sealed }: ReleaseContext): FreshReading | string {
  const { exit, drift } = reading;
  if (exit === null)
    return reading.verdict.decision === 'OPEN' ? '' : reading.verdict.reasons.map(explainReason).join('; ');
  const { metrics } = stateOf(sealed.release, exit.metrics);
  return { at: exit.takenAt, schema: schemaAgainst(null, { drift, schema: null }), metrics };
}
