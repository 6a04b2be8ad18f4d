import { registryDigest } from '../../people/index.ts';
import { digestOf, type Html, html, list, path, table, tag, time, type Tone } from '../../html/index.ts';
import { type ChangeStanding, draftFile } from './bases.ts';
import { personsTable } from './persons.ts';
import { type DraftView, type PeopleView } from './people-view.ts';
import { button, differencesHtml, standingText, changeTitle } from './people-words.ts';

const tones: Readonly<Record<ChangeStanding['state'], Tone>> = {
  'in force': 'go',
  'does not follow': 'plain',
  unknown: 'no',
  waits: 'hold',
};

/** The state of a change in a target. */
export function standingHtml(standing: ChangeStanding): Html {
  return html`<strong>${standing.target}</strong> ${tag(standing.state, tones[standing.state])} ${standingText(standing)}`;
}

/** What waits for the quorum, above all else. */
export function changesHtml({ changes }: Pick<PeopleView, 'changes'>): Html | null {
  if (changes.length === 0) return null;
  return html`<section><h2>Waits for the quorum</h2>${table({
    columns: [{ head: 'Change' }, { head: 'State' }, { head: 'Asked' }, { head: 'Withdraw' }],
    rows: changes.map((change) => [
      html`<a href="${path('people', 'changes', change.digest)}">Next ${changeTitle(change)}</a> ${digestOf(change.digest)}`,
      html`<ul class="bare">${change.standings.map((one) => html`<li>${standingHtml(one)}</li>`)}</ul>`,
      time(change.madeAt),
      button({ post: '/people/changes/withdraw', words: { digest: change.digest }, text: 'Withdraw' }),
    ]),
  })}</section>`;
}

/** A draft: its persons, its changes, and what can be done with it. */
export function draftHtml(view: DraftView, page: Pick<PeopleView, 'registryFile' | 'readings'>): Html {
  const { base, draft, differences, problems, asked } = view;
  const isFirst = base.present === null;
  const { follows } = base;
  const href = `/people/draft/registry.json?follows=${encodeURIComponent(follows)}`;
  return html`<section id="draft"><h2>Draft: registry version ${draft.version}</h2><p>${tag('draft', 'hold')} ${
    isFirst
      ? page.readings.some(({ state }) => state === 'unknown')
        ? 'Not every target could say what is in force. If a gate is installed already, this is not its next registry. A new gate is installed with it.'
        : 'Nothing is in force yet. The gate is installed with the first registry; from then on a quorum signs each next one.'
      : 'It does not count anywhere until the quorum has signed it.'
  } ${digestOf(registryDigest(draft))}</p>${
    differences.length > 0 && html`<h3>What it changes</h3>${differencesHtml(differences)}`
  }${personsTable({ policy: base.policy, registry: draft }, { follows, before: base.present?.registry ?? null })}${
    problems.length > 0 &&
    html`<div class="note hold"><p><strong>${isFirst ? 'No gate can be installed with it yet' : 'The quorum cannot be asked for it'}</strong></p>${list(problems.map(({ problem, fix }) => html`${problem}: <span class="soft">${fix}</span>`))}</div>`
  }<div class="row">${
    !isFirst &&
    (asked === null
      ? problems.length === 0 &&
        button({ post: '/people/draft/ask', words: { follows }, text: 'Ask the quorum', tone: 'primary' })
      : html`<a class="button primary" href="${path('people', 'changes', asked)}">Sign it</a>`)
  }<a class="button" href="${href}">Download ${draftFile(base)}</a>${draft.persons.length > 0 && button({ post: '/people/draft/discard', words: { follows }, text: 'Discard the draft', tone: 'danger' })}</div>${
    isFirst &&
    html`<p class="soft">The gate is installed with what <code>${page.registryFile}</code> holds (<code>oneroof install</code>): put the download there.</p>`
  }</section>`;
}

/** Another way in: a document that was made elsewhere. */
export function proposeHtml(): Html {
  return html`<section><h2>Propose a change that was made elsewhere</h2><details class="card"><summary>The next policy, or a registry from <code>oneroof enrol</code></summary><form data-post="/people/changes" autocomplete="off"><label for="kind">What it is</label><select id="kind" name="kind"><option value="policy">the next policy (policy.yaml, or its canonical JSON)</option><option value="registry">the next registry (registry.next.json)</option></select><label for="file">File <span class="hint">or paste its text below</span></label><input id="file" type="file" data-into="text"><label for="text">Text</label><textarea id="text" name="text" required spellcheck="false"></textarea><div class="row"><button>Show what it changes</button></div><output role="status"></output></form></details></section>`;
}
