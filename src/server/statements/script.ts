import { passkeyScript } from '../../web/index.ts';
import { followScript } from '../follow.ts';

/** What the page of a statement does: one form, one prompt at a time; it says what came of it, reads itself anew when it is done, and follows what others do. */
export const statementScript = `${passkeyScript}
const buttons = () => document.querySelectorAll('form[data-act] button');
let busy = false;
const sign = async (form, say) => {
  const words = Object.fromEntries(new FormData(form));
  words.code = words.code.replaceAll(' ', '');
  const begun = await post(form.dataset.act + '/begin', words);
  if (!begun.ok) return begun;
  say('Use your passkey …', 'soft');
  const { code: _, ...rest } = words;
  return post(form.dataset.act + '/finish', { ...rest, ...(begun.nonce === undefined ? {} : { nonce: begun.nonce }), signed: await assertion(begun) });
};
// on the document: a form may be exchanged
document.addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-act]');
  if (form === null) return;
  event.preventDefault();
  if (busy) return;
  busy = true;
  const note = form.querySelector('output');
  const say = (text, tone) => { note.textContent = text; note.className = tone; };
  for (const button of buttons()) button.disabled = true;
  say('…', 'soft');
  try {
    const done = form.elements.code === undefined ? await post(form.dataset.act, Object.fromEntries(new FormData(form))) : await sign(form, say);
    say(done.ok ? done.text : done.code + ': ' + done.text + (done.fix ? ' (' + done.fix + ')' : ''), done.ok ? 'go' : 'no');
    if (done.ok && done.to) location.assign(done.to);
    else if (done.ok) setTimeout(() => location.reload(), 1500);
  } catch (error) { say(error.name === 'NotAllowedError' ? 'The passkey was not used.' : error.name + ': ' + error.message, 'no'); }
  busy = false;
  for (const button of buttons()) button.disabled = false;
});
${followScript}`;
