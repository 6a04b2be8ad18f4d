import { z } from 'zod';
import { canonicalJson, type Formed, type Json, truncate } from '../../core/index.ts';
import { compareObjects, type DataComparison, type Difference, type SchemaDelta } from '../../fingerprint/index.ts';
import { lostForm, lostOf } from './lost.ts';
import { type ReleaseWork } from './release-work.ts';

/** An object of the schema that the forward run created, changed or dropped, as a client sees it. */
export const changeForm = z.object({
  /** PostgreSQL's word. */
  kind: z.string(),
  name: z.string(),
  change: z.enum(['made', 'changed', 'dropped']),
  /** Of a changed one; values as text, shortened. */
  properties: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
});
export type SchemaChange = Formed<typeof changeForm>;

/** What the forward run did to the schema and to existing sequences. */
export const changesForm = z.object({
  /** The first five hundred, dropped ones first, then changed ones; `count` counts all. */
  objects: z.array(changeForm),
  count: z.number(),
  /** Sequences that existed before and have another value now. */
  sequences: z.array(z.string()),
  /** What objects lost when they were created again; absent in older records. */
  lost: z.array(lostForm).exactOptional(),
});
export type SchemaChanges = Formed<typeof changesForm>;

/** How many objects the record keeps, and how many characters of a value. */
const kept = 500;
const valueCharacters = 400;

const weights: readonly SchemaChange['change'][] = ['dropped', 'changed', 'made'];

/** The changes of the schema between two moments, one for each object. What only a strict comparison counts is left out. */
export function changesOf(delta: SchemaDelta, data: DataComparison, work: ReleaseWork): SchemaChanges {
  const found = new Map<string, Difference[]>();
  const differences = compareObjects(delta.originals, delta.objects);
  for (const one of differences) {
    if (one.level !== 'logical') continue;
    const key = canonicalJson([one.kind, one.name]);
    found.set(key, [...(found.get(key) ?? []), one]);
  }
  const objects = [...found.values()].flatMap(([first, ...rest]): SchemaChange[] => {
    if (first === undefined) return [];
    const { kind, name } = first;
    if (first.property === null)
      return [{ kind, name, change: first.before === null ? 'made' : 'dropped', properties: [] }];
    const properties = [first, ...rest].map(({ property, before, after }) => ({
      name: property ?? '',
      before: shown(before),
      after: shown(after),
    }));
    return [{ kind, name, change: 'changed', properties }];
  });
  const sequences = data.differences.filter((one) => one.in === 'sequence' && one.property !== null);
  return {
    objects: objects.toSorted((a, b) => weights.indexOf(a.change) - weights.indexOf(b.change)).slice(0, kept),
    count: objects.length,
    sequences: [...new Set(sequences.map(({ name }) => name))],
    lost: [...lostOf(differences, work)],
  };
}

function shown(value: Json): string {
  const text = value === null ? 'none' : typeof value === 'string' ? value : canonicalJson(value);
  return truncate(text, valueCharacters);
}
