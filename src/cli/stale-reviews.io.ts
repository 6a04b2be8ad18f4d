import { printable, truncate } from '../core/index.ts';
import { readReviewsBeside, type Store } from '../evidence-kinds/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { reviewsBesideText } from '../reviews/index.ts';
import { type Context } from './verb.ts';

/** Says which reviews are about an earlier seal of a release: they do not count for the present one, and an objection must not go unseen. */
export async function sayStaleReviews(
  { terminal }: Pick<Context, 'terminal'>,
  of: { readonly store: Store; readonly sealed: SealedRelease; readonly target: string },
): Promise<void> {
  const { stale } = await readReviewsBeside(of.store, { ...of, since: 0 });
  for (const [name, text] of reviewsBesideText({ late: [], stale }))
    terminal.say(printable(truncate(`${name}: ${text}`, 600)));
}
