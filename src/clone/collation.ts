/** How a server sorts text by one of its collations. */
export interface CollationFacts {
  /** For people. */
  readonly name: string;
  /** `c` libc, `i` ICU. */
  readonly provider: string;
  readonly locale: string;
  /** What the library says of itself now; null: it says nothing. */
  readonly version: string | null;
}

const libraries: Readonly<Record<string, string>> = { c: 'libc', i: 'ICU' };

/** A difference of two servers, for people: collations of production whose order the copy's server does not have. */
export function describeDifference(production: CollationFacts, here: string | null): string {
  const { name, provider, locale, version } = production;
  return `${name} (${libraries[provider] ?? 'another library'} ${locale}): version ${version ?? 'unknown'} in production, ${here ?? 'unknown'} on the clone server`;
}
