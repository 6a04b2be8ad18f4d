/** Splits a name that is quoted as in SQL into its parts, unquoted. */
export function splitName(name: string): readonly string[] {
  return [...name.matchAll(/"((?:[^"]|"")*)"|([^."(]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'),
  );
}
