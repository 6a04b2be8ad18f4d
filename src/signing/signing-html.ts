import { notForProduction } from '../dossier/index.ts';
import { type Policy } from '../people/index.ts';
import { type Document, facts, type Html, html, lines, list } from '../html/index.ts';

/** How far a statement is from counting. */
export interface SigningState {
  readonly complete: boolean;
  /** Persons. */
  readonly signed: readonly string[];
  /** What is missing, for people. */
  readonly missing: readonly string[];
}

/** What the page for signing shows. Every text may be hostile. */
export interface SignView {
  readonly policy: Policy;
  /** What signing does, e.g. `Ratify v3-ownership for production`. */
  readonly title: string;
  /** Name and value, in order: release, target, expiry. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The digest of the statement; its first digits are what the person types. */
  readonly statement: string;
  /** Exactly what is hashed into the statement. */
  readonly text: string;
  /** The same drawn for people, with the text in it under `#text`; absent: the text alone. */
  readonly shown?: Html;
  readonly standing: SigningState;
  /** What was read of the target just now; it is no part of what is signed. */
  readonly now?: Html | null;
}

/** The warning at the top of each page if a policy is not for production, or is not known. */
export function productionBanner(policy: Policy | null): Pick<Document, 'banner'> {
  if (policy?.production === true) return {};
  const why =
    policy === null ? 'the policy of the target is not known' : `policy ${policy.name} opens no production database`;
  return { banner: html`<p class="warn">${notForProduction}: ${why}.</p>` };
}

/** The form with which one signs: the first digits of the statement, then the passkey. */
export function signForm(): Html {
  return html`<form class="card" autocomplete="off"><label for="code">First six digits of the statement</label>
<div class="row"><input class="code" id="code" name="code" required maxlength="6" pattern="[0-9a-fA-F]{6}" spellcheck="false" autocapitalize="none"> <button class="primary">Sign with my passkey</button></div>
<output role="status"></output></form>`;
}

/** Draws the page on which a statement is read and signed: the facts, the whole text, then the code to type. */
export function signPage({ policy, title, facts: said, statement, text, shown, standing, now }: SignView): Document {
  const digits = statement.replace(/^sha256:/, '');
  return {
    ...productionBanner(policy),
    title,
    script: 'sign',
    main: html`${shown === undefined ? html`<h1>${title}</h1>` : html`<p class="lead"><strong>${title}</strong></p>`}${facts(said)}
<h2>Who signed</h2>${list(standing.signed, 'No one yet.')}<h2>What is missing</h2>${
      standing.missing.length === 0 ? html`<p class="go">Nothing.</p>` : list(standing.missing)
    }
${now ?? null}${shown ?? null}${shown === undefined ? html`<h2>What you sign</h2><pre id="text" tabindex="0">${lines(text)}</pre>` : null}
<h2>Sign</h2><p>Statement <code id="statement"><b>${digits.slice(0, 6)}</b>${digits.slice(6)}</code></p>
<p class="soft">Your passkey shows only the name of this site. Compare the statement with the one in the terminal, then type its first six digits.</p>
${signForm()}`,
  };
}

/** Draws the page on which a passkey is made. */
export function enrolPage(policy: Policy, person: { readonly id: string; readonly name: string }): Document {
  return {
    ...productionBanner(policy),
    title: `Enrol ${person.name}`,
    script: 'enrol',
    main: html`<h1>Enrol a passkey of ${person.name}</h1>
<p>The public part goes into the next version of the registry, as <code>${person.id}</code>. It counts once that version is accepted.</p>
<form class="card" autocomplete="off"><button class="primary">Make a passkey</button><output role="status"></output></form>`,
  };
}
