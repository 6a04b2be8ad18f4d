import { type Html, html } from '../html/index.ts';

/** What a page follows. */
export type Followed =
  /** `last`: the newest entry that the page shows; -1 where there is none. */
  | { readonly seal: string; readonly last: number }
  /** `mark`: of the people when the page was made; null: it is read again once it listens. */
  | { readonly mark: string | null };

/** The part of a page that says what changed since the page was made. */
export function followPanel(of: {
  readonly what: Followed;
  /** The ids of the parts that are replaced. */
  readonly parts: readonly string[];
  /** The state, one fact a line: new lines are announced. */
  readonly said: readonly string[];
  /** Said where the page is not there any more. */
  readonly gone: string;
}): Html {
  const { what, parts, said, gone } = of;
  const events = 'seal' in what ? `/events?release=${encodeURIComponent(what.seal)}` : '/events?people';
  const from = 'seal' in what ? html` data-last="${what.last}"` : html` data-mark="${what.mark ?? ''}"`;
  return html`<div id="follow" class="noprint" data-events="${events}"${from} data-parts="${parts.join(' ')}" data-said="${JSON.stringify(said)}" data-gone="${gone}"><p id="told" class="soft" role="status" aria-live="polite"></p><p id="outdated" class="note hold" hidden>This page is out of date: <a href="">load it again</a>.</p><p><small id="linked"></small></p>${withoutScripts}</div>`;
}

/** Without scripts nothing follows. */
export const withoutScripts: Html = html`<noscript><p class="note">Without scripts this page shows the moment at which it was loaded. Load it again to see what changed.</p></noscript>`;
