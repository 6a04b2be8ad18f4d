import { type Html, html } from '../page/index.ts';

/**
 * How a page reads itself anew: as a tree in which scripts are dead; null where it is not there any more, or leads elsewhere. It fails where
 * nobody answers now.
 */
export const anewScript = `const policy = window.trustedTypes?.createPolicy('oneroof-page', { createHTML: (text) => text }) ?? { createHTML: (text) => text };
const readAnew = async () => {
  const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } });
  if (answer.status >= 500) throw new Error('nobody answers');
  return !answer.ok || answer.redirected ? null : new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html');
};
// not all who look at the page at the same moment, and not before the server asks a target anew, whose answer it keeps for a second
const someTime = () => 1100 + 4 * crypto.getRandomValues(new Uint8Array(1))[0];
`;

/**
 * Keeps a page up to date on which people sign: what changed is taken from the page itself, asked for again, and said. A part that has the
 * focus, was opened, or holds something typed stays as it is, and its buttons are closed; all of them are where that which is signed is
 * another one, or is gone. Nothing is sent, no focus is moved, nothing that was read before signing is exchanged.
 */
export const followScript = `{
${anewScript}
const follow = document.getElementById('follow'), told = document.getElementById('told'), outdated = document.getElementById('outdated');
const linked = document.getElementById('linked'), main = document.getElementById('main'), parts = follow.dataset.parts.split(' ');
const shown = new Map(parts.map((id) => [id, document.getElementById(id)?.outerHTML]));
const signedOn = (page) => [...page.querySelectorAll('[data-signed]')].map((one) => one.textContent).join('\\0');
const read = signedOn(document);
const isTouched = (part) => part.contains(document.activeElement) || part.open || part.querySelector('details[open], output:not(:empty)') !== null
  || [...part.querySelectorAll('input, textarea')].some((one) => one.value !== one.defaultValue);
const draw = (page) => {
  const closed = page === null || signedOn(page) !== read ? [main] : [];
  for (const id of page === null ? [] : parts) {
    const part = document.getElementById(id), next = page.getElementById(id);
    if (next?.outerHTML === shown.get(id)) continue;
    if (part === null || next === null) closed.push(main);
    else if (isTouched(part)) closed.push(part);
    else { shown.set(id, next.outerHTML); part.replaceWith(document.adoptNode(next)); }
  }
  for (const button of main.querySelectorAll('form button')) button.setAttribute('aria-disabled', String(closed.some((part) => part.contains(button))));
  outdated.hidden = closed.length === 0;
  const before = JSON.parse(follow.dataset.said);
  if (page !== null) Object.assign(follow.dataset, page.getElementById('follow').dataset);
  const news = JSON.parse(follow.dataset.said).filter((line) => !before.includes(line));
  if (closed.length > 0) news.push(page === null ? follow.dataset.gone : outdated.textContent);
  if (news.length > 0) told.textContent = news.join(' · ');
};
// before any other script hears of it; a button that is only disabled would lose the focus
document.addEventListener('submit', (event) => {
  if (event.target.querySelector('[aria-disabled=true]') === null) return;
  event.preventDefault(); event.stopPropagation();
  told.textContent = outdated.textContent;
}, true);
let due = null, heard = 0;
const again = async () => {
  const at = heard;
  try { draw(await readAnew()); } catch { heard += 1; }
  due = null;
  if (heard !== at) soon();
};
const soon = () => { due ??= setTimeout(again, someTime()); };
const hear = () => { heard += 1; soon(); };
const source = new EventSource(follow.dataset.events);
source.addEventListener('open', () => { linked.textContent = 'Connected: changes show by themselves.'; });
source.addEventListener('error', () => { linked.textContent = source.readyState === 2 ? 'Not connected: load the page again.' : 'Not connected: trying again.'; });
// what the page shows already is told again by a connection that is new
source.addEventListener('recorded', (event) => { if (JSON.parse(event.data).index > Number(follow.dataset.last)) hear(); });
source.addEventListener('people', (event) => { if (JSON.parse(event.data).mark !== follow.dataset.mark) hear(); });
}
`;

/** What a page follows. */
export type Followed =
  /** `last`: the newest entry that the page shows; -1 where there is none. */
  | { readonly seal: string; readonly last: number }
  /** `mark`: of the people when the page was made; null: it is read anew once it listens. */
  | { readonly mark: string | null };

/** Where a page says what changed since it was made. */
export function followPanel(of: {
  readonly what: Followed;
  /** The ids of what is exchanged. */
  readonly parts: readonly string[];
  /** How it stands, a line each: a line that is new is said. */
  readonly said: readonly string[];
  /** Said where the page is not there any more. */
  readonly gone: string;
}): Html {
  const { what, parts, said, gone } = of;
  const events = 'seal' in what ? `/events?release=${encodeURIComponent(what.seal)}` : '/events?people';
  const from = 'seal' in what ? html` data-last="${what.last}"` : html` data-mark="${what.mark ?? ''}"`;
  return html`<div id="follow" class="noprint" data-events="${events}"${from} data-parts="${parts.join(' ')}" data-said="${JSON.stringify(said)}" data-gone="${gone}"><p id="told" class="soft" role="status" aria-live="polite"></p><p id="outdated" class="note hold" hidden>This page is out of date: <a href="">load it again</a>.</p><p><small id="linked"></small></p>${withoutScripts}</div>`;
}

/** Without scripts nothing follows. */
export const withoutScripts: Html = html`<noscript><p class="note">Without scripts this page shows the moment at which it was loaded. Load it again to see what changed.</p></noscript>`;
