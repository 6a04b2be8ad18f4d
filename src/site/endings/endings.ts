import { type Document, html, list, path } from '../../html/index.ts';
import { type EndingCeremony } from '../../signing/index.ts';
import { quorumPage, type QuorumState } from '../people/quorum-html.ts';
import type { AskedEnding } from './asked.io.ts';

/** What the page shows on which a quorum ends something. Every text may be hostile. */
export interface EndingView extends QuorumState {
  readonly ceremony: EndingCeremony;
  readonly what: AskedEnding;
  /** What was handed in again before people were asked, as text. */
  readonly again: readonly string[];
}

/** Draws the page on which a quorum reads and signs an abandonment or adoption, from the database's answers alone. */
export function endingPage({ ceremony, what: { target, sealed }, again, ...state }: EndingView): Document {
  const told = [...ceremony.told, ...(again.length === 0 ? [] : [{ title: 'What was handed in again', lines: again }])];
  return quorumPage({
    ...ceremony,
    ...state,
    trail:
      sealed === null
        ? [['People', '/people']]
        : [
            ['Releases', '/'],
            [sealed.release.name, path('releases', sealed.seal)],
            [target, path('releases', sealed.seal, 'targets', target)],
          ],
    lead: {
      waits: 'This does not count yet. Read what it means, and what the database says is in place.',
      done: 'The quorum has signed it, and it counts.',
    },
    what: html`<div data-signed>${told.map(({ title, lines }) => html`<h2>${title}</h2>${list(lines)}`)}<h2>Why</h2><p>${
      ceremony.facts.find(([name]) => name === 'Reason')?.[1] ?? ''
    }</p></div>`,
    gone: 'It counts already, was ended, or the database has changed.',
  });
}
