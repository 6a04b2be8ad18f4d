import { type Expectation } from './release.ts';

/** Whether a value is as expected. An expectation without any bound is met by nothing. */
export function meets(value: number, { equals, atLeast, atMost }: Expectation): boolean {
  if (equals === undefined && atLeast === undefined && atMost === undefined) return false;
  return (
    (equals === undefined || value === equals) &&
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost)
  );
}

/** Whether `touches` names a relation, given as the parts of its name, unquoted: `*` ends either part of a pattern. */
export function isTouched(relation: readonly string[], touches: readonly string[]): boolean {
  return touches.some((pattern) => {
    const wanted = partsOf(pattern);
    return wanted.length === relation.length && wanted.every((part, index) => isPartNamed(relation[index] ?? '', part));
  });
}

/** A quoted part is unquoted; `*` behind it stays. */
function partsOf(pattern: string): readonly string[] {
  return [...pattern.matchAll(/"((?:[^"]|"")*)"(\*?)|([^."]+)/g)].map(([, quoted, star = '', plain = '']) =>
    quoted === undefined ? plain : `${quoted.replaceAll('""', '"')}${star}`,
  );
}

function isPartNamed(name: string, part: string): boolean {
  return part.endsWith('*') ? name.startsWith(part.slice(0, -1)) : name === part;
}

/** The bounds of release.yaml, where each may be undefined. */
type Bounds = {
  readonly equals?: number | undefined;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
};

/** What release.yaml says of a metric, without what it does not say. */
export function expectationOf({ equals, atLeast, atMost }: Bounds): Expectation {
  return {
    ...(equals === undefined ? {} : { equals }),
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
  };
}

/** The same of several metrics, by name. */
export function expectationsOf(all: Readonly<Record<string, Bounds>>): Readonly<Record<string, Expectation>> {
  return Object.fromEntries(Object.entries(all).map(([name, bounds]) => [name, expectationOf(bounds)]));
}
