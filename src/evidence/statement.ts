import { type Branded, canonicalJson, type Digest, type Instant } from '../core/index.ts';
import { statementHash } from './envelope.ts';

/** `sha256:` and the hexadecimal hash of a statement's pre-authentication encoding. */
export type StatementDigest = Branded<string, 'StatementDigest'>;

/** What a statement is about: the last part of its predicate type `urn:oneroof:<kind>:v1`. */
export type StatementKind =
  | 'ratification'
  | 'decline'
  | 'revocation'
  | 'registry'
  | 'policy'
  | 'release'
  | 'rehearsal'
  | 'verdict'
  | 'review'
  | 'execution'
  | 'evidence';

/** An in-toto Statement v1 of ours. */
export interface Statement<Predicate> {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: string } }];
  readonly predicateType: `urn:oneroof:${StatementKind}:v1`;
  readonly predicate: Predicate;
}

/**
 * What a ratification is for, in the signed bytes: one rollout and its rollback, a *cycle*, which this statement names; or what a cycle
 * still needs. A cycle is named by the statement that opened it.
 *
 * Shape   `tier`: the hold point before that tier, in that cycle alone. `rollback`: the rollback of a cycle that has begun is carried on.
 * Source  docs/RULES.md
 */
export type Opens =
  | { readonly what: 'rollout' }
  | { readonly what: 'tier'; readonly tier: string; readonly cycle: StatementDigest }
  | { readonly what: 'rollback'; readonly cycle: StatementDigest };

/** What a person ratifies: exactly these bytes, for exactly these databases, judged by exactly this evidence. */
export interface Ratification {
  readonly decision: 'ratify';
  /** Root and size of the tree over the descriptors of the databases; hexadecimal. */
  readonly targets: { readonly root: string; readonly size: number };
  /** Sorted by kind. */
  readonly evidence: readonly { readonly kind: string; readonly digest: Digest }[];
  readonly rehearsedAt: Instant;
  readonly policy: Digest;
  readonly registry: { readonly version: number; readonly digest: Digest };
  /** Authors, and the persons who instructed them, sorted: none of them fills a seat. */
  readonly authors: readonly string[];
  readonly opens: Opens;
  readonly notBefore: Instant;
  readonly expires: Instant;
  /** The evidence log that the person saw; hexadecimal root. */
  readonly log: { readonly size: number; readonly root: string };
  /** Over the text that was shown. */
  readonly dossier: Digest;
  readonly sealedAt: Instant;
  /** 32 hexadecimal digits; one statement is one cycle: one rollout and its way back. */
  readonly nonce: string;
}

/** Writes a statement as canonical bytes. `sha256` without its prefix is the subject's digest. */
export function writeStatement<Predicate>(of: {
  readonly kind: StatementKind;
  readonly subject: { readonly name: string; readonly digest: string };
  readonly predicate: Predicate;
}): string {
  const { kind, subject, predicate } = of;
  const statement: Statement<Predicate> = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: subject.name, digest: { sha256: subject.digest.replace(/^sha256:/, '') } }],
    predicateType: `urn:oneroof:${kind}:v1`,
    predicate,
  };
  return canonicalJson(statement);
}

/** The name of a statement: the digest of what is signed. */
export function statementDigest(body: string): StatementDigest {
  return `sha256:${Buffer.from(statementHash(body)).toString('hex')}` as StatementDigest;
}

/** The code that a person types before they sign: the first six digits. For people to compare; a machine decides by all. */
export function shortCode(statement: StatementDigest): string {
  return statement.slice(7, 13);
}
