import { z } from 'zod';
import { digestForm, instantForm, printable } from '../core/index.ts';
import { type Registry } from './documents.ts';
import { isPoint } from './passkey.ts';
import { aaguid } from './policy-form.ts';
import { rights } from './rights.ts';
import { highestLevel } from './seats.ts';

/** A text that people read before they decide: no invisible and no bidirectional characters. */
const shown = z
  .string()
  .min(1)
  .max(100)
  .refine((text) => text.trim() === text && printable(text) === text, 'expected visible characters in one line');

const id = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,62})$/, 'expected an id of lower-case letters, digits, dots, hyphens');

/** One spelling for one value: unused bits of the last character would give the same credential a second name. */
const credential = z
  .string()
  .refine(
    (text) => /^[A-Za-z0-9_-]{1,1364}$/.test(text) && Buffer.from(text, 'base64url').toString('base64url') === text,
    'expected base64url without padding, of 1 to 1023 bytes',
  );

const coordinateForm = /^[0-9a-f]{64}$/;
const coordinate = z.string().regex(coordinateForm, 'expected 64 lower-case hexadecimal digits');

/** Base64url in its one spelling. */
const bytes = z
  .string()
  .max(65_536)
  .refine(
    (text) => text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text,
    'expected base64url without padding',
  );

const attestation = z.strictObject({
  at: instantForm,
  object: bytes,
  clientData: bytes,
});

const key = z
  .strictObject({
    credential,
    x: coordinate,
    y: coordinate,
    aaguid,
    device: z.enum(['bound', 'synced']),
    label: shown,
    attestation: attestation.exactOptional(),
  })
  // what is no coordinate has been said already
  .refine(
    (one) => isPoint(one) || ![one.x, one.y].every((part) => coordinateForm.test(part)),
    'the public key x, y is not a point of P-256',
  );

/** An Ed25519 key in OpenSSH's form: its blob is always the same 19 bytes and then 32 of the key. */
const softwareKey = z
  .string()
  .regex(
    /^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}$/,
    'expected ssh-ed25519 and its base64 key, without a comment',
  );

/** The rights of a key, in one order, so that one set has one digest. */
const may = z
  .array(z.enum(rights))
  .min(1, `expected at least one of ${rights.join(', ')}`)
  .refine(
    (list) => list.every((one, index) => index === 0 || (list[index - 1] ?? '') < one),
    'expected rights that are sorted, none twice',
  );

/** What the rules between persons and keys need: they are checked even if another part is wrong. */
const comparable = z.object({
  version: z.number(),
  previous: z.string().nullable(),
  persons: z.array(
    z.object({
      id: z.string(),
      keys: z.array(z.object({ x: z.string(), y: z.string(), credential: z.string() })),
    }),
  ),
  software: z.array(z.object({ id: z.string(), key: z.string() })),
});

/** The form of a registry; a key that is not named here is refused. */
export const registryForm: z.ZodType<Registry> = z
  .strictObject({
    format: z.literal(1),
    version: z.int().min(1).max(1_000_000_000),
    previous: digestForm.nullable(),
    persons: z.array(
      z.strictObject({
        id,
        name: shown,
        level: z.int().min(1).max(highestLevel),
        keys: z.array(key).max(32),
      }),
    ),
    software: z.array(z.strictObject({ id, key: softwareKey, may })).default([]),
  })
  .superRefine(
    (registry, context) => {
      for (const { path, message } of [
        ...versionProblems(registry),
        ...orderProblems(registry),
        ...twiceProblems(registry),
      ])
        context.addIssue({ code: 'custom', path, message });
    },
    { when: ({ value }) => comparable.safeParse(value).success },
  );

interface Broken {
  readonly path: (string | number)[];
  readonly message: string;
}

function versionProblems({ version, previous }: Registry): readonly Broken[] {
  if ((version === 1) === (previous === null)) return [];
  const message =
    version === 1
      ? 'the first version has no previous version: expected null'
      : `version ${version} names the digest of version ${version - 1}`;
  return [{ path: ['previous'], message }];
}

/** One order, so that one set of persons has one digest. */
function orderProblems({ persons }: Registry): readonly Broken[] {
  return persons.flatMap((person, index) => {
    const before = persons[index - 1];
    return before === undefined || before.id <= person.id
      ? []
      : [
          {
            path: ['persons', index, 'id'],
            message: `persons must be sorted by id: ${person.id} comes before ${before.id}`,
          },
        ];
  });
}

/**
 * What must be unique in the whole registry. A public key under two ids, or two credentials, would let one authenticator fill two seats.
 */
function twiceProblems({ persons, software }: Registry): readonly Broken[] {
  const keys = persons.flatMap((person, at) =>
    person.keys.map((one, index) => ({ ...one, owner: person.id, path: ['persons', at, 'keys', index] })),
  );
  return [
    ...twice(
      [
        ...persons.map((person, index) => ({ value: person.id, owner: 'a person', path: ['persons', index, 'id'] })),
        ...software.map((agent, index) => ({ value: agent.id, owner: 'software', path: ['software', index, 'id'] })),
      ],
      'the id',
    ),
    ...twice(
      keys.map(({ x, y, owner, path }) => ({ value: `${x} ${y}`, owner, path: [...path, 'x'] })),
      'this public key',
    ),
    ...twice(
      keys.map(({ credential: value, owner, path }) => ({ value, owner, path: [...path, 'credential'] })),
      'this credential',
    ),
    ...twice(
      software.map((agent, index) => ({ value: agent.key, owner: agent.id, path: ['software', index, 'key'] })),
      'this key',
    ),
  ];
}

function twice(
  entries: readonly { readonly value: string; readonly owner: string; readonly path: (string | number)[] }[],
  what: string,
): readonly Broken[] {
  return entries.flatMap(({ value, path }, index) => {
    const first = entries.findIndex((entry) => entry.value === value);
    const owner = entries[first]?.owner ?? '';
    return first === index ? [] : [{ path, message: `${what} is duplicated: ${owner} has it already` }];
  });
}
