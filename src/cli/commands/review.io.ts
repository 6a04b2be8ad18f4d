import { resolve } from 'node:path';
import { now, OneRoofError, printable, stated } from '../../core/index.ts';
import { keyFingerprint } from '../../evidence/index.ts';
import { type Store } from '../../evidence-kinds/index.ts';
import { readSealed } from '../../release/index.ts';
import { type ReviewFinding, reviewFindings, type ReviewRecord, reviewsOf } from '../../reviews/index.ts';
import { readSetup } from '../../setup/index.ts';
import { openStore } from '../../store.io.ts';
import { sameFor } from '../next-command.ts';
import { releaseFolder } from '../release-folder.ts';
import { readReviewText, reviewTextOf } from '../review-text.io.ts';
import { sayUnheard } from '../unheard.io.ts';
import { type Context, type CommandRun } from '../verb.ts';
import { targetsFor } from '../work.io.ts';

/** Records what a reviewer says of a sealed release, signed with a software key. The release stays as it is, and no seat is filled. */
export const run: CommandRun = async (context) => {
  const finding = findingIn(context);
  const { key } = context.options;
  const text = textIn(context, finding);
  const setup = await readSetup(context.folder);
  const { seal, release } = await readSealed(releaseFolder(context));
  const store = openStore(setup);
  // with this one only the entry is signed: whose entries count is asked as by everyone else on this machine
  const signing = typeof key === 'string' ? openStore(setup, { signWith: resolve(context.folder, key) }) : store;
  const signer = await signing.ownKey();
  const body: ReviewRecord = { version: 1, release: release.name, seal, finding, text };
  const { index, digest } = await signing.append({ kind: 'review', seal, body }, now());
  const counted = [];
  for (const target of targetsFor(setup, context)) {
    counted.push({ target: target.name, ...(await countedFor(store, { seal, index, target: target.name })) });
    await sayUnheard(context, { setup, store }, { kind: 'review', target: target.name, signer });
  }
  const signedBy = keyFingerprint(signer);
  return {
    exit: 0,
    schema: 'oneroof/review/1',
    data: { entry: index, digest, seal, finding, key: signedBy, counted },
    text: [
      `entry ${index}: ${finding}, signed by ${signedBy}; the seal is unchanged: ${seal}`,
      ...counted.map(({ target, by, from, why }) =>
        printable(`${target}: ${why === null ? `counts as advice by ${by}, ${from}` : `does not count: ${why}`}`),
      ),
    ].join('\n'),
    next: sameFor(context, 'report'),
  };
};

/** The review: as it stands on the command line, or in the file that it names. */
function textIn({ folder, options: { text, textFile } }: Context, finding: ReviewFinding): string {
  if (typeof text === 'string' && textFile === undefined) return reviewTextOf(text);
  if (typeof textFile === 'string' && text === undefined) return readReviewText(resolve(folder, textFile));
  throw new OneRoofError('USAGE', {
    ...stated`the text of the review is missing, or said twice`,
    fix: `oneroof review RELEASE --finding ${finding} --text-file FILE`,
  });
}

function findingIn({ options }: Context): ReviewFinding {
  const found = reviewFindings.find((one) => one === options['finding']);
  if (found !== undefined) return found;
  throw new OneRoofError('USAGE', {
    ...stated`--finding is missing or not one of ${{ expected: reviewFindings }}`,
    fix: 'oneroof review RELEASE --finding agrees --text-file FILE',
  });
}

/** Whether an entry counts for a target, as every reader of the log decides it. */
async function countedFor(
  store: Store,
  {
    seal,
    index,
    target,
  }: { readonly seal: Parameters<Store['heard']>[0]; readonly index: number; readonly target: string },
): Promise<{ readonly by: string | null; readonly from: string | null; readonly why: string | null }> {
  const heard = await store.heard(seal, { target });
  const review = reviewsOf(heard.evidence, heard).find(({ entry }) => entry === index);
  if (review !== undefined) return { by: review.by, from: review.from, why: null };
  const why =
    heard.uncounted.find(({ entry }) => entry.index === index)?.why ?? 'a newer review of this key replaces it';
  return { by: null, from: null, why };
}
