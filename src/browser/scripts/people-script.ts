import { disable, fieldsOf, element } from '../element.ts';
import { followChanges } from '../following.ts';
import { post, type Say, sayAnswer, sayFailure, sayIn } from '../speak.ts';

// The pages of people: each form is one post; what came of it is said at it. It follows what others do.

/** Where it leads, or the link of a new invitation. */
interface Then {
  readonly to?: string;
  readonly link?: string;
}

function sayAt(form: HTMLFormElement): Say {
  const note = form.querySelector('output') ?? element(HTMLElement, '#said');
  const say = sayIn(note);
  return (text, tone) => {
    if (note.parentElement !== null) note.parentElement.hidden = false;
    say(text, tone);
    note.scrollIntoView({ block: 'nearest' });
  };
}

function showLink(link: string): void {
  const place = element(HTMLElement, '#link');
  const text = element(HTMLTextAreaElement, 'textarea', place);
  place.hidden = false;
  text.value = link;
  text.focus();
  text.select();
}

async function send(form: HTMLFormElement, path: string): Promise<void> {
  const say = sayAt(form);
  const words = Object.entries(fieldsOf(form)).filter(([, value]) => value !== '');
  const buttons = document.querySelectorAll<HTMLButtonElement>('form[data-post] button');
  disable(buttons, 'disabled');
  say('…', 'soft');
  try {
    const done = await post<Then>(path, Object.fromEntries(words));
    sayAnswer(say, done);
    if (done.ok && done.link !== undefined) showLink(done.link);
    else if (done.ok && done.to !== undefined) location.assign(done.to);
    else if (done.ok) location.reload();
  } catch (error) {
    sayFailure(say, error);
  }
  disable(buttons, 'open');
}

// on the document: a form may be exchanged
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset['post'] === undefined) return;
  event.preventDefault();
  void send(form, form.dataset['post']);
});

// a file that was chosen fills the text above it
for (const chosen of document.querySelectorAll<HTMLInputElement>('input[type=file][data-into]'))
  chosen.addEventListener('change', async () => {
    const file = chosen.files?.[0];
    if (file !== undefined) element(HTMLTextAreaElement, `#${chosen.dataset['into']}`).value = await file.text();
  });

followChanges();
