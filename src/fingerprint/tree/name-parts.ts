const part = String.raw`(?:"(?:[^"]|"")*"|[^\s".,()[\]'=<>:;]+)`;
const qualifiedName = new RegExp(`${part}\\.${part}`, 'g');
const lastPart = new RegExp(String.raw`\.(?:"(?:[^"]|"")*"|[^."]+)$`);
const firstPart = new RegExp(`^${part}(?=\\.)`);

/** A name, quoted as in SQL, without its last part: the relation of a column, a constraint, a trigger. */
export function withoutLast(name: string): string {
  return name.replace(lastPart, '');
}

/** The last part of a name, quoted as in SQL. */
export function lastOf(name: string): string {
  return name.slice(withoutLast(name).length + 1);
}

/** The schema of a name, quoted as in SQL; empty where it has none. */
export function schemaOfName(name: string): string {
  return firstPart.exec(name)?.[0] ?? '';
}

/** The name of a routine without its arguments. */
export function withoutArguments(name: string): string {
  return new RegExp(`^${part}\\.${part}`).exec(name)?.[0] ?? name;
}

/** The names with a schema that a text mentions, quoted as in SQL. */
export function mentioned(text: string): readonly string[] {
  return [...new Set(text.match(qualifiedName) ?? [])];
}

/** Whether a text has a name as a word of its own. */
export function hasWord(text: string, name: string): boolean {
  // an empty name would be found at the end for ever
  if (name === '') return false;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + name.length] ?? ' '];
    if (!/[\w$"\u0080-\uffff]/.test(before) && !/[\w$"\u0080-\uffff]/.test(after)) return true;
  }
  return false;
}
