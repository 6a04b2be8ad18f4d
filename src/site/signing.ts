import { type Policy } from '../people/index.ts';
import { type Html, html, tag } from '../html/index.ts';

/** Passkeys and their results need a script. */
export const needsScript: Html = html`<noscript><p class="note hold">This page can be read without scripts; what is asked or signed on it needs them.</p></noscript>`;

/** Stands in the place of a form that is of no use on this site. */
export function notHere(why: string): Html {
  return html`<p>${tag('not here', 'no')} ${why}</p>`;
}

/** Why nobody can sign on the site of an origin; null where they can. A passkey is for one origin, and the policy in force names it. */
export function whyUnsignable(
  origin: string,
  of: { readonly policy: Policy | null /** What does the same elsewhere. */; readonly command: string },
): string | null {
  const { policy, command } = of;
  if (policy === null) return 'the target cannot be asked, so its gate counts as closed';
  if (policy.origin === origin) return null;
  return `the policy in force has its page at ${policy.origin}, and this site is at ${origin}: use ${command} there`;
}
