import { z } from 'zod';
import { digestForm as digest, type Formed, instantForm as instant } from '../core/index.ts';
import { opensForm } from './opens.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
const nonce = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hexadecimal digits');
/** PostgreSQL holds no U+0000, and a lone surrogate has no bytes. */
const storable = (value: string): boolean => value.isWellFormed() && !value.includes('\0');
const words = z
  .string()
  .min(1, 'expected a non-empty text')
  .max(2000)
  .refine(storable, 'expected characters that can be stored');
const name = z.string().min(1).max(200).refine(storable, 'expected characters that can be stored');

const ascending = (values: readonly string[]): boolean =>
  values.every((value, index) => index === 0 || (values[index - 1] ?? '') < value);

type Window = { readonly notBefore: unknown; readonly expires: unknown };
function requireWindow({ notBefore, expires }: Window, context: z.RefinementCtx): void {
  if (typeof notBefore === 'string' && typeof expires === 'string' && !(notBefore < expires))
    context.addIssue({ code: 'custom', path: ['expires'], message: 'expected a time after notBefore' });
}
/** Also where a part is wrong: a reader hears of everything at once. */
const isObject = ({ value }: { readonly value: unknown }): boolean => typeof value === 'object' && value !== null;

/** What a person ratifies: exactly these bytes, for exactly these databases, judged by exactly this evidence. */
const ratification = z
  .strictObject({
    decision: z.literal('ratify'),
    /** Root and size of the tree over the descriptors of the databases; hexadecimal. */
    targets: z.strictObject({ root: hash, size: z.int().min(1) }),
    /** Sorted by kind. */
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
    /** Authors, and the persons who instructed them, sorted: none of them fills a seat. */
    authors: z.array(name).refine(ascending, 'expected names that are sorted, none twice'),
    opens: opensForm,
    notBefore: instant,
    expires: instant,
    /** The evidence log that the person saw; hexadecimal root. */
    log: z.strictObject({ size: z.int().min(0), root: hash }),
    /** Over the text that was shown. */
    dossier: digest,
    sealedAt: instant,
    /** One statement is one cycle: one rollout and its rollback. */
    nonce,
  })
  .superRefine(requireWindow, { when: isObject });

export type Ratification = Formed<typeof ratification>;

/** A person will not ratify the named ratification, and says why. It is kept and shown; a decline closes nothing by itself. */
const decline = z.strictObject({ decision: z.literal('decline'), reason: words, statement: digest, nonce });
export type Decline = Formed<typeof decline>;

/**
 * Any one enrolled person closes the rollout of a ratification at once; its rollback stays open. Of a registry or policy that is not in
 * force yet it withdraws that person's own signature, and no other.
 */
const revocation = z.strictObject({ reason: words, nonce });
export type Revocation = Formed<typeof revocation>;

const follows = {
  /** The document that it follows: its digest, and its number among those of its kind that were in force, from 1. */
  previous: digest,
  number: z.int().min(1),
  notBefore: instant,
  expires: instant,
  nonce,
};

/** A quorum of the policy in force puts another policy in force, once, within its time. */
const policy = z.strictObject(follows).superRefine(requireWindow, { when: isObject });
export type PolicyChange = Formed<typeof policy>;

/** A quorum of the registry in force puts the next version in force, once, within its time. */
const registry = z.strictObject({ version: z.int().min(2), ...follows }).superRefine(requireWindow, { when: isObject });
export type RegistryChange = Formed<typeof registry>;

/** What a database reports about itself. */
export const factsForm = z.strictObject({
  uri: name,
  incarnation: name,
  systemIdentifier: name,
  timeline: z.int().min(1),
  databaseOid: name,
  database: name,
});

/** A tier that was entered in a direction: how many of its steps were committed, and whether it was left. */
const tierRows = z.strictObject({
  cycle: digest,
  tier: z.string().regex(/^[1-9][0-9]*-[a-z0-9][a-z0-9-]*$/, 'expected a tier'),
  direction: z.enum(['up', 'down']),
  steps: z.int().min(0),
  /** Of a step of which some batches remain: how many were committed; absent where there is none. */
  batches: z.int().min(1).exactOptional(),
  /** The step that was sent outside of a transaction, and of which no one has decided what became of it; absent where there is none. */
  undecided: z.int().min(1).exactOptional(),
  done: z.boolean(),
});
export type TierRows = Formed<typeof tierRows>;

const ends = { facts: factsForm, reason: words, notBefore: instant, expires: instant, nonce };

/** A quorum abandons a release in one database: exactly these rows are history, and its seal opens nothing there any more. */
const abandonment = z
  .strictObject({ ...ends, rows: z.array(tierRows).max(100_000) })
  .superRefine(requireWindow, { when: isObject });
export type Abandonment = Formed<typeof abandonment>;

/** A quorum accepts a restored or moved database as the target from now on. Its subject is the gate's report about itself. */
const adoption = z.strictObject(ends).superRefine(requireWindow, { when: isObject });
export type Adoption = Formed<typeof adoption>;

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
  decline: statement('decline', decline),
  revocation: statement('revocation', revocation),
  registry: statement('registry', registry),
  policy: statement('policy', policy),
  abandonment: statement('abandonment', abandonment),
  adoption: statement('adoption', adoption),
} as const;

/** The kinds of statements that persons sign. */
export type PersonKind = keyof typeof statementForms;

/** A statement of one kind that persons sign. */
export type PersonStatement<Kind extends PersonKind = PersonKind> = {
  [Each in Kind]: Formed<(typeof statementForms)[Each]> & { readonly kind: Each };
}[Kind];

/** The kind that a predicate type names, or null where it is not one that persons sign. */
export function kindOf(predicateType: unknown): PersonKind | null {
  const match = typeof predicateType === 'string' ? /^urn:oneroof:([a-z]+):v1$/.exec(predicateType) : null;
  const kind = match?.[1];
  return kind !== undefined && Object.hasOwn(statementForms, kind) ? (kind as PersonKind) : null;
}
