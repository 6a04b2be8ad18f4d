/**
 * Acts when a signal aborts, or at once where it has aborted already: an event that came before its listener is not told again.
 *
 * Shape   a function that ends the listening.
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal?.aborted === true) act();
  else signal?.addEventListener('abort', act, { once: true });
  return () => signal?.removeEventListener('abort', act);
}
