import { z } from 'zod';
import { type Milliseconds, parseDuration } from '../core/index.ts';
import { certificatesOf, readCertificate } from './certificate.ts';
import { type Policy } from './documents.ts';
import { isSoftware } from './models.ts';
import { highestLevel } from './seats.ts';

/** At most a year, so that an instant plus a few of them is a time that JavaScript and PostgreSQL can write. */
const longest = 366 * 86_400_000;
const allowed = (value: number | null): value is Milliseconds =>
  value !== null && Number.isInteger(value) && value > 0 && value <= longest;

/** How people write a duration. */
export const writtenDuration: z.ZodType<Milliseconds> = z.string().transform((text, context): Milliseconds => {
  const value = parseDuration(text);
  if (allowed(value)) return value;
  context.addIssue({
    code: 'custom',
    message: 'expected a length of time above zero and up to 366d, such as 30min or 24h',
  });
  return z.NEVER;
});

/** How a duration is written in the canonical document. */
export const canonicalDuration: z.ZodType<Milliseconds> = z.custom<Milliseconds>(
  (value) => typeof value === 'number' && allowed(value),
  'expected whole milliseconds above zero and up to 366 days',
);

const seat = z.strictObject({
  level: z.int().min(1).max(highestLevel),
  device: z.enum(['any', 'bound']).default('any'),
});
const seats = z.array(seat).min(1, 'expected at least one seat').max(32);

/** A scheme and a host as browsers write them, with a port where it is not the scheme's own: nothing that JSON would escape. */
const origin = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && /^[a-z0-9.:/-]+$/.test(text);
}, 'expected an origin as browsers write it, such as https://gate.example.org, without a slash at its end');

const rpId = z
  .string()
  .regex(
    /^(?:localhost|(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?)$/,
    'expected a domain name, such as gate.example.org',
  );

/** How the model of an authenticator is written. */
export const aaguid = z
  .string()
  .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'expected an AAGUID: a UUID in lower case');

/** How software is named in a registry. */
const softwareId = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,62})$/, 'expected an id of lower-case letters, digits, dots, hyphens');

/** Reads a file that a policy names, or says why that cannot be done. */
export type ReadFile = (name: string) => { readonly text: string } | { readonly problem: string };

/** A certificate of an authority, in the one spelling of its base64. */
const root = z.string().refine((text) => {
  const der = Buffer.from(text, 'base64');
  return der.toString('base64') === text && readCertificate(der)?.basic?.ca === true;
}, 'expected certificates of authorities (basic constraints CA)');
const mostRoots = 64;

/** How roots are written in the canonical document: base64 of DER. */
export const canonicalRoots: z.ZodType<string[], string[]> = z
  .array(root)
  .min(1, 'expected at least one root')
  .max(mostRoots);

/** How roots are written by people: names of PEM files, relative to the policy's own. */
export function writtenRoots(read: ReadFile): z.ZodType<string[]> {
  return z
    .array(z.string().min(1))
    .min(1, 'expected at least one file of certificates')
    .transform((names, context): string[] =>
      names.flatMap((name, index) => {
        const file = read(name);
        const found = 'text' in file ? certificatesOf(file.text) : [];
        const message = 'problem' in file ? file.problem : `${name} contains no certificate in PEM`;
        if (found.length === 0) context.addIssue({ code: 'custom', path: [index], message });
        return [...found];
      }),
    )
    .pipe(canonicalRoots);
}

/** The form of a policy; a key that is not named here is refused. Lengths of time and roots come in two spellings. */
export function policyForm({
  duration,
  roots,
}: {
  readonly duration: z.ZodType<Milliseconds>;
  readonly roots: z.ZodType<string[]>;
}): z.ZodType<Policy> {
  return z
    .strictObject({
      format: z.literal(1),
      name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected a name of lower-case letters, digits, hyphens'),
      production: z.boolean(),
      origin,
      rpId,
      seats,
      oneWaySeats: z.array(seat).max(32).default([]),
      window: z
        .strictObject({ longest: duration, review: duration, rollback: duration })
        .refine((window) => window.review <= window.longest, {
          path: ['review'],
          message: 'the review is longer than the longest validity',
        }),
      rehearsal: z.strictObject({
        maxAge: duration,
        by: z
          .array(softwareId)
          .min(1, 'expected at least one id of software of the registry')
          .max(64)
          .refine(
            (list) => list.every((one, index) => index === 0 || (list[index - 1] ?? '') < one),
            'expected ids that are sorted, none twice',
          )
          .exactOptional(),
        sampled: z.literal('allowed').exactOptional(),
      }),
      drift: z.enum(['none', 'unrelated']).exactOptional(),
      holdPoints: z
        .array(
          z.strictObject({
            before: z.string().regex(/^[1-9][0-9]*-[a-z0-9][a-z0-9-]*$/, 'expected a tier, such as 3-ownership'),
            seats,
          }),
        )
        .default([]),
      quorum: seats,
      authenticators: z
        .strictObject({
          aaguids: z
            .array(aaguid)
            .min(1, 'expected at least one AAGUID, or null for every one')
            .nullable()
            .default(null),
          attestation: z.enum(['required', 'none']).default('required'),
          roots: roots.exactOptional(),
        })
        .default({ aaguids: null, attestation: 'required' }),
    })
    .superRefine(
      (form, context) =>
        checkWhole(form, (path, message) => context.addIssue({ code: 'custom', path: [...path], message })),
      {
        // also where a part is wrong: a reader hears of everything at once
        when: ({ value }) => typeof value === 'object' && value !== null,
      },
    );
}

/** An invalid part is undefined here, or as it was written. */
type Loose = { readonly [Key in keyof Policy]?: unknown };
type Add = (path: readonly (string | number)[], message: string) => void;

function checkWhole(form: Loose, add: Add): void {
  checkOrigin(form, add);
  for (const [index, tier] of list(form.holdPoints)
    .map((point) => record(point)['before'])
    .entries())
    if (list(form.holdPoints).findIndex((point) => record(point)['before'] === tier) < index)
      add(['holdPoints', index, 'before'], `the hold point before ${String(tier)} is duplicated`);
  const { aaguids, attestation, roots } = record(form.authenticators);
  if (attestation === 'none' && roots !== undefined)
    add(['authenticators', 'roots'], 'roots are named, but attestation is none, so they would not be used');
  if (list(roots).some((one, index) => list(roots).indexOf(one) < index))
    add(['authenticators', 'roots'], 'a root is duplicated');
  for (const [index, model] of list(aaguids).entries()) {
    if (list(aaguids).indexOf(model) < index) add(['authenticators', 'aaguids', index], 'this AAGUID is duplicated');
    if (form.production !== false && typeof model === 'string' && isSoftware({ aaguid: model }))
      add(
        ['authenticators', 'aaguids', index],
        'production does not allow a virtual authenticator, or one without a model: it signs without a person',
      );
  }
}

function checkOrigin({ origin: page, rpId: site, production }: Loose, add: Add): void {
  const url = typeof page === 'string' && URL.canParse(page) ? new URL(page) : null;
  if (production !== false && (site === 'localhost' || url?.hostname === 'localhost'))
    add(['rpId'], 'production does not allow localhost: another program of the machine can take the port');
  if (url === null) return;
  if (typeof site === 'string' && url.hostname !== site && !url.hostname.endsWith(`.${site}`))
    add(['rpId'], `expected ${url.hostname}, the host of the origin, or a domain above it`);
  if (url.protocol !== 'http:') return;
  if (production !== false) add(['origin'], 'expected https for production');
  else if (url.hostname !== 'localhost') add(['origin'], 'expected https: with http, passkeys work only on localhost');
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
