import { z } from 'zod';
import { type Formed, nameForm } from '../core/index.ts';
import { type DriftDifference, type Footprint } from './footprint.ts';

/** One object of a schema, with a digest of its logical properties. */
export interface ListedObject {
  /** PostgreSQL's word: `table`, `column`, `index`, … */
  readonly kind: string;
  /** Qualified and quoted as in SQL. */
  readonly name: string;
  /** 16 hex digits. */
  readonly digest: string;
}

const differenceForm = z.object({
  kind: nameForm,
  name: z.string(),
  /** `gone`: only before. `new`: only after. */
  change: z.enum(['gone', 'new', 'changed']),
});
/** An object whose logical properties differ between two schemas. */
export type ObjectDifference = Formed<typeof differenceForm>;

/** Differences in objects that a release does not depend on: the first ones by name, and how many. */
export const unrelatedForm = z.object({ count: z.number(), objects: z.array(differenceForm) });
export type Unrelated = Formed<typeof unrelatedForm>;

/** What a rehearsal says of the schema that it began with. */
export interface RehearsedSchema {
  readonly footprint: Footprint;
  /** Null: the schema was too large to be listed. */
  readonly listing: readonly string[] | null;
}

/** What differs beside a footprint, in one sentence. */
export function explainUnrelated({ count, objects }: Unrelated): string {
  const named = objects.slice(0, 5).map(({ kind, name, change }) => `${kind} ${name} (${change})`);
  return `${named.join(', ')}${count > named.length ? `, and ${count - named.length} more` : ''}`;
}

/**
 * Names the objects in which two listings differ.
 *
 * Shape   sorted by kind and name; each name once, also where several objects have it.
 */
export function differingObjects(
  before: readonly ListedObject[],
  after: readonly ListedObject[],
): readonly ObjectDifference[] {
  const [was, is] = [byName(before), byName(after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((key): ObjectDifference[] => {
    const [one, other] = [was.get(key), is.get(key)];
    if (one === other) return [];
    const [kind = '', name = ''] = key.split('\0');
    return [{ kind, name, change: one === undefined ? 'new' : other === undefined ? 'gone' : 'changed' }];
  });
}

/** The digests of each name, in their own order. */
function byName(objects: readonly ListedObject[]): ReadonlyMap<string, string> {
  const found = new Map<string, string[]>();
  for (const { kind, name, digest } of objects) {
    const key = `${kind}\0${name}`;
    found.set(key, [...(found.get(key) ?? []), digest]);
  }
  return new Map([...found].map(([key, digests]) => [key, digests.sort().join(' ')]));
}

/** Objects that a listing in a record holds: a larger schema is not listed there. */
const mostListed = 20_000;

/** A listing as a record holds it, a line for each object; null where there are too many. */
export function listed(objects: readonly ListedObject[]): readonly string[] | null {
  return objects.length > mostListed ? null : objects.map(({ kind, name, digest }) => `${kind}: ${name} ${digest}`);
}

/** The objects of a listing in a record. */
export function unlisted(lines: readonly string[]): readonly ListedObject[] {
  return lines.map((line) => {
    const [, kind = '', name = '', digest = ''] = /^([a-z ]+): (.*) ([0-9a-f]{16})$/s.exec(line) ?? [];
    return { kind, name, digest };
  });
}

/** Differences in objects outside a footprint, without its drift. */
export function besideFootprint(
  differences: readonly ObjectDifference[],
  of: { readonly footprint: Footprint; readonly drift: readonly DriftDifference[] },
): readonly ObjectDifference[] {
  const { before, after } = of.footprint;
  const own = new Set([
    ...Object.keys(before),
    ...after.flatMap(({ changes }) => Object.keys(changes)),
    ...of.drift.map(({ object }) => object),
  ]);
  return differences.filter(({ kind, name }) => !own.has(`${kind}: ${name}`));
}
