import { createHash } from 'node:crypto';
import { printable } from '../core/index.ts';

/** Text of others as HTML text: no markup, and nothing invisible. Source: OWASP, output encoding for HTML. */
export function escape(value: string): string {
  return printable(value).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

/** The same for text of many lines, in a `pre`. */
export function escapeLines(value: string): string {
  return value.split('\n').map(escape).join('\n');
}

/** A page that stands alone: one style, one script, both named by their hash in the security policy. */
export interface Document {
  readonly title: string;
  readonly style: string;
  readonly script: string;
  /** HTML. */
  readonly body: string;
}

/** Writes the page. */
export function writeDocument({ title, style, script, body }: Document): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(title)}</title><style>${style}</style></head><body>${body}<script>${script}</script></body></html>
`;
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * The headers of every answer: nothing from elsewhere, no frame around it, no copy kept, passkeys for this page alone.
 *
 * Source  CSP level 3; WebAuthn level 3 section 13.4.2 (no frames: a page around ours could cover what is signed).
 */
export function securityHeaders(page: Pick<Document, 'style' | 'script'>): Readonly<Record<string, string>> {
  return {
    'content-security-policy': [
      "default-src 'none'",
      `script-src ${hash(page.script)}`,
      `style-src ${hash(page.style)}`,
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
