import { z } from 'zod';
import { type Branded } from './brand.ts';
import { type Instant } from './clock.ts';
import { type Problem } from './errors.ts';
import { type Digest } from './frame.ts';
import { type Json } from './json-value.ts';
import { printable } from './text.ts';

/** A type whose every part is read-only: what a schema infers, as the rest of the program holds it. */
export type Immutable<T> = [Json] extends [T] ? T : Deep<T>;
type Deep<T> = T extends string | number | boolean | null | undefined
  ? T
  : { readonly [Key in keyof T]: Immutable<T[Key]> };

/** The type of what a schema lets through. */
export type Formed<Form extends z.ZodType> = Immutable<z.output<Form>>;

const branded = <T>(form: z.ZodString | z.ZodISODateTime): z.ZodType<T> => form as unknown as z.ZodType<T>;

/** A digest. */
export const digestForm = branded<Digest>(
  z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hexadecimal digits')
    .describe('`sha256:` and 64 hexadecimal digits'),
);
/** A time in the one spelling that sorts as text. */
export const instantForm = branded<Instant>(
  z.iso.datetime({ precision: 3, error: 'expected a time such as 2026-06-03T08:00:00.000Z' }).describe('RFC 3339, UTC'),
);
/** A name that our own programs gave: one visible line. What others gave (SQL, names in a database, messages) is a text, made printable where it is shown. */
export const nameForm = z
  .string()
  .refine((text) => printable(text) === text, 'expected visible characters in one line');
/** Such a name with a type of its own. */
export const namedForm = <T extends Branded<string, string> | string>(): z.ZodType<T> =>
  nameForm as unknown as z.ZodType<T>;
/** Any JSON value. */
export const jsonForm: z.ZodType<Json> = z.json();
/** An integer that the database counts in more bits than a number holds. */
export const bigForm = z.string().regex(/^-?[0-9]{1,20}$/, 'expected an integer as text');
/** Values that a sentence names, as data. */
export const statedFactsForm = z.record(z.string(), jsonForm);
/** One thing that is wrong; a later version may know further codes. */
export const problemForm = z.object({
  code: nameForm as unknown as z.ZodType<Problem['code']>,
  problem: z.string(),
  /** Absent in records of before there were facts. */
  facts: statedFactsForm.exactOptional(),
  fix: z.string(),
  place: z
    .object({ file: z.string(), line: z.number().exactOptional(), column: z.number().exactOptional() })
    .exactOptional(),
  excerpt: z.string().exactOptional(),
  detail: z.array(z.string()).exactOptional(),
});

/** A key of a file that people write, with its meaning and an example: docs/reference and the JSON Schema for editors are made from them. */
export const keyForm = <Form extends z.ZodType>(form: Form, description: string, example: Json): Form =>
  // not `examples`: zod leaves those of a form that transforms its input out
  form.meta({ description, example });

/** What a reader makes of a value: what it says, or why that cannot be read. */
export type Read<Body> =
  | { readonly readable: true; readonly body: Body }
  | { readonly readable: false; readonly reason: string };

/** Reads a value that is not trusted yet. Never throws. */
export type FormReader<Body> = (value: unknown) => Read<Body>;

/** Records nest some ten levels deep, and a stack holds thousands. */
const deepest = 64;

/**
 * The reader of a record, by the one schema of its form. A member that the schema does not name is kept and not looked at, unless the schema
 * is strict; what nests too deeply, or is of a version that this program does not know, is unreadable and says so.
 */
export function recordReader<Form extends z.ZodType>(form: Form, version = 1): FormReader<Formed<Form>> {
  return (value) => {
    const reason = shapeProblem(value) ?? versionProblem(value, version) ?? formProblem(value, form);
    // as it was recorded, not as the schema copies it: whoever shows all of it leaves nothing out
    return reason === null ? { readable: true, body: value as Formed<Form> } : { readable: false, reason };
  };
}

/** Why a value has not the form of a schema, the first of it in one line; null where it has. */
export function formProblem(value: unknown, form: z.ZodType): string | null {
  const issue = form.safeParse(value).error?.issues[0];
  if (issue === undefined) return null;
  return printable(`${issue.path.map(String).join('.') || 'body'}: ${issue.message}`);
}

function versionProblem(value: unknown, known: number): string | null {
  const { version } = Object(value) as { readonly version?: unknown };
  return typeof version !== 'number' || version === known
    ? null
    : `it has version ${version}; this program reads version ${known}`;
}

/** Counted without recursion: what is counted may be deeper than the stack. Stops: a member that would become the prototype of a copy. */
function shapeProblem(value: unknown): string | null {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= deepest; depth += 1) {
    const objects = level.filter((one) => typeof one === 'object' && one !== null);
    if (objects.length === 0) return null;
    if (objects.some((one) => Object.hasOwn(one, '__proto__'))) return 'it has a member __proto__';
    level = objects.flatMap((one) => Object.values(one));
  }
  return 'it nests too deeply';
}
