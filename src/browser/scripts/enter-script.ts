import { element } from '../element.ts';
import { post, sayFailure, sayIn } from '../speak.ts';

// The door: the token of the address, which no server saw, or a typed element, becomes a cookie.
const form = element(HTMLFormElement, 'form');
const typed = element(HTMLInputElement, '[name=token]', form);
const say = sayIn(element(HTMLOutputElement, 'output'));

async function enter(token: string): Promise<void> {
  try {
    const said = await post('/enter', { token });
    if (said.ok) location.replace('/');
    else say(said.text, 'no');
  } catch (error) {
    sayFailure(say, error);
  }
}

function enterByAddress(): void {
  if (location.hash.length < 2) return;
  const token = location.hash.slice(1);
  history.replaceState(null, '', '/enter');
  void enter(token);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void enter(typed.value.trim());
});
enterByAddress();
// an address that is pasted where this page is open loads nothing
window.addEventListener('hashchange', enterByAddress);
