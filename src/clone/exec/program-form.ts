import { z } from 'zod';
import { type Formed, instantForm, nameForm } from '../../core/index.ts';

/** The version of what is said between One Roof and a program. */
export const programVersion = 1;

/** A text of one visible line, at most so long. */
const line = (most: number) =>
  nameForm.refine((text) => text.length > 0 && text.length <= most, `expected 1 to ${most} characters`);

const named = { name: line(63).describe('Begins with `place` and a hyphen: lower-case letters, digits and hyphens.') };
const asked = {
  version: z.literal(programVersion),
  request: line(63).describe(
    'Names what is made. It is the same when a call is repeated, and in all calls on one clone.',
  ),
  place: line(40).describe('The mark of this installation: what the program makes carries it, by its name.'),
};
const golden = z
  .strictObject({ ...named, id: line(500).describe('As the program answered it.') })
  .describe('The golden copy that the clone is made of.');
const expires = instantForm.describe(
  'Nobody needs the clone after that. Asked again with another time, it is wanted so long.',
);

/** What a program is asked, as one JSON object on its standard input. */
export const programRequestForm = z.discriminatedUnion('verb', [
  z.strictObject({ ...asked, verb: z.literal('probe') }),
  z.strictObject({ ...asked, verb: z.literal('golden'), ...named }),
  z.strictObject({ ...asked, verb: z.literal('clone'), ...named, golden, expires, purpose: z.string() }),
  z.strictObject({ ...asked, verb: z.literal('reset'), ...named, golden, expires, purpose: z.string() }),
  z.strictObject({ ...asked, verb: z.literal('drop'), ...named, kind: z.enum(['golden', 'clone']) }),
  z.strictObject({ ...asked, verb: z.literal('list') }),
]);
export type ProgramRequest = Formed<typeof programRequestForm>;
export type ProgramVerb = ProgramRequest['verb'];

const answered = {
  version: z.literal(programVersion),
  request: line(63).describe('That of the request.'),
};

const connection = z
  .strictObject({
    host: z
      .string()
      .regex(
        /^(?:[A-Za-z0-9._:-]{1,255}|\/[A-Za-z0-9._/-]{1,200})$/,
        'expected a host name, an address, or the folder of a socket',
      ),
    port: z.int().min(1).max(65_535),
    user: line(63),
    database: line(63),
    sslmode: z.enum(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']).exactOptional(),
    sslrootcert: line(500).exactOptional(),
    password: z.string().min(1).max(4096).exactOptional().describe('It is kept in memory alone, and never shown.'),
    passwordFrom: line(200)
      .exactOptional()
      .describe('Or the environment variable that holds it, one of those under `env`.'),
  })
  .refine((form) => form.password === undefined || form.passwordFrom === undefined, 'expected password or passwordFrom')
  .describe('As its administrator. Not the address of a pooler.');
export type ProgramConnection = Formed<typeof connection>;

const connected = z.strictObject({ ...answered, id: line(500), connection });

/** What a program answers, as one JSON object on its standard output, by verb. */
export const programAnswerForms = {
  probe: z.strictObject({ ...answered, program: line(200).describe('Its name and version, for people.') }),
  golden: z.strictObject({
    ...answered,
    id: line(500).describe('What the service calls it.'),
    takenAt: instantForm.describe('The state of which time it has.'),
    said: z.array(line(300)).max(20).exactOptional().describe('What people should know of it. Shown as not checked.'),
  }),
  clone: connected,
  reset: connected,
  drop: z.strictObject(answered).describe('Given once it is gone, also where it was not there.'),
  list: z.strictObject({
    ...answered,
    objects: z
      .array(z.strictObject({ kind: z.enum(['golden', 'clone']), ...named, id: line(500) }))
      .max(10_000)
      .describe('What is there whose name begins with `place` and a hyphen, and nothing else.'),
  }),
} as const satisfies Record<ProgramVerb, z.ZodType>;
export type ProgramAnswer<Verb extends ProgramVerb> = Formed<(typeof programAnswerForms)[Verb]>;

/** docs/clone-program.schema.json: requests and answers as JSON Schema. */
export function programSchema(): object {
  const of = (form: z.ZodType): object => {
    const { $schema: _, ...rest } = z.toJSONSchema(form, { unrepresentable: 'any' });
    return rest;
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The program of the clone provider "exec"',
    description:
      'Standard input: a request. Standard output: the answer of its verb. Made from src/clone/exec/program-form.ts.',
    $defs: {
      request: of(programRequestForm),
      ...Object.fromEntries(Object.entries(programAnswerForms).map(([verb, form]) => [`answer-${verb}`, of(form)])),
    },
  };
}
