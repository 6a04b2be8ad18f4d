const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '@': '&#64;', '/': '&#47;' };

/**
 * A text of others as Markdown: not one character of it is markup, it mentions no one, and no line is a command of GitLab (`/merge`). It has at most
 * `most` characters, counted as they are written here; what does not fit is left out, and said.
 */
export function plainBlock(text, most) {
  let safe = '';
  for (const one of text.trimEnd()) {
    const written = escapes[one] ?? one;
    if (safe.length + written.length > most)
      return `<pre>\n${safe}\n… cut here; the log of the job has all of it\n</pre>\n`;
    safe += written;
  }
  return `<pre>\n${safe}\n</pre>\n`;
}
