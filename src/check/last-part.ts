/** The last part of a qualified name, without arguments. */
export function lastPart(name: string): string {
  const plain = name.replace(/\(.*\)$/s, '');
  return /(?:^|\.)(?<last>"(?:[^"]|"")*"|[^."]*)$/.exec(plain)?.groups?.['last'] ?? plain;
}

/** The same as the parser has it, without quotes. */
export function bareName(name: string): string {
  return lastPart(name)
    .replace(/^"(.*)"$/s, '$1')
    .replaceAll('""', '"');
}
