import { type Document, html, list, path } from '../../page/index.ts';
import { type EndingCeremony, type Standing } from '../../web/index.ts';
import { quorumPage } from '../people/quorum.ts';
import { type SignedEnding } from './asked.ts';

/** What the page shows on which a quorum ends something. Every text may be hostile. */
export interface EndingView {
  readonly ceremony: EndingCeremony;
  readonly statement: string;
  readonly standing: Standing;
  readonly what: SignedEnding;
  /** What was handed in again before people were asked, in words. */
  readonly again: readonly string[];
  readonly unsignable: string | null;
}

/** Draws the page on which a quorum reads what it ends, from the word of the database alone, and signs it. */
export function endingPage({ ceremony, what, again, ...view }: EndingView): Document {
  const told = [...ceremony.told, ...(again.length === 0 ? [] : [{ title: 'What was handed in again', lines: again }])];
  return quorumPage({
    ...ceremony,
    ...view,
    trail:
      what.kind === 'abandonment'
        ? [
            ['Releases', '/'],
            [what.name, path('releases', what.seal)],
            [what.target, path('releases', what.seal, 'targets', what.target)],
          ]
        : [['People', '/people']],
    lead: {
      waits: 'Nothing of this counts yet. Read what it means, and what the database itself says is in place.',
      done: 'The quorum has signed it, and it counts.',
    },
    what: html`<div data-signed>${told.map(({ title, lines }) => html`<h2>${title}</h2>${list(lines)}`)}<h2>Why</h2><p>${
      ceremony.facts.find(([name]) => name === 'Reason')?.[1] ?? ''
    }</p></div>`,
    gone: 'It counts, or was ended, or the database is not as it was any more.',
  });
}
