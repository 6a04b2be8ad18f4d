import { disable, fieldsOf, element } from '../element.ts';
import { followChanges } from '../following.ts';
import { assertion } from '../authenticator.ts';
import { post, type Say, sayAnswer, sayFailure, sayIn } from '../speak.ts';
import { type PostAnswer, type BegunSigning } from '../wire.ts';

// The page of a statement: one form, one prompt at a time; it says what came of it, and reads itself again when it is done.

/** Where it leads. */
interface Then {
  readonly to?: string;
}

let isBusy = false;

async function sign(path: string, words: Readonly<Record<string, string>>, say: Say): Promise<PostAnswer<Then>> {
  const { code = '', ...rest } = words;
  const begun = await post<BegunSigning & { readonly nonce?: string }>(`${path}/begin`, {
    ...rest,
    code: code.replaceAll(' ', ''),
  });
  if (!begun.ok) return begun;
  say('Use your passkey …', 'soft');
  const nonce = begun.nonce === undefined ? {} : { nonce: begun.nonce };
  return post(`${path}/finish`, { ...rest, ...nonce, signed: await assertion(begun) });
}

async function act(form: HTMLFormElement, path: string): Promise<void> {
  const say = sayIn(element(HTMLOutputElement, 'output', form));
  const buttons = (): Iterable<HTMLButtonElement> => document.querySelectorAll('form[data-act] button');
  isBusy = true;
  disable(buttons(), 'disabled');
  say('…', 'soft');
  try {
    const words = fieldsOf(form);
    const done = words['code'] === undefined ? await post<Then>(path, words) : await sign(path, words, say);
    sayAnswer(say, done);
    if (done.ok && done.to !== undefined) location.assign(done.to);
    else if (done.ok) setTimeout(() => location.reload(), 1500);
  } catch (error) {
    sayFailure(say, error);
  }
  isBusy = false;
  disable(buttons(), 'open');
}

// on the document: a form may be exchanged
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset['act'] === undefined) return;
  event.preventDefault();
  if (!isBusy) void act(form, form.dataset['act']);
});

followChanges();
