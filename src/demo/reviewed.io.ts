import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OneRoofError, stated } from '../core/index.ts';
import { type Agent } from './people.io.ts';
import { type ChapterGround } from './demo-commands.ts';
import { timed } from './timed.io.ts';

/** The part of what `oneroof review` answers that the demo tells. */
interface Reviewed {
  readonly seal: string;
  readonly counted: readonly { readonly by: string | null; readonly why: string | null }[];
}

/** No one judged anything here, so it neither agrees nor objects. */
const text = `Played by the demo: no one has read the release.
A reviewer says here what it read, what it tried, and what it doubts.`;

/**
 * Another agent reviews the release after it was sealed, with `oneroof review` and a key of its own.
 *
 * Errors  those of `oneroof review`; INTERNAL where the review does not count, or the seal is another one.
 */
export async function tellReviewed(
  { plan, narration, course }: ChapterGround,
  { reviewer, passing }: { readonly reviewer: Agent; readonly passing: string },
): Promise<void> {
  narration.chapter('A review by another agent, after the seal');
  const [key, file] = [join(passing, 'reviewer.key'), join(passing, 'review.txt')];
  writeFileSync(key, reviewer.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  writeFileSync(file, text);
  const options = { finding: 'comments', textFile: file, key };
  const { value, took } = await timed(() => plan.command({ command: 'review', words: ['release'], options }));
  const { seal, counted } = value.data as Reviewed;
  const [first] = counted;
  if (first?.why !== null || seal !== course.sealed.seal)
    throw new OneRoofError('INTERNAL', {
      ...stated`the review does not count: ${{ why: first?.why ?? 'its seal is another one' }}`,
      fix: 'this is a defect of One Roof: please report it',
    });
  narration.tell({
    name: first.by ?? '',
    text: 'comments, signed with its own key, which may review and nothing else',
    took,
  });
  narration.tell({
    name: 'unchanged',
    text: 'the seal; the review fills no seat, and is in the dossier and in the report',
  });
}
