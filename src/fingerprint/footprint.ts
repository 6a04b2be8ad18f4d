import { z } from 'zod';
import { canonicalJson, digest, type Digest, digestForm, type Formed, type Json } from '../core/index.ts';

const texts = z.array(z.string());
const objects = z.record(z.string(), z.string());
const json = z.custom<Json>((value) => value !== undefined);

const differenceForm = z.strictObject({
  /** Kind and name: `index: app.orders_channel`. */
  object: z.string(),
  /** Null: the object came or went. */
  property: z.string().nullable(),
  /** Null: it was not there. */
  expected: json.nullable(),
  /** Null: it is not there. */
  found: json.nullable(),
});
/** A property of one object that is not as it was in rehearsal. */
export type DriftDifference = Formed<typeof differenceForm>;
export const driftForm = z.array(differenceForm);

/** What decides which objects a footprint has. */
const anchorsForm = z.strictObject({
  /** Schema and name of each relation that the release uses: it counts with all that hangs on it. */
  relations: z.array(z.tuple([z.string(), z.string()])),
  /** A new relation of such a name counts, in one of the schemas. */
  relationNames: texts,
  /** Routines, operators, types and collations of such a name count, in one of the schemas. */
  names: texts,
  schemas: texts,
  /** The role that runs the release: its default privileges count. */
  owner: z.string(),
});
export type Anchors = Formed<typeof anchorsForm>;

const stateForm = z.strictObject({
  direction: z.enum(['up', 'down']),
  tier: z.string(),
  /** In a tier that commits its steps one by one; null: after the tier. */
  step: z.int().min(1).nullable(),
  /** What changed since the state before it in the list, or since before the release; null: it is not there. */
  changes: z.record(z.string(), z.string().nullable()),
});
export type FootprintState = Formed<typeof stateForm>;

/**
 * The objects that a release depends on, as they were in rehearsal before it and after each tier. People sign its digest.
 *
 * Shape   objects by `kind: name`, each with its logical properties as the text of a JSON object, by PostgreSQL.
 * Source  docs/FORMAT.md "Footprint".
 */
export const footprintForm = z.strictObject({
  format: z.literal(1),
  anchors: anchorsForm,
  before: objects,
  after: z.array(stateForm),
  /** Objects that the release declares to vary. */
  varies: texts,
  /** The result of `gate.schema_digest()` before the release, for a policy that compares the whole schema. */
  whole: digestForm,
});
export type Footprint = Formed<typeof footprintForm>;

/** The differences that people accept for a rollback: exactly these. */
export interface Acceptance {
  readonly format: 1;
  readonly accepts: readonly DriftDifference[];
}

/** What the descriptor of a target names as its schema. */
export function footprintDigest(footprint: Footprint | Acceptance): Digest {
  return digest('footprint', [canonicalJson(footprint)]);
}

/** A place in a release: after a tier, or after a step that is committed by itself. */
export type FootprintPoint = Omit<FootprintState, 'changes'>;

/** The states at each place, in order, each as changes from the previous one. */
export function statesSince(
  before: Readonly<Record<string, string>>,
  points: readonly { readonly at: FootprintPoint; readonly objects: Readonly<Record<string, string>> }[],
): readonly FootprintState[] {
  return points.map(({ at, objects: found }, place) => ({
    ...at,
    changes: changesSince(points[place - 1]?.objects ?? before, found),
  }));
}

/** How objects differ from the previous state. */
function changesSince(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) changes[key] = null;
  for (const [key, value] of Object.entries(after)) if (before[key] !== value) changes[key] = value;
  return changes;
}

/** A difference as text. */
export function explainDrift({ object, property, expected, found }: DriftDifference): string {
  const name = object.replace(': ', ' ');
  if (property !== null) return `${name}: ${property} is ${said(found)}; in rehearsal it was ${said(expected)}`;
  return found === null ? `${name} is missing, but existed in rehearsal` : `${name} did not exist in rehearsal`;
}

const said = (value: Json | null): string => (value === null ? 'nothing' : canonicalJson(value).slice(0, 200));

/** Properties that say what a routine, a view or a trigger does: a person who accepts a change must read all of it. */
const readWhole = ['source', 'definition', 'body', 'using', 'withCheck', 'default'];

/** A difference as text, with all SQL that it runs. */
export function explainDriftWhole(difference: DriftDifference): string {
  const { property, expected, found } = difference;
  const said = explainDrift(difference);
  const whole = (value: Json | null): string =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value)
          .flatMap(([name, part]) => (readWhole.includes(name) && typeof part === 'string' ? [part] : []))
          .join('\n')
      : typeof value === 'string'
        ? value
        : '';
  if (property === null) return found === null ? said : [said, whole(found)].filter((one) => one !== '').join('\n');
  if (!readWhole.includes(property)) return said;
  const name = difference.object.replace(': ', ' ');
  return `${name}: ${property} differs from the rehearsed one. It is now:\n${whole(found)}\nIt was:\n${whole(expected)}`;
}
