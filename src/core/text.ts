/**
 * Makes hostile text safe to show on a terminal, in Markdown source or in a log: control characters, escape sequences, bidirectional
 * overrides and invisible characters become visible `\u{…}`. New lines become `\n`, so that a text cannot forge a second line.
 *
 * Source  Trojan Source (CVE-2021-42574) for the bidirectional characters; ECMA-48 for the controls.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, (character) =>
    character === '\n' ? '\\n' : character === '\t' ? ' ' : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/** Shortens a text to a number of characters, with an ellipsis where something was left out. */
export function truncate(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

/** Shows a text of others as text in Markdown: every character that Markdown or HTML could read as markup; a colon, an at sign and `www.` also make links by themselves. */
export function asText(hostile: string): string {
  return printable(hostile)
    .replace(/[\\`*{}[\]()#+!|~_]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/:\/\//g, '&#58;//')
    .replace(/@/g, '&#64;')
    .replace(/www\./gi, (match) => `${match.slice(0, 3)}&#46;`);
}
