import { type Policy } from '../../gate/index.ts';
import { type Document, facts, type Html, html, lines, list, tag } from '../../page/index.ts';
import { type ShownCeremony, type SignView } from '../../web/index.ts';
import { followPanel, followScript } from '../follow.ts';
import { needsScript, notForProductionBanner } from '../statements/statement.ts';
import { signScript } from './sign-script.ts';
import { seatsText } from './words.ts';

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
  /** Why nobody can sign it on this site; null where they can. */
  readonly unsignable: string | null;
}

/** Why nobody can sign on this site; null where they can. A passkey is for one origin, and the policy in force names it. */
export function unsignableAt(origin: string, policy: Policy, command: string): string | null {
  if (policy.origin === origin) return null;
  return `the policy in force has its page at ${policy.origin}, and this site is at ${origin}: use ${command} there`;
}

/** Draws the page on which the quorum reads what is asked of it, and signs it. */
export function quorumPage(view: QuorumView): Document {
  const { title, standing, policy, statement, unsignable, trail, lead, what } = view;
  const digits = statement.replace(/^sha256:/, '');
  const waits = standing.complete ? null : signForm(unsignable);
  const seats = policy.quorum.length;
  return {
    title,
    trail,
    script: standing.complete || unsignable !== null ? followScript : signScript,
    ...(policy.production ? {} : { banner: notForProductionBanner(policy) }),
    main: html`<h1>${title}</h1><p class="lead">${standing.complete ? lead.done : lead.waits}</p>${followPanel({
      what: { mark: null },
      parts: ['standing'],
      said: saidOf(view),
      gone: view.gone,
    })}${what}
<section id="standing"><h2>Who has signed, and what is missing</h2><p>${
      standing.complete ? tag('in force', 'go') : tag(`${standing.signed.length} of ${seats} signed`, 'hold')
    } ${standing.missing.join('; ')}</p><p>The quorum: ${seatsText(policy.quorum)}.</p>${list(namesOf(view), 'Nobody yet.')}</section>
<details><summary>All of it, and the statement to the byte</summary>${facts(view.facts.map(([name, value]) => [name, html`<code>${value}</code>`]))}<pre tabindex="0" id="text" data-signed>${lines(view.text)}</pre></details>
<section class="noprint"><h2>Sign</h2>${needsScript}<p>Your passkey shows only the name of this site. What you sign is the statement <code data-signed id="statement"><b>${digits.slice(0, 6)}</b>${digits.slice(6)}</code>: compare it with what another one of you sees, on another device, then type its first six digits.</p>${
      waits ?? html`<p class="soft">Nothing is left to sign.</p>`
    }</section>`,
  };
}

/** How it stands, for who listens. */
function saidOf({ standing: { complete, signed, missing }, registry }: QuorumView): readonly string[] {
  const names = signed.map((id) => registry.persons.find((one) => one.id === id)?.name ?? id);
  return [
    complete ? 'In force' : `Waits: ${missing.join('; ')}`,
    names.length === 0 ? 'Nobody has signed yet' : `Signed by ${names.join(', ')}`,
  ];
}

function namesOf({ standing, registry }: QuorumView): readonly Html[] {
  return standing.signed.map((id) => {
    const name = registry.persons.find((one) => one.id === id)?.name;
    return html`${tag('signed', 'go')} ${name ?? id} <code class="soft">${id}</code>`;
  });
}

function signForm(unsignable: string | null): Html {
  if (unsignable !== null) return html`<p>${tag('not here', 'no')} ${unsignable}</p>`;
  return html`<form class="card" autocomplete="off"><label for="code">First six digits of the statement</label><div class="row"><input class="code" id="code" name="code" required maxlength="6" pattern="[0-9a-fA-F]{6}" spellcheck="false" autocapitalize="none"><button class="primary">Sign with my passkey</button></div><output role="status"></output></form>`;
}
