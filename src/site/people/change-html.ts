import { type Document, html, list, path } from '../../html/index.ts';
import { type ChangeCeremony } from '../../signing/index.ts';
import { followPanel } from '../follow.ts';
import { standingHtml } from './draft-html.ts';
import { quorumPage, type QuorumState } from './quorum-html.ts';
import { type ChangeView } from './people-view.ts';
import { differencesHtml, saidOfChange, changeTitle } from './people-words.ts';

const trail = [['People', '/people']] as const;

const gone = 'This change is in force, was withdrawn, or no longer follows what is in force.';

/** Draws the state of a change in each target, with a link for signing it there. */
export function changePage(change: ChangeView, mark: string): Document {
  return {
    title: `Next ${changeTitle(change)}`,
    trail,
    script: 'change',
    main: html`<h1>Next ${changeTitle(change)}</h1><p class="lead">Each target accepts it separately, once the quorum of the registry in force there has signed.</p>${followPanel(
      { what: { mark }, parts: ['standings'], said: saidOfChange(change), gone },
    )}<div id="standings">${list(
      change.standings.map(
        (one) =>
          html`${standingHtml(one)}${one.state === 'waits' && html` <a href="${path('people', 'changes', change.digest, one.target, 'sign')}">read and sign</a>`}`,
      ),
    )}</div>`,
  };
}

/** Draws the page on which the quorum reads a change and signs it. */
export function signChangePage({ changes, ...view }: Omit<ChangeCeremony, 'standing'> & QuorumState): Document {
  return quorumPage({
    ...view,
    trail,
    gone,
    lead: {
      waits: 'Nothing below is in force yet. Read what changes, from a comparison of both documents; ask who made it.',
      done: 'The quorum has signed it, and it is in force.',
    },
    what: html`<h2>What changes</h2><div data-signed>${differencesHtml(changes)}</div>`,
  });
}
