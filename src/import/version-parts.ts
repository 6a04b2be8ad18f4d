/** The numbers of a version such as `1.2` or `1_2`, without zeros at the end, which count for nothing. */
export function versionParts(version: string): readonly bigint[] {
  const parts = version
    .split(/[._]/)
    .filter((part) => part !== '')
    .map(BigInt);
  while (parts.length > 1 && parts.at(-1) === 0n) parts.pop();
  return parts;
}

/** Compares versions part by part, as numbers. */
export function compareParts(one: readonly bigint[], other: readonly bigint[]): number {
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    const [a, b] = [one[at] ?? 0n, other[at] ?? 0n];
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}
