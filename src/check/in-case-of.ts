/** Gives SQL words the case that a statement gives its own: that of its first verb. */
export function inCaseOf(sql: string): (words: string) => string {
  const isUpper = /\b(?:CREATE|ALTER|DROP)\b/.test(sql);
  return (words) => (isUpper ? words.toUpperCase() : words);
}

/** A CREATE INDEX or DROP INDEX with CONCURRENTLY. */
export function concurrently(sql: string): string {
  return `${sql.replace(/^(\s*(?:create\s+(?:unique\s+)?|drop\s+)index)\b/i, `$1 ${inCaseOf(sql)('concurrently')}`)};`;
}
