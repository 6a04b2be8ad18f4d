import { type PostAnswer } from './wire.ts';

/** Sends an action to the server of this page. */
export async function post<More extends object>(path: string, body: object): Promise<PostAnswer<More>> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return (await answer.json()) as PostAnswer<More>;
}

/** Says something at a form; `go` and `no` say how it ended. */
export type Say = (text: string, tone: 'soft' | 'go' | 'no') => void;

/** Says in this element. */
export function sayIn(note: HTMLElement): Say {
  return (text, tone) => {
    note.textContent = text;
    note.className = tone;
  };
}

/** Says what came of an action. */
export function sayAnswer(say: Say, done: PostAnswer): void {
  if (done.ok) say(done.text, 'go');
  else say(`${done.code}: ${done.text}${done.fix === undefined ? '' : ` (${done.fix})`}`, 'no');
}

/** Says why an action did not come to an end. */
export function sayFailure(say: Say, error: unknown): void {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  say(name === 'NotAllowedError' ? `The passkey was not used (${name}).` : `${name}: ${message}`, 'no');
}
