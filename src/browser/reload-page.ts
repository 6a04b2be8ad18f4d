/** Trusted Types: the browser takes text as markup only from a policy with a name. */
interface Policies {
  createPolicy(name: string, rules: { createHTML(text: string): string }): { createHTML(text: string): string };
}

const rules = { createHTML: (text: string): string => text };
const policies = (window as { readonly trustedTypes?: Policies }).trustedTypes;
const policy = policies?.createPolicy('oneroof-page', rules) ?? rules;

/**
 * Reads this page again, as a tree in which scripts are dead; null where it is not there any more, or leads elsewhere.
 *
 * Errors  where no one answers now.
 */
export async function readAnew(): Promise<Document | null> {
  const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } });
  if (answer.status >= 500) throw new Error('no answer');
  if (!answer.ok || answer.redirected) return null;
  return new DOMParser().parseFromString(policy.createHTML(await answer.text()), 'text/html');
}

/**
 * How long to wait before reading again: not all who have the page open at the same moment, and not before the server asks a target
 * again, whose answer it keeps for a second. Milliseconds.
 */
export function someTime(): number {
  return 1100 + 4 * (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0);
}

/** Listens to the server, and says in `linked` whether it is connected. */
export function connect(address: string, linked: Element): EventSource {
  const source = new EventSource(address);
  source.addEventListener('open', () => {
    linked.textContent = 'Connected: this page updates itself.';
  });
  source.addEventListener('error', () => {
    const isClosed = source.readyState === EventSource.CLOSED;
    linked.textContent = isClosed ? 'Not connected: reload the page.' : 'Not connected: trying again.';
  });
  return source;
}
