import { type Document, html } from '../../page/index.ts';
import { invitationScript } from './script.ts';

/** Draws the page that an invitation leads to. It holds nothing of anybody: what it shows, it asks for with the invitation. */
export function invitationPage(): Document {
  return {
    title: 'Invitation',
    script: invitationScript,
    main: html`<p class="warn" id="mark" hidden>NOT FOR PRODUCTION: the policy opens no production database.</p><h1>Invitation</h1><p class="lead" id="lead">Looking who it is for …</p><form class="card" autocomplete="off" hidden><p id="about"></p><p>Have the authenticator at hand that you mean to sign with: a security key, or this device. Its private part never leaves it.</p><div class="row"><button class="primary">Make a passkey</button></div><output role="status"></output></form><noscript><p class="note no">A passkey is made by a script of this page, and scripts are switched off.</p></noscript>`,
  };
}
