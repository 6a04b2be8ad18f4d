/** What every page with passkeys does: speaks with its server, and asks one passkey for one assertion; `carry` is what every post takes along. */
export const passkeyScript = `'use strict';
const encode = (buffer) => btoa(Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join('')).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const decode = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
const carry = {};
const post = async (action, body) => {
  const answer = await fetch(action, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ ...carry, ...body }) });
  return answer.json();
};
const assertion = async (begun) => {
  const found = await navigator.credentials.get({ publicKey: {
    challenge: decode(begun.challenge), rpId: begun.rpId, userVerification: 'required', timeout: 120000,
    allowCredentials: begun.credentials.map((id) => ({ type: 'public-key', id: decode(id) })) } });
  const { authenticatorData, clientDataJSON, signature } = found.response;
  return { ceremony: begun.ceremony, credential: encode(found.rawId), authenticatorData: encode(authenticatorData),
    clientDataJSON: encode(clientDataJSON), signature: encode(signature) };
};
`;

/** What the pages of one form share. */
const common = `${passkeyScript}
const form = document.querySelector('form'), note = document.querySelector('output'), button = form.querySelector('button');
const say = (text, tone) => { note.textContent = text; note.className = tone; };
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  button.disabled = true;
  say('Waiting for your passkey …', 'soft');
  try { await act(); } catch (error) { say(error.name + ': ' + error.message, 'no'); }
  button.disabled = false;
});
`;

/** What the page for signing does: asks for the challenge with the typed code, prompts once, hands the assertion in. */
export const signScript = `${common}
async function act() {
  const begun = await post('begin', { code: form.elements.code.value });
  if (!begun.ok) { say(begun.code + ': ' + begun.text, 'no'); return; }
  const done = await post('finish', await assertion(begun));
  say(done.ok ? done.text : done.code + ': ' + done.text, done.ok ? 'go' : 'no');
}
`;

/** What the page for enrolment does: makes one new passkey and hands its public part in. */
export const enrolScript = `${common}
async function act() {
  const begun = await post('begin', {});
  if (!begun.ok) { say(begun.code + ': ' + begun.text, 'no'); return; }
  const made = await navigator.credentials.create({ publicKey: { ...begun.options,
    challenge: decode(begun.options.challenge), user: { ...begun.options.user, id: decode(begun.options.user.id) },
    excludeCredentials: begun.options.excludeCredentials.map((one) => ({ ...one, id: decode(one.id) })) } });
  const done = await post('finish', { ceremony: begun.ceremony, credential: encode(made.rawId),
    clientDataJSON: encode(made.response.clientDataJSON), attestationObject: encode(made.response.attestationObject) });
  say(done.ok ? done.text : done.code + ': ' + done.text, done.ok ? 'go' : 'no');
}
`;
