import { type Document, html, list, path } from '../../page/index.ts';
import { type Difference } from '../../web/index.ts';
import { followPanel, followScript } from '../follow.ts';
import { standingHtml } from './draft.ts';
import { quorumPage, type QuorumView } from './quorum.ts';
import { type ChangeView } from './view.ts';
import { differencesHtml, saidOfChange, titleOf } from './words.ts';

const trail = [['People', '/people']] as const;

const gone = 'This change is in force, or was withdrawn, or does not follow what is in force any more.';

/** Draws where a change stands in each target, with the way to sign it there. */
export function changePage(change: ChangeView, mark: string): Document {
  return {
    title: `Next ${titleOf(change)}`,
    trail,
    script: followScript,
    main: html`<h1>Next ${titleOf(change)}</h1><p class="lead">Each target lets it in by itself, once the quorum of its own present registry has signed.</p>${followPanel(
      { what: { mark }, parts: ['standings'], said: saidOfChange(change), gone },
    )}<div id="standings">${list(
      change.standings.map(
        (one) =>
          html`${standingHtml(one)}${one.state === 'waits' && html` <a href="${path('people', 'changes', change.digest, one.target, 'sign')}">read and sign</a>`}`,
      ),
    )}</div>`,
  };
}

/** What the page for signing a change shows. Every text may be hostile. */
export interface SignChangeView
  extends Pick<
    QuorumView,
    'title' | 'facts' | 'statement' | 'text' | 'standing' | 'policy' | 'registry' | 'unsignable'
  > {
  /** What it does, measured: a line for each difference. */
  readonly changes: readonly Difference[];
}

/** Draws the page on which the quorum reads a change and signs it. */
export function signChangePage({ changes, ...view }: SignChangeView): Document {
  return quorumPage({
    ...view,
    trail,
    gone,
    lead: {
      waits: 'Nothing below is in force yet. Read what changes, measured by comparing both documents; ask who made it.',
      done: 'The quorum has signed it, and it is in force.',
    },
    what: html`<h2>What changes</h2><div data-signed>${differencesHtml(changes)}</div>`,
  });
}
