import { z } from 'zod';
import { actors, statedFactsForm } from '../../core/index.ts';

/** What a command prints with `--json`, as it is published. */
export interface Published {
  /** The command, as a reader types it. */
  readonly command: string;
  /** The fields, for people: every field of the form is named. */
  readonly fields: string;
  readonly form: z.ZodType;
}

/** The fields that every object has: its form, and the exit status. */
export const envelope = (
  exit: z.ZodType = z.union([z.literal(0), z.literal(1)]),
): Record<'schema' | 'exit', z.ZodType> => ({
  schema: z.string(),
  exit,
});

/** Describes a command's object; a field that is not named here is a defect. */
export function published(command: string, fields: string, shape: Readonly<Record<string, z.ZodType>>): Published {
  return { command, fields, form: z.strictObject({ ...envelope(), ...shape }) };
}

/** A digest with the name of its algorithm; nothing more is promised of it. */
export const digestText = z.string().regex(/^sha256:[0-9a-f]{64}$/);
export const text = z.string();
export const texts = z.array(text);
export const countForm = z.int().nonnegative();
/** A value whose own form is another document's: an object. */
export const some = z.looseObject({});

/** What everything that is wrong, closed or held has beside its sentence: see docs/JSON.md "A finding". */
export const findingShape = {
  code: text,
  facts: statedFactsForm,
  place: z
    .strictObject({ file: text, line: z.number().exactOptional(), column: z.number().exactOptional() })
    .nullable(),
  fix: text,
  // a pattern alone: `startsWith` also writes a format that validators do not know, and warn of
  next: text.regex(/^oneroof /).nullable(),
  by: z.enum(actors),
};
/** A problem: the finding, its sentence, and what is drawn beside it. */
export const problemFindingForm = z.strictObject({
  ...findingShape,
  problem: text,
  excerpt: text.exactOptional(),
  detail: texts.exactOptional(),
});
/** A reason: the finding, and its sentence. */
export const reasonFindingForm = z.strictObject({ ...findingShape, text });
const reason = reasonFindingForm;
/** Whether a rollout, or a rollback, may run now: every command gives the same of the same state. */
export const verdict = z.strictObject({
  decision: z.enum(['GO', 'DONE', 'NO-GO']),
  direction: z.enum(['up', 'down']),
  statement: digestText.nullable(),
  runs: texts,
  stops: z.strictObject({ before: text, reason }).nullable(),
  reasons: z.array(reason),
  notAsked: texts,
  waits: z.array(countForm),
});
