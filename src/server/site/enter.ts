import { type Document, html } from '../../page/index.ts';

const script = `'use strict';
const form = document.querySelector('form'), note = document.querySelector('output');
const enter = async (token) => {
  const answer = await fetch('/enter', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }) });
  const said = await answer.json();
  if (said.ok) location.replace('/'); else note.textContent = said.text;
};
form.addEventListener('submit', (event) => { event.preventDefault(); void enter(form.elements.token.value.trim()); });
if (location.hash.length > 1) { const token = location.hash.slice(1); history.replaceState(null, '', '/enter'); void enter(token); }
`;

/** Draws the door. */
export function enterPage(origin: string): Document {
  return {
    title: 'Enter',
    script,
    main: html`<h1>Enter</h1><p class="lead">${origin} shows releases to whoever has its token. Looking is all that the token lets one do: what changes production is a passkey.</p>
<form class="card" autocomplete="off"><label for="token">Token</label><div class="row"><input id="token" name="token" type="password" required autofocus> <button class="primary">Enter</button></div>
<p class="hint">The terminal in which <code>oneroof serve</code> runs shows an address that holds it.</p><output role="status"></output></form>`,
  };
}
