import { passkeyScript } from '../../web/index.ts';

/** What the page of a statement does: one form, one prompt at a time; it says what came of it, and reads itself anew when it is done. */
export const statementScript = `${passkeyScript}
const forms = [...document.querySelectorAll('form[data-act]')];
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
for (const form of forms) form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (busy) return;
  busy = true;
  const note = form.querySelector('output');
  const say = (text, tone) => { note.textContent = text; note.className = tone; };
  for (const button of buttons()) button.disabled = true;
  say('…', 'soft');
  try {
    const done = form.dataset.act.endsWith('propose') ? await post(form.dataset.act, Object.fromEntries(new FormData(form))) : await sign(form, say);
    say(done.ok ? done.text : done.code + ': ' + done.text + (done.fix ? ' (' + done.fix + ')' : ''), done.ok ? 'go' : 'no');
    if (done.ok && done.to) location.assign(done.to);
    else if (done.ok) setTimeout(() => location.reload(), 1500);
  } catch (error) { say(error.name === 'NotAllowedError' ? 'The passkey was not used.' : error.name + ': ' + error.message, 'no'); }
  busy = false;
  for (const button of buttons()) button.disabled = false;
});
const seal = document.querySelector('[data-seal]');
const opened = () => [...document.querySelectorAll('main details')].map((one) => one.open).join();
const untouched = opened();
if (seal && 'EventSource' in window) {
  let due = false;
  const events = new EventSource('/events?release=' + encodeURIComponent(seal.dataset.seal));
  events.addEventListener('recorded', (event) => {
    // what the page shows already is told again by a connection that is new
    if (due || JSON.parse(event.data).index <= Number(seal.dataset.last)) return;
    due = true;
    // not all who look at the page at the same moment, and not under the eyes of somebody who reads or types
    setTimeout(() => {
      due = false;
      const typing = forms.some((form) => [...form.elements].some((one) => one.value && one.name));
      const news = document.querySelector('#news');
      if (!busy && !typing && opened() === untouched) location.reload();
      else if (news) news.hidden = false;
    }, 1100 + 4 * crypto.getRandomValues(new Uint8Array(1))[0]);
  });
}
`;
