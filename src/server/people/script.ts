import { enrolScript } from '../../web/index.ts';
import { followScript } from '../follow.ts';

/** What the pages of people do: each form is one post; what came of it is said below it. A file that was chosen fills the text above it. It follows what others do. */
export const peopleScript = `'use strict';
const post = async (path, body) => {
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return answer.json();
};
// on the document: a form may be exchanged
document.addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-post]');
  if (form === null) return;
  event.preventDefault();
  const note = form.querySelector('output') ?? document.querySelector('#said');
  const say = (text, tone) => { note.parentElement.hidden = false; note.textContent = text; note.className = tone; note.scrollIntoView({ block: 'nearest' }); };
  const words = Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === 'string' && value !== ''));
  const buttons = [...document.querySelectorAll('form[data-post] button')];
  for (const button of buttons) button.disabled = true;
  say('…', 'soft');
  try {
    const done = await post(form.dataset.post, words);
    say(done.ok ? done.text : done.code + ': ' + done.text + (done.fix ? ' — ' + done.fix : ''), done.ok ? 'go' : 'no');
    if (done.ok && done.link) {
      const place = document.querySelector('#link'), link = place.querySelector('textarea');
      place.hidden = false; link.value = done.link; link.focus(); link.select();
    } else if (done.ok && done.to) location.assign(done.to);
    else if (done.ok) location.reload();
  } catch (error) { say(error.name + ': ' + error.message, 'no'); }
  for (const button of buttons) button.disabled = false;
});
for (const chosen of document.querySelectorAll('input[type=file][data-into]')) chosen.addEventListener('change', async () => {
  const file = chosen.files[0];
  if (file) document.getElementById(chosen.dataset.into).value = await file.text();
});
${followScript}`;

/** The page of an invitation: the secret stands behind the `#`, which no proxy and no log sees; each post takes it along. */
export const invitationScript = `${enrolScript}
const heading = document.querySelector('h1'), lead = document.querySelector('#lead'), about = document.querySelector('#about');
button.disabled = true;
carry.invitation = location.hash.slice(1);
post('look', {}).then((found) => {
  if (!found.ok) { heading.textContent = 'This invitation opens nothing'; lead.textContent = found.text; about.textContent = found.fix ?? ''; return; }
  document.querySelector('#mark').hidden = found.production; heading.textContent = found.title; lead.textContent = found.text; about.textContent = found.about;
  form.hidden = false; button.disabled = false; button.focus();
}, (error) => say(error.name + ': ' + error.message, 'no'));
`;
