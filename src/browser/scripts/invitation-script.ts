import { element } from '../element.ts';
import { formButton, enrolOnSubmit, form, say } from '../one-form.ts';
import { post, sayFailure } from '../speak.ts';

/** Whom an invitation is for. */
interface Found {
  readonly title: string;
  readonly about: string;
  readonly production: boolean;
}

// The secret is behind the `#`, which no proxy and no log sees; each post takes it along.
const carry = { invitation: location.hash.slice(1) };
const heading = element(HTMLElement, 'h1');
const lead = element(HTMLElement, '#lead');
const about = element(HTMLElement, '#about');

async function show(): Promise<void> {
  const found = await post<Found>('look', carry);
  lead.textContent = found.text;
  if (!found.ok) {
    heading.textContent = 'This invitation is not valid';
    about.textContent = found.fix ?? '';
    return;
  }
  element(HTMLElement, '#mark').hidden = found.production;
  heading.textContent = found.title;
  about.textContent = found.about;
  form.hidden = false;
  formButton.disabled = false;
  formButton.focus();
}

formButton.disabled = true;
enrolOnSubmit(carry);
show().catch((error: unknown) => sayFailure(say, error));
// another invitation that is pasted where this page is open loads nothing by itself
window.addEventListener('hashchange', () => location.reload());
