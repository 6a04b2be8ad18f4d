import { element } from './element.ts';
import { assertion, attestation, type BegunEnrolment } from './authenticator.ts';
import { post, sayAnswer, sayFailure, sayIn } from './speak.ts';
import { type PostAnswer, type BegunSigning } from './wire.ts';

/** The form of a page that has element, with its button. */
export const form = element(HTMLFormElement, 'form');
export const formButton = element(HTMLButtonElement, 'button', form);
export const say = sayIn(element(HTMLOutputElement, 'output'));

/** On submit: one action, then what came of it. */
function onSubmit(act: () => Promise<PostAnswer>): void {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    formButton.disabled = true;
    say('Waiting for your passkey …', 'soft');
    try {
      sayAnswer(say, await act());
    } catch (error) {
      sayFailure(say, error);
    }
    formButton.disabled = false;
  });
}

/** Signs on submit: asks for the challenge with the typed code, prompts once, hands the assertion in. */
export function signOnSubmit(signed: () => void): void {
  const code = element(HTMLInputElement, '[name=code]', form);
  onSubmit(async () => {
    const begun = await post<BegunSigning>('begin', { code: code.value });
    const done = begun.ok ? await post('finish', await assertion(begun)) : begun;
    if (done.ok) signed();
    return done;
  });
}

/** Enrols on submit: makes one new passkey and hands its public part in; `carry` is what every post takes along. */
export function enrolOnSubmit(carry: object): void {
  onSubmit(async () => {
    const begun = await post<BegunEnrolment>('begin', carry);
    return begun.ok ? post('finish', { ...carry, ...(await attestation(begun)) }) : begun;
  });
}
