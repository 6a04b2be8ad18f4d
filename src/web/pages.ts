import { notForProduction } from '../dossier/index.ts';
import { type Policy } from '../gate/index.ts';
import { type Document, escape, escapeLines } from './html.ts';
import { enrolScript, signScript } from './script.ts';

/** How far a statement is from counting. */
export interface Standing {
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
  readonly standing: Standing;
}

const style = `
:root{color-scheme:light dark;--ink:#1d2330;--soft:#5b6475;--paper:#fbfaf7;--card:#fff;--line:#d6d2c8;--go:#1f7a4d;--no:#b3372f}
@media(prefers-color-scheme:dark){:root{--ink:#e8e6e0;--soft:#a3a9b5;--paper:#15181e;--card:#1c2028;--line:#3a4150;--go:#62c794;--no:#f08a80}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif;overflow-wrap:anywhere}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.1rem;margin:2rem 0 .6rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem}dt,.soft{color:var(--soft)}dd{margin:0}
pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem;font:.85em/1.5 ui-monospace,monospace;white-space:pre-wrap}
form{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:1rem}
label{display:block;margin-bottom:.4rem}input,button{font:inherit;padding:.5rem .8rem;border-radius:.4rem;border:1px solid var(--soft);background:var(--paper);color:inherit}
input{font-family:ui-monospace,monospace;letter-spacing:.15em;width:10rem}button{cursor:pointer;font-weight:600}output{display:block;margin-top:.8rem;min-height:1.5em}
code{font:.9em ui-monospace,monospace}.go{color:var(--go)}.no{color:var(--no)}.warn{color:var(--no);font-weight:700;border:2px solid;padding:.5rem 1rem;border-radius:.5rem}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}`;

const banner = (policy: Policy): string =>
  policy.production
    ? ''
    : `<p class="warn">${notForProduction}: policy ${escape(policy.name)} opens no production database.</p>`;

const list = (items: readonly string[]): string =>
  items.length === 0
    ? '<p class="soft">Nobody yet.</p>'
    : `<ul>${items.map((one) => `<li>${escape(one)}</li>`).join('')}</ul>`;

/** Draws the page on which a statement is read and signed: the facts, the whole text, then the code to type. */
export function signPage({ policy, title, facts, statement, text, standing }: SignView): Document {
  const digits = statement.replace(/^sha256:/, '');
  const missing = standing.missing.length === 0 ? '<p class="go">Nothing.</p>' : list(standing.missing);
  return {
    title,
    style,
    script: signScript,
    body: `<main>${banner(policy)}<h1>${escape(title)}</h1>
<dl>${facts.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join('')}</dl>
<h2>Who signed</h2>${list(standing.signed)}<h2>What is missing</h2>${missing}
<h2>What you sign</h2><pre id="text">${escapeLines(text)}</pre>
<h2>Sign</h2><p>Statement <code id="statement"><b>${escape(digits.slice(0, 6))}</b>${escape(digits.slice(6))}</code></p>
<p class="soft">Your passkey shows only the name of this site. Compare the statement with the one in the terminal, then type its first six digits.</p>
<form autocomplete="off"><label for="code">First six digits of the statement</label>
<input id="code" name="code" required maxlength="6" pattern="[0-9a-fA-F]{6}" spellcheck="false" autocapitalize="none"> <button>Use my passkey</button>
<output role="status"></output></form></main>`,
  };
}

/** Draws the page on which a passkey is made. */
export function enrolPage(policy: Policy, person: { readonly id: string; readonly name: string }): Document {
  return {
    title: `Enrol ${person.name}`,
    style,
    script: enrolScript,
    body: `<main>${banner(policy)}<h1>Enrol a passkey of ${escape(person.name)}</h1>
<p>The public part goes into the next version of the registry, as <code>${escape(person.id)}</code>. It counts once that version is accepted.</p>
<form autocomplete="off"><button>Make a passkey</button><output role="status"></output></form></main>`,
  };
}
