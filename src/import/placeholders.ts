/** How a tool writes a variable into SQL. */
export interface Placeholders {
  readonly form: RegExp;
  /** The value of one; null: it has none here. Undefined: it is no variable, and stays. */
  valueOf(match: RegExpMatchArray): string | null | undefined;
  nameOf(match: RegExpMatchArray): string;
}

/** Puts values in the place of variables, and names the first that has none. Lines stay: a line break in a value becomes a blank. */
export function substitute(
  text: string,
  { form, valueOf, nameOf }: Placeholders,
): { readonly text: string; readonly missing: string | null } {
  let missing: string | null = null;
  const parts: string[] = [];
  let at = 0;
  for (const match of text.matchAll(form)) {
    const value = valueOf(match);
    if (value === undefined) continue;
    if (value === null) missing ??= nameOf(match);
    parts.push(text.slice(at, match.index), value?.replaceAll(/\r?\n/g, ' ') ?? match[0]);
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return { text: parts.join(''), missing };
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, and `$$` for a dollar, as goose reads them from the environment, which is not known here. */
export const shellVariables: Placeholders = {
  form: /\$\$|\\\$|\$(?:\{([A-Za-z_]\w*)(?:(:?[-?])([^}]{0,500}))?\}|([A-Za-z_]\w*))/g,
  valueOf: ([whole, , operator, fallback]) =>
    whole === '$$' || whole === '\\$' ? '$' : operator?.endsWith('-') === true ? (fallback ?? '') : null,
  nameOf: ([, braced, , , bare]) => braced ?? bare ?? '',
};
