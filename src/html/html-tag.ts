import { printable } from '../core/index.ts';

/** A piece of a page. Only the `html` tag makes one, and it escapes whatever is not one: hostile text cannot become markup. */
export class Html {
  readonly markup: string;

  /** For this folder alone; outside of it the tag is the only way. */
  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may be in a hole of the tag: text, numbers, pieces, lists of these; null and false leave the hole empty. */
export type Hole = string | number | Html | null | false | readonly Hole[];

/**
 * Writes a piece of a page. Text in a hole is shown as text, in an element and in a quoted attribute: no markup, nothing invisible.
 *
 * Source  OWASP, output encoding for HTML; Trojan Source (CVE-2021-42574) for what is invisible.
 */
export function html(strings: TemplateStringsArray, ...holes: readonly Hole[]): Html {
  return new Html(
    strings.map((text, index) => (index === 0 ? '' : markupOf(holes[index - 1] ?? null)) + text).join(''),
  );
}

/** Text of many lines, for a `pre`: the line ends stay, all else is as in a hole. */
export function lines(text: string): Html {
  return new Html(text.split('\n').map(escape).join('\n'));
}

/** A path of this site, or an anchor, for `href`: a scheme such as `javascript:` or another host never comes out of it. */
export function path(...parts: readonly (string | number)[]): string {
  return `/${parts.map((part) => encodeURIComponent(String(part))).join('/')}`;
}

function markupOf(hole: Hole): string {
  if (hole === null || hole === false) return '';
  if (hole instanceof Html) return hole.markup;
  if (typeof hole === 'object') return hole.map(markupOf).join('');
  return escape(String(hole));
}

function escape(value: string): string {
  return printable(value).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
