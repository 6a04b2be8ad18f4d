import { type Policy } from '../../people/index.ts';
import { type Document, facts, type Html, html, lines, list, tag } from '../../html/index.ts';
import { productionBanner, type ShownCeremony, signForm, type SignView } from '../../signing/index.ts';
import { followPanel } from '../follow.ts';
import { needsScript, notHere } from '../signing.ts';
import { seatsText } from './people-words.ts';

/** What a page for a quorum shows of its statement as it is now. */
export type QuorumState = Pick<QuorumView, 'statement' | 'standing' | 'unsignable'>;

/** What the page shows on which a quorum reads something and signs it. Every text may be hostile. */
export interface QuorumView extends Pick<SignView, 'title' | 'facts' | 'statement' | 'text' | 'standing'> {
  readonly policy: Policy;
  readonly registry: ShownCeremony['registry'];
  readonly trail: NonNullable<Document['trail']>;
  /** Under the title: while it waits, and once the quorum has signed. */
  readonly lead: Readonly<Record<'waits' | 'done', string>>;
  /** What it does, measured. */
  readonly what: Html;
  /** What is shown where the page leads to nothing any more. */
  readonly gone: string;
  /** Why no one can sign it on this site; null where they can. */
  readonly unsignable: string | null;
}

/** Draws the page on which the quorum reads and signs a statement. */
export function quorumPage(view: QuorumView): Document {
  const { title, standing, policy, statement, unsignable, trail, lead, what } = view;
  const digits = statement.replace(/^sha256:/, '');
  const seats = policy.quorum.length;
  return {
    title,
    trail,
    script: standing.complete || unsignable !== null ? 'change' : 'quorum',
    ...productionBanner(policy),
    main: html`<h1>${title}</h1><p class="lead">${standing.complete ? lead.done : lead.waits}</p>${followPanel({
      what: { mark: null },
      parts: ['standing'],
      said: saidOf(view),
      gone: view.gone,
    })}${what}
<section id="standing"><h2>Who has signed, and what is missing</h2><p>${
      standing.complete ? tag('in force', 'go') : tag(`${standing.signed.length} of ${seats} signed`, 'hold')
    } ${standing.missing.join('; ')}</p><p>The quorum: ${seatsText(policy.quorum)}.</p>${list(namesOf(view), 'No one yet.')}</section>
<details><summary>Everything, and the statement to the byte</summary>${facts(view.facts.map(([name, value]) => [name, html`<code>${value}</code>`]))}<pre tabindex="0" id="text" data-signed>${lines(view.text)}</pre></details>
<section class="noprint"><h2>Sign</h2>${needsScript}<p>Your passkey shows only the name of this site. What you sign is the statement <code data-signed id="statement"><b>${digits.slice(0, 6)}</b>${digits.slice(6)}</code>: compare it with what another person sees, on another device, then type its first six digits.</p>${
      standing.complete
        ? html`<p class="soft">No more signatures are needed.</p>`
        : unsignable === null
          ? signForm()
          : notHere(unsignable)
    }</section>`,
  };
}

/** The state, for screen readers. */
function saidOf({ standing: { complete, signed, missing }, registry }: QuorumView): readonly string[] {
  const names = signed.map((id) => registry.persons.find((one) => one.id === id)?.name ?? id);
  return [
    complete ? 'In force' : `Waits: ${missing.join('; ')}`,
    names.length === 0 ? 'No one has signed yet' : `Signed by ${names.join(', ')}`,
  ];
}

function namesOf({ standing, registry }: QuorumView): readonly Html[] {
  return standing.signed.map((id) => {
    const name = registry.persons.find((one) => one.id === id)?.name;
    return html`${tag('signed', 'go')} ${name ?? id} <code class="soft">${id}</code>`;
  });
}
