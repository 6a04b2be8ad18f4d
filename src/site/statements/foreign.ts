import { type Document, facts, html, list, path, tag, time } from '../../html/index.ts';
import { foreignSaid, type JudgedProposal } from '../../proposal/index.ts';
import { type ReleaseRecord } from '../records.ts';

/** Draws a proposal that was refused: as an attack, with what differs, and with nothing to sign. Its own text is not shown as the host's. */
export function foreignPage(
  judged: Extract<JudgedProposal, { readonly state: 'foreign' }>,
  { name, seal }: Pick<ReleaseRecord, 'name' | 'seal'>,
): Document {
  return {
    title: `Attack: a proposal for ${name} that this host did not make`,
    trail: [
      ['Releases', '/'],
      [name, path('releases', seal)],
    ],
    main: html`<h1>${tag('attack', 'no')} Do not sign this</h1><p class="note no" id="attack">Someone who can write evidence recorded this: ${foreignSaid}. No one can ratify it here, no matter what another page shows.</p><h2>What differs</h2>${list(judged.differs)}${facts(
      [
        ['Statement', html`<code>${judged.statement}</code>`],
        ['Filed under', html`${name} <code>${seal}</code>`],
        ['For target', judged.target],
        ['Recorded', html`${time(judged.recordedAt)}, as entry ${judged.index} of the log`],
      ],
    )}<h2>What to do</h2><p>Sign nothing with these digits. Find out who recorded that entry (<code>oneroof log</code> names the key), remove their access, and request a proposal from this host on the page of the <a href="${path('releases', seal, 'targets', judged.target)}">target</a>.</p>`,
  };
}
