/** What an action is answered with where it does nothing: said to the person as it is. */
export interface RefusedAnswer {
  readonly ok: false;
  readonly code: string;
  readonly text: string;
}

/** The answer of an action: shown to the person unchanged. */
export type Answer = { readonly ok: true; readonly text: string; readonly [more: string]: unknown } | RefusedAnswer;

/** The answer to a request that none of our pages sends. */
export const malformedAnswer: RefusedAnswer = {
  ok: false,
  code: 'malformed',
  text: 'the request does not come from this page',
};
