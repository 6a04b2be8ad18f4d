import { createHash } from 'node:crypto';
import { type ScriptName } from '../browser/index.ts';
import { Html, html } from './html-tag.ts';
import { style } from './style.ts';

/** A page: one style, at most one script, both named by their hash in the security policy. */
export interface Document {
  readonly title: string;
  /** What the page is about; between header and footer. */
  readonly main: Html;
  /** Above all: that a policy is not for production. */
  readonly banner?: Html;
  /** Where one is: name and path, from the first to the page above this one. */
  readonly trail?: readonly (readonly [name: string, href: string])[];
  readonly script?: ScriptName;
}

/** A script as a page names it. */
export interface ServedScript {
  readonly href: string;
  /** `sha256-` and the hash of its bytes: the browser runs no others. */
  readonly integrity: string;
}

/** Where the links of the header lead. */
const rooms = [
  ['Releases', '/'],
  ['People', '/people'],
  ['Evidence', '/evidence'],
] as const;

/** Writes the page as text: one of the site with its header, a single page that is served, or a file that stands alone. */
export function writeDocument(
  document: Document,
  kind: 'site' | 'single' | 'alone',
  script: ServedScript | null = null,
): string {
  const { title, main, banner, trail = [] } = document;
  const header =
    kind !== 'site'
      ? null
      : html`<a class="skip" href="#main">Skip to the content</a><header class="site"><div><a class="brand" href="/"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M2 11.5 12 3l10 8.5" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/><path d="M5.5 12v8.5h13V12" fill="none" stroke="currentColor" stroke-width="1.6"/><circle cx="12" cy="15.5" r="2" fill="var(--go)"/></svg>One Roof</a><nav aria-label="Site">${rooms.map(([name, href]) => html`<a href="${href}">${name}</a>`)}</nav></div></header>`;
  const path =
    trail.length === 0
      ? null
      : html`<nav class="trail" aria-label="Where you are"><ol>${trail.map(([name, href]) => html`<li><a href="${href}">${name}</a></li>`)}<li aria-current="page">${title}</li></ol></nav>`;
  const body = html`${header}<main id="main">${banner ?? null}${path}${main}</main>${script !== null && html`<script src="${script.href}" integrity="${script.integrity}"></script>`}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">${kind === 'alone' ? aloneMeta : ''}
${html`<title>${title} · One Roof</title>`.markup}<style>${style}</style></head><body>${body.markup}</body></html>
`;
}

/** A file has no headers; nothing of it may run or be fetched. */
const aloneMeta = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`;

/** The hash of a script or a style, as a security policy and `integrity` name it. */
export function integrityOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/**
 * The headers of every answer: nothing from elsewhere, no frame around it, no copy kept, passkeys for this page alone.
 *
 * Source  CSP level 3, section 8.4, for a script that is named by its hash; WebAuthn level 3 section 13.4.2 (no frames: a page around ours could cover what is signed).
 */
export function securityHeaders(script: ServedScript | null = null): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${script === null ? "'none'" : `'${script.integrity}'`}`,
      `style-src '${integrityOf(style)}'`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; '),
    'x-frame-options': 'DENY',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'cache-control': 'no-store',
  };
}
