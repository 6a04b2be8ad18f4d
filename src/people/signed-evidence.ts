import { z } from 'zod';
import {
  type Digest,
  type Formed,
  type Instant,
  instantForm,
  namedForm,
  nameForm,
  recordReader,
} from '../core/index.ts';
import { base64Text, type StatementDigest } from '../evidence/index.ts';
import { driftForm } from '../fingerprint/index.ts';
import { type Chain, type ChainLink } from './registry-chain.ts';
import { type TargetDescriptor } from './documents.ts';
import { type ReceivedSignature } from './decision.ts';
import { parsePolicyDocument, policyDigest } from './policy.ts';
import { parseRegistryDocument, registryDigest } from './registry.ts';

const signature = z.strictObject({
  credential: z.string(),
  authenticatorData: base64Text,
  clientDataJSON: base64Text,
  signature: base64Text,
  receivedAt: instantForm,
});
/** The kinds of evidence that hold what people signed. */
export const peopleKinds = ['ratification', 'decline', 'revocation', 'abandonment', 'adoption'] as const;
const kind = z.enum(peopleKinds);
const rule = z.enum(['registry', 'policy']);
const facts = z.strictObject({
  uri: z.string(),
  incarnation: z.string(),
  systemIdentifier: z.string(),
  timeline: z.number(),
  databaseOid: z.string(),
  database: z.string(),
});
/** The leaf of a database: its facts, and the schema that people ratify. */
const described = facts.extend({
  format: z.literal(1),
  schema: z.custom<Digest>((value) => typeof value === 'string'),
});
const statement = z.strictObject({
  kind,
  digest: namedForm<StatementDigest>(),
  body: z.string(),
  receivedAt: instantForm,
  /** The database's own leaf in the tree of a ratification, canonical; null if it is not a ratification. */
  descriptor: z.string().nullable(),
  /** Of a ratification: when the database first received its release, by its clock; absent or null: not known, and it opens nothing. */
  firstSeen: instantForm.nullable().exactOptional(),
  /** Of an abandonment or an adoption: when the database accepted it; null: it has not. */
  acceptedAt: instantForm.nullable().exactOptional(),
  /** Of an accepted adoption: the previous and the new incarnation of the database. */
  adopted: z.strictObject({ before: z.string(), incarnation: z.string() }).exactOptional(),
  signatures: z.array(signature).min(1),
});
const link = z.strictObject({
  kind: rule,
  document: z.string(),
  acceptedAt: instantForm,
  body: z.string(),
  signatures: z.array(signature),
  /** Revocations of the statement that existed when it put the document in force. */
  withdrawals: z.array(z.strictObject({ body: z.string(), signatures: z.array(signature) })),
});
const rules = z.strictObject({
  first: z.strictObject({ policy: z.string(), registry: z.string() }),
  links: z.array(link),
});
const record = z.strictObject({
  version: z.literal(1),
  /** As oneroof.yaml names it. */
  target: nameForm,
  /** What the database reported about itself, which a ratification must name; null for other statements. */
  facts: facts.nullable(),
  statement,
  rules,
  /** Of an adoption, where the host that asked the quorum recorded it: what it had compared. */
  compared: z
    .strictObject({
      /** What the gate reported about itself, canonical: the subject of the statement. */
      account: z.string(),
      /** What the database lacked that the log has, as text. */
      lost: z.array(z.string()),
    })
    .exactOptional(),
});

/** One statement of persons, with its signatures, and the registries and policies that judge it. Evidence of its kind. */
export type PeopleRecord = Formed<typeof record>;
export const readPeopleRecord = recordReader(record);

/** The registries and policies of a target, as it tells them: their place in the log says from which entry on each counts. Evidence of its kind. */
const rulesRecord = z.strictObject({ version: z.literal(1), target: nameForm, rules });
export type RulesRecord = Formed<typeof rulesRecord>;
export const readRulesRecord = recordReader(rulesRecord);

/** A statement that people are asked to sign, as it is kept: evidence of kind `proposal`. It opens nothing. */
const proposal = z.object({
  version: z.literal(1),
  target: nameForm,
  /** The canonical bytes of the statement. */
  body: z.string(),
  descriptor: described,
  /** Of one that carries a rollback on: the differences of the schema that it accepts. */
  accepts: driftForm.exactOptional(),
});
export type ProposalRecord = Formed<typeof proposal>;
export const readProposal = recordReader(proposal);

/** Registries and policies from the pinned ones to those in force, with the statement that put each in force, and when. */
export type Rules = PeopleRecord['rules'];

/** What a database has about one release: the result of `gate.record_of`. */
export interface GateRecord {
  readonly facts: NonNullable<PeopleRecord['facts']>;
  /** When the release was first handed in; null: it never was. */
  readonly firstSeen: Instant | null;
  readonly documents: readonly {
    readonly kind: 'registry' | 'policy';
    readonly digest: string;
    readonly body: string;
    readonly acceptedAt: Instant;
    /** The statement that put it in force; null: it was there when the gate was installed. */
    readonly statement: string | null;
  }[];
  readonly statements: readonly (Omit<PeopleRecord['statement'], 'kind' | 'adopted'> & {
    readonly kind: PeopleRecord['statement']['kind'] | 'registry' | 'policy';
    readonly subject: string;
    readonly adopted: NonNullable<PeopleRecord['statement']['adopted']> | null;
  })[];
}

/** The records of a release to be kept, from what a database has: oldest first, adoptions before all others. */
export function peopleRecords(target: string, held: GateRecord): readonly PeopleRecord[] {
  const inForce = rulesOf(held);
  const changes = new Set(held.statements.filter(isChange).map(({ digest }) => String(digest)));
  const records = held.statements.flatMap(({ subject, acceptedAt, adopted, ...one }): PeopleRecord[] =>
    // what people signed and withdrew for a registry or policy is kept with the document
    one.kind === 'registry' ||
    one.kind === 'policy' ||
    changes.has(subject) ||
    one.signatures.length === 0 ||
    (one.kind === 'adoption' && adopted === null)
      ? []
      : [
          {
            version: 1,
            target,
            facts: one.kind === 'ratification' ? held.facts : null,
            statement: {
              ...one,
              kind: one.kind,
              ...(one.kind === 'ratification' ? { firstSeen: held.firstSeen } : {}),
              ...(one.kind === 'abandonment' || one.kind === 'adoption' ? { acceptedAt: acceptedAt ?? null } : {}),
              ...(adopted === null ? {} : { adopted }),
            },
            rules: inForce,
          },
        ],
  );
  // they connect what the database reports about itself afterwards with what it reported before
  return [...records.filter(isAdoption), ...records.filter((one) => !isAdoption(one))];
}

function isAdoption({ statement: { kind: of } }: PeopleRecord): boolean {
  return of === 'adoption';
}

function isChange({ kind: of }: GateRecord['statements'][number]): boolean {
  return of === 'registry' || of === 'policy';
}

/** Finds the statement that put each document in force; if there is none, the chain is not valid, and its check says so. */
export function rulesOf({ documents, statements }: GateRecord): Rules {
  const first = { policy: '', registry: '' };
  const begun = new Set<string>();
  const links: Rules['links'][number][] = [];
  for (const { kind: of, body: document, acceptedAt, statement: by } of documents) {
    if (!begun.has(of)) {
      begun.add(of);
      first[of] = document;
      continue;
    }
    const found = statements.find((one) => one.digest === by);
    const withdrawals = statements
      .filter((one) => one.kind === 'revocation' && one.subject === by && one.receivedAt <= acceptedAt)
      .map(({ body, signatures }) => ({ body, signatures }));
    const { body = '', signatures = [] } = found ?? {};
    links.push({ kind: of, document, acceptedAt, body, signatures, withdrawals });
  }
  return { first, links };
}

/** Rules as a chain, pinned by the digests of its own first documents; whether these are the right ones is for the reader to compare. */
export function chainOf({ first, links }: Rules): Chain {
  const policy = parsePolicyDocument({ file: 'policy', text: first.policy });
  const registry = parseRegistryDocument({ file: 'registry', text: first.registry });
  const none = 'sha256:' as Digest;
  const root = {
    policy: policy.ok ? policyDigest(policy.value) : none,
    registry: registry.ok ? registryDigest(registry.value) : none,
  };
  return { root, first, links: links.map(linkOf) };
}

function linkOf({ kind: of, withdrawals, signatures, ...link }: Rules['links'][number]): ChainLink {
  return {
    ...link,
    kind: of,
    signatures: signatures.map(signatureOf),
    withdrawals: withdrawals.map((one) => ({ body: one.body, signatures: one.signatures.map(signatureOf) })),
  };
}

/** A signature as it is checked. */
export function signatureOf(of: PeopleRecord['statement']['signatures'][number]): ReceivedSignature {
  return {
    credential: of.credential,
    authenticatorData: Buffer.from(of.authenticatorData, 'base64'),
    clientDataJSON: Buffer.from(of.clientDataJSON, 'base64'),
    signature: Buffer.from(of.signature, 'base64'),
    receivedAt: of.receivedAt,
  };
}

/** The descriptor of a record, or null where it has none that can be read. */
export function descriptorOf({ statement: { descriptor } }: PeopleRecord): TargetDescriptor | null {
  try {
    const parsed = described.safeParse(JSON.parse(descriptor ?? ''));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
