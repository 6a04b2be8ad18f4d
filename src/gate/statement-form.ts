import { z } from 'zod';
import { type Digest, type Instant, isDigest } from '../core/index.ts';
import { type Opens, type Ratification, type StatementDigest } from '../evidence/index.ts';

/** Somebody will not ratify, and says why. It is kept and shown; a decline closes nothing by itself. */
export interface Decline {
  readonly decision: 'decline';
  readonly reason: string;
  /** The ratification that is declined. */
  readonly statement: Digest;
  readonly nonce: string;
}

/**
 * Any one enrolled person closes the way forward of a ratification at once; its way back stays open. Of a registry or policy that is not in
 * force yet it withdraws that person's own signature, and no other.
 */
export interface Revocation {
  readonly reason: string;
  readonly nonce: string;
}

/** A quorum of the policy in force lets another policy in, once, within its time. */
export interface PolicyChange {
  /** The document that it follows: its digest, and its number among those of its kind that were in force, from 1. */
  readonly previous: Digest;
  readonly number: number;
  readonly notBefore: Instant;
  readonly expires: Instant;
  readonly nonce: string;
}

/** A quorum of the registry in force lets the next version in, once, within its time. */
export interface RegistryChange extends PolicyChange {
  readonly version: number;
}

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const nonce = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits');
const digest = z.custom<Digest>(
  (value) => typeof value === 'string' && isDigest(value),
  'expected sha256: and 64 lower-case hexadecimal digits',
);
/** In the four-digit years: others have another length, and do not sort as text. */
const instant = z.custom<Instant>((value) => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false;
  const milliseconds = Date.parse(value);
  return Number.isFinite(milliseconds) && new Date(milliseconds).toISOString() === value;
}, 'expected a time such as 2026-06-03T08:00:00.000Z');
/** PostgreSQL holds no U+0000, and a lone surrogate has no bytes. */
const storable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');
const words = z
  .string()
  .min(1, 'expected a text that is not empty')
  .max(2000)
  .refine(storable, 'expected characters that can be stored');
const name = z.string().min(1).max(200).refine(storable, 'expected characters that can be stored');

const ascending = (values: readonly string[]): boolean =>
  values.every((value, index) => index === 0 || (values[index - 1] ?? '') < value);

const tier = z.string().regex(/^[1-9][0-9]*-[a-z0-9][a-z0-9-]*$/, 'expected a tier, such as 3-ownership');
const cycle = digest as unknown as z.ZodType<StatementDigest>;
const opens: z.ZodType<Opens> = z.discriminatedUnion('what', [
  z.strictObject({ what: z.literal('rollout') }),
  z.strictObject({ what: z.literal('tier'), tier, cycle }),
  z.strictObject({ what: z.literal('rollback'), cycle }),
]);

type Window = { readonly notBefore: unknown; readonly expires: unknown };
function requireWindow({ notBefore, expires }: Window, context: z.RefinementCtx): void {
  if (typeof notBefore === 'string' && typeof expires === 'string' && !(notBefore < expires))
    context.addIssue({ code: 'custom', path: ['expires'], message: 'expected a time after notBefore' });
}
/** Also where a part is wrong: a reader hears of everything at once. */
const isObject = ({ value }: { readonly value: unknown }): boolean => typeof value === 'object' && value !== null;

const ratification: z.ZodType<Ratification> = z
  .strictObject({
    decision: z.literal('ratify'),
    targets: z.strictObject({ root: hash, size: z.int().min(1) }),
    evidence: z
      .array(
        z.strictObject({ kind: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'expected a kind of evidence'), digest }),
      )
      .refine(
        (entries) => ascending(entries.map((entry) => `${entry.kind} ${entry.digest}`)),
        'expected entries sorted by kind and digest, none twice',
      ),
    rehearsedAt: instant,
    policy: digest,
    registry: z.strictObject({ version: z.int().min(1), digest }),
    authors: z.array(name).refine(ascending, 'expected names that are sorted, none twice'),
    opens,
    notBefore: instant,
    expires: instant,
    log: z.strictObject({ size: z.int().min(0), root: hash }),
    dossier: digest,
    sealedAt: instant,
    nonce,
  })
  .superRefine(requireWindow, { when: isObject });

const follows = {
  previous: digest,
  number: z.int().min(1),
  notBefore: instant,
  expires: instant,
  nonce,
};
const policyChange: z.ZodType<PolicyChange> = z.strictObject(follows).superRefine(requireWindow, { when: isObject });
const registryChange: z.ZodType<RegistryChange> = z
  .strictObject({ version: z.int().min(2), ...follows })
  .superRefine(requireWindow, { when: isObject });

/** A statement's outer form, common to all kinds; a member that is not named in it is refused. */
const statement = <Kind extends string, Predicate>(kind: Kind, predicate: z.ZodType<Predicate>) =>
  z.strictObject({
    _type: z.literal('https://in-toto.io/Statement/v1'),
    subject: z.tuple([z.strictObject({ name, digest: z.strictObject({ sha256: hash }) })]),
    predicateType: z.literal(`urn:oneroof:${kind}:v1` as const),
    predicate,
  });

/** The forms of what persons sign with passkeys, by kind. */
export const statementForms = {
  ratification: statement('ratification', ratification),
  decline: statement<'decline', Decline>(
    'decline',
    z.strictObject({ decision: z.literal('decline'), reason: words, statement: digest, nonce }),
  ),
  revocation: statement<'revocation', Revocation>('revocation', z.strictObject({ reason: words, nonce })),
  registry: statement<'registry', RegistryChange>('registry', registryChange),
  policy: statement<'policy', PolicyChange>('policy', policyChange),
} as const;

/** The kinds of statements that persons sign. */
export type PersonKind = keyof typeof statementForms;

/** A statement of one kind that persons sign. */
export type PersonStatement<Kind extends PersonKind = PersonKind> = {
  [Each in Kind]: z.output<(typeof statementForms)[Each]> & { readonly kind: Each };
}[Kind];

/** The kind that a predicate type names, or null where it is none that persons sign. */
export function kindOf(predicateType: unknown): PersonKind | null {
  const match = typeof predicateType === 'string' ? /^urn:oneroof:([a-z]+):v1$/.exec(predicateType) : null;
  const kind = match?.[1];
  return kind !== undefined && Object.hasOwn(statementForms, kind) ? (kind as PersonKind) : null;
}
