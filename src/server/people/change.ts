import { type Policy } from '../../gate/index.ts';
import { type Document, facts, type Html, html, lines, list, path, tag } from '../../page/index.ts';
import { type Difference, type ShownCeremony, type SignView } from '../../web/index.ts';
import { followPanel, followScript } from '../follow.ts';
import { needsScript } from '../statements/statement.ts';
import { standingHtml } from './draft.ts';
import { signScript } from './sign-script.ts';
import { type ChangeView } from './view.ts';
import { differencesHtml, saidOfChange, seatsText, titleOf } from './words.ts';

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
export interface SignChangeView extends Pick<SignView, 'title' | 'facts' | 'statement' | 'text' | 'standing'> {
  readonly policy: Policy;
  readonly registry: ShownCeremony['registry'];
  /** What it does, measured: a line for each difference. */
  readonly changes: readonly Difference[];
  /** Why nobody can sign it on this site; null where they can. */
  readonly unsignable: string | null;
}

/** Draws the page on which the quorum reads a change and signs it. */
export function signChangePage(view: SignChangeView): Document {
  const { title, standing, policy, changes, statement, unsignable } = view;
  const digits = statement.replace(/^sha256:/, '');
  const waits = standing.complete ? null : signForm(unsignable);
  const seats = policy.quorum.length;
  return {
    title,
    trail,
    script: standing.complete || unsignable !== null ? followScript : signScript,
    ...(policy.production
      ? {}
      : { banner: html`<p class="warn">NOT FOR PRODUCTION: policy ${policy.name} opens no production database.</p>` }),
    main: html`<h1>${title}</h1><p class="lead">${
      standing.complete
        ? 'The quorum has signed it, and it is in force.'
        : 'Nothing below is in force yet. Read what changes, measured by comparing both documents; ask who made it.'
    }</p>${followPanel({ what: { mark: null }, parts: ['standing'], said: saidOf(view), gone })}<h2>What changes</h2><div data-signed>${differencesHtml(changes)}</div>
<section id="standing"><h2>Who has signed, and what is missing</h2><p>${
      standing.complete ? tag('in force', 'go') : tag(`${standing.signed.length} of ${seats} signed`, 'hold')
    } ${standing.missing.join('; ')}</p><p>The quorum: ${seatsText(policy.quorum)}.</p>${list(namesOf(view), 'Nobody yet.')}</section>
<details><summary>The whole document, and the statement to the byte</summary>${facts(view.facts.map(([name, value]) => [name, html`<code>${value}</code>`]))}<pre tabindex="0" id="text" data-signed>${lines(view.text)}</pre></details>
<section class="noprint"><h2>Sign</h2>${needsScript}<p>Your passkey shows only the name of this site. What you sign is the statement <code data-signed id="statement"><b>${digits.slice(0, 6)}</b>${digits.slice(6)}</code>: compare it with what another one of you sees, on another device, then type its first six digits.</p>${
      waits ?? html`<p class="soft">Nothing is left to sign. <a href="/people">People</a></p>`
    }</section>`,
  };
}

/** How it stands, for who listens. */
function saidOf({ standing: { complete, signed, missing }, registry }: SignChangeView): readonly string[] {
  const names = signed.map((id) => registry.persons.find((one) => one.id === id)?.name ?? id);
  return [
    complete ? 'In force' : `Waits: ${missing.join('; ')}`,
    names.length === 0 ? 'Nobody has signed yet' : `Signed by ${names.join(', ')}`,
  ];
}

function namesOf({ standing, registry }: SignChangeView): readonly Html[] {
  return standing.signed.map((id) => {
    const name = registry.persons.find((one) => one.id === id)?.name;
    return html`${tag('signed', 'go')} ${name ?? id} <code class="soft">${id}</code>`;
  });
}

function signForm(unsignable: string | null): Html {
  if (unsignable !== null) return html`<p>${tag('not here', 'no')} ${unsignable}</p>`;
  return html`<form class="card" autocomplete="off"><label for="code">First six digits of the statement</label><div class="row"><input class="code" id="code" name="code" required maxlength="6" pattern="[0-9a-fA-F]{6}" spellcheck="false" autocapitalize="none"><button class="primary">Sign with my passkey</button></div><output role="status"></output></form>`;
}
