import { type Document, html } from '../../html/index.ts';

/** Draws the door. */
export function enterPage(origin: string): Document {
  return {
    title: 'Enter',
    script: 'enter',
    main: html`<h1>Enter</h1><p class="lead">${origin} shows releases to anyone with its token. The token permits reading only: changing production needs passkeys.</p>
<form class="card" autocomplete="off"><label for="token">Token</label><div class="row"><input id="token" name="token" type="password" required autofocus> <button class="primary">Enter</button></div>
<p class="hint">The terminal in which <code>oneroof serve</code> runs shows an address that contains it.</p><output role="status"></output></form>`,
  };
}
