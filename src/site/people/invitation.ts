import { type Document, html } from '../../html/index.ts';

/** Draws the page of an invitation. It contains no personal data: the script requests it with the invitation. */
export function invitationPage(): Document {
  return {
    title: 'Invitation',
    script: 'invitation',
    main: html`<p class="warn" id="mark" hidden>NOT FOR PRODUCTION: the policy opens no production database.</p><h1>Invitation</h1><p class="lead" id="lead">Reading the invitation …</p><form class="card" autocomplete="off" hidden><p id="about"></p><p>Have the authenticator ready with which you want to sign: a security key, or this device. Its private key never leaves it.</p><div class="row"><button class="primary">Make a passkey</button></div><output role="status"></output></form><noscript><p class="note no">A script of this page makes the passkey, and scripts are disabled.</p></noscript>`,
  };
}
