import { type ErrorCode, type Problem, printable, stated } from '../core/index.ts';

/** One thing that is wrong in a bundle. */
export interface Finding {
  readonly code: ErrorCode;
  /** The problem: the same text for the same problem, without its place. */
  readonly cause: string;
  /** Where; null: of the bundle as a whole. */
  readonly at: string | null;
  readonly fix?: string;
}

/** So many places are named. */
const named = 3;
const again = 'write the bundle again from the same log: oneroof bundle RELEASE';

/** One problem for each cause, with the number of places and the first of them, in the order in which the causes were found. */
export function problemsOf(findings: readonly Finding[]): readonly Problem[] {
  const causes = new Map<string, Finding[]>();
  for (const one of findings) {
    const name = `${one.code} ${one.cause}`;
    const same = causes.get(name);
    if (same === undefined) causes.set(name, [one]);
    else same.push(one);
  }
  return [...causes.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const { code, cause, at, fix = again } = first;
    const others = same.slice(1).flatMap((one) => one.at ?? []);
    const text = `${at === null ? '' : `${at} `}${cause}`;
    const sentence = stated`${{ why: printable(text) }}${others.length === 0 ? '' : printable(`; the same is true of ${others.length} more: ${firstOf(others)}`)}`;
    return [{ code, ...sentence, fix }];
  });
}

/** The first of some names, and how many more there are. */
export function firstOf(names: readonly string[]): string {
  const rest = names.length - named;
  return `${names.slice(0, named).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
