import { z } from 'zod';
import { canonicalJson, type Formed, type Json, truncate } from '../../core/index.ts';
import { compareObjects, type DataComparison, type Difference, type SchemaDelta } from '../../fingerprint/index.ts';
import { lostForm, lostOf } from './lost.ts';
import { type ConcernedTable, emptiedBy, type ReleaseWork, unmatchedBy } from './release-work.ts';

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

/** A table, the statement as `file:line`, and whether it names the table. */
const concernedForm = z.object({ relation: z.string(), by: z.string(), named: z.boolean() });

/** What the forward run did to the schema and to existing sequences. */
export const changesForm = z.object({
  /** The first five hundred, dropped ones first, then changed ones; `count` counts all. */
  objects: z.array(changeForm),
  count: z.number(),
  /** Sequences that existed before and have another value now. */
  sequences: z.array(z.string()),
  /** What objects lost when they were created again; absent in older records. */
  lost: z.array(lostForm).exactOptional(),
  /** Tables with rows that a statement emptied by TRUNCATE, or by CASCADE of one; absent in older records. */
  emptied: z.array(concernedForm.extend({ rows: z.string() })).exactOptional(),
  /** Tables with rows of which a statement that was to write changed none; absent in older records. */
  unmatched: z.array(concernedForm.extend({ rowSecurity: z.boolean() })).exactOptional(),
  /** Indexes that IF NOT EXISTS found, with their definitions; absent in older records. */
  skipped: z.array(z.string()).exactOptional(),
  /** Sequences that are behind the values of their columns after rows were inserted; absent in older records. */
  behind: z.array(z.object({ text: z.string(), fix: z.string() })).exactOptional(),
});
export type SchemaChanges = Formed<typeof changesForm>;

/** How many objects the record keeps, and how many characters of a value. */
const kept = 500;
const valueCharacters = 400;

const weights: readonly SchemaChange['change'][] = ['dropped', 'changed', 'made'];

/** The changes of the schema between two moments, one for each object. What only a strict comparison counts is left out. */
export function changesOf(
  delta: SchemaDelta,
  data: DataComparison,
  { behind, skipped, ...work }: ReleaseWork & Pick<Required<SchemaChanges>, 'behind' | 'skipped'>,
): SchemaChanges {
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
    emptied: emptiedBy(work).flatMap((one) => {
      // how many there were, the comparison with the golden copy says
      const rows = data.differences.find(({ name, property }) => name === one.relation && property === 'rows')?.before;
      return typeof rows !== 'string' || rows === '0' ? [] : [{ ...placed(one), rows }];
    }),
    unmatched: unmatchedBy(work).map((one) => ({ ...placed(one), rowSecurity: one.rowSecurity })),
    behind,
    skipped,
  };
}

function placed({ relation, by, named }: ConcernedTable): Formed<typeof concernedForm> {
  return { relation, by: `${by.file}:${by.line}`, named };
}

/** What the forward run did to rows in a way that is easily missed, in sentences; empty where there is nothing. */
export function explainRows(
  changes: SchemaChanges | null | undefined,
): Readonly<Record<'emptied' | 'unmatched' | 'behind' | 'skipped', readonly string[]>> {
  const { emptied = [], unmatched = [], behind = [], skipped = [] } = changes ?? {};
  return {
    emptied: emptied.map(
      ({ relation, rows, by, named }) => `${relation}: ${rows} rows (${by}${named ? '' : ', which does not name it'})`,
    ),
    unmatched: unmatched.map(
      ({ relation, by, rowSecurity }) =>
        `${by} changed no row, although ${relation} has rows${rowSecurity ? ': row security hides rows of it from the role that runs it' : ''}`,
    ),
    skipped,
    behind: behind.map(({ text, fix }) => `${text}; ${fix}`),
  };
}

function shown(value: Json): string {
  const text = value === null ? 'none' : typeof value === 'string' ? value : canonicalJson(value);
  return truncate(text, valueCharacters);
}
