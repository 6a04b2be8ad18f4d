import { canonicalJson, type Json, OneRoofError, stated } from '../core/index.ts';
import type {
  DataFingerprint,
  Difference,
  NotProven,
  RelationRows,
  SchemaFingerprint,
  SchemaObject,
  SequencePosition,
} from './fingerprint.ts';

/**
 * Lists every property in which two schemas differ.
 *
 * Shape   sorted by kind and name; an object that one side lacks is one difference with `property` null.
 */
export function compareSchemas(before: SchemaFingerprint, after: SchemaFingerprint): readonly Difference[] {
  return before.digest === after.digest ? [] : compareObjects(before.objects, after.objects);
}

/** The same for parts of two schemas. */
export function compareObjects(before: readonly SchemaObject[], after: readonly SchemaObject[]): readonly Difference[] {
  return pairs(before, after, (object) => `${object.kind}\0${object.name}`).flatMap(([a, b]) => {
    const { kind, name } = (a ?? b) as SchemaObject;
    if (a === undefined || b === undefined)
      return [
        { in: 'schema', level: 'logical', kind, name, property: null, before: whole(a), after: whole(b) } as const,
      ];
    return (['logical', 'strict'] as const).flatMap((level) =>
      [...new Set([...Object.keys(a[level]), ...Object.keys(b[level])])].sort().flatMap((property): Difference[] => {
        const [was, is] = [a[level][property] ?? null, b[level][property] ?? null];
        return canonicalJson(was) === canonicalJson(is)
          ? []
          : [{ in: 'schema', level, kind, name, property, before: was, after: is }];
      }),
    );
  });
}

/**
 * Lists every relation and sequence in which two databases' rows differ; a relation that one side could not prove stays in `notProven`.
 *
 * Errors  INTERNAL where the two were hashed with different seeds or hashes.
 */
export function compareRows(before: DataFingerprint, after: DataFingerprint): readonly Difference[] {
  if (before.hash !== after.hash || canonicalJson(before.seeds) !== canonicalJson(after.seeds))
    throw new OneRoofError('INTERNAL', {
      ...stated`rows that were hashed with different seeds or hashes cannot be compared`,
      fix: 'this is a defect of One Roof: please report it with the command that you ran',
    });
  const open = new Set(unproven(before, after).map((entry) => entry.relation));
  const rows = pairs(before.relations, after.relations, (entry) => entry.relation).flatMap(([a, b]): Difference[] => {
    const { relation: name, kind } = (a ?? b) as RelationRows;
    const base = { in: 'rows', level: 'logical', kind, name } as const;
    if (a === undefined || b === undefined)
      return open.has(name) ? [] : [{ ...base, property: null, before: a?.rows ?? null, after: b?.rows ?? null }];
    if (a.rows !== b.rows) return [{ ...base, property: 'rows', before: a.rows, after: b.rows }];
    return a.sums.join() === b.sums.join()
      ? []
      : [{ ...base, property: 'content', before: a.sums.join(), after: b.sums.join() }];
  });
  const positions = pairs(before.sequences, after.sequences, (entry) => entry.sequence).flatMap(
    ([a, b]): Difference[] => {
      const name = a?.sequence ?? b?.sequence ?? '';
      const base = { in: 'sequence', level: 'strict', kind: 'sequence', name } as const;
      if (a === undefined || b === undefined)
        return open.has(name)
          ? []
          : [{ ...base, property: null, before: a?.lastValue ?? null, after: b?.lastValue ?? null }];
      if (isBehind(b, a))
        return [
          { ...base, level: 'logical', property: nextValue, before: String(nextOf(a)), after: String(nextOf(b)) },
        ];
      return (['lastValue', 'isCalled'] as const).flatMap((property) =>
        a[property] === b[property] ? [] : [{ ...base, property, before: a[property], after: b[property] }],
      );
    },
  );
  return [...rows, ...positions];
}

/** The property of a sequence that is behind where it was. */
export const nextValue = 'next value';

/** What `nextval` gives next, whether or not the sequence has it. */
function nextOf({ lastValue, isCalled, increment }: SequencePosition): bigint {
  return BigInt(lastValue) + (isCalled ? BigInt(increment) : 0n);
}

/** Whether a sequence will give a value again, in the direction that it had. */
function isBehind(now: SequencePosition, was: SequencePosition): boolean {
  const ahead = nextOf(now) - nextOf(was);
  return BigInt(was.increment) > 0n ? ahead < 0n : ahead > 0n;
}

/**
 * What one side or the other could not prove: no claim of equality may speak of these relations.
 *
 * Shape   sorted by name, each relation once; the reason of the side before comes first.
 */
export function unproven(before: DataFingerprint, after: DataFingerprint): readonly NotProven[] {
  return pairs(before.notProven, after.notProven, (entry) => entry.relation).map(([a, b]) => (a ?? b) as NotProven);
}

function whole(object: SchemaObject | undefined): Json {
  return object === undefined ? null : object.logical;
}

/** What has the same key on both sides, in the order of the keys. */
function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  key: (item: T) => string,
): [T | undefined, T | undefined][] {
  const [left, right] = [before, after].map((list) => new Map(list.map((item) => [key(item), item]))) as [
    Map<string, T>,
    Map<string, T>,
  ];
  return [...new Set([...left.keys(), ...right.keys()])].sort().map((name) => [left.get(name), right.get(name)]);
}
