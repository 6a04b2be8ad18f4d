import { z } from 'zod';
import { type Branded, canonicalJson, digestForm } from '../core/index.ts';
import { statementHash } from './envelope.ts';

/** `sha256:` and the hexadecimal hash of a statement's pre-authentication encoding. */
export type StatementDigest = Branded<string, 'StatementDigest'>;
/** It is spelled like any digest. */
export const statementDigestForm = digestForm as unknown as z.ZodType<StatementDigest>;

/** What a statement is about: the last part of its predicate type `urn:oneroof:<kind>:v1`. */
export type StatementKind =
  | 'ratification'
  | 'decline'
  | 'revocation'
  | 'abandonment'
  | 'adoption'
  | 'registry'
  | 'policy'
  | 'release'
  | 'rehearsal'
  | 'verdict'
  | 'execution'
  | 'evidence';

/** An in-toto Statement v1 of ours. */
export interface SignedForm<Predicate> {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly [{ readonly name: string; readonly digest: { readonly sha256: string } }];
  readonly predicateType: `urn:oneroof:${StatementKind}:v1`;
  readonly predicate: Predicate;
}

/** Writes a statement as canonical bytes. `sha256` without its prefix is the subject's digest. */
export function writeStatement<Predicate>(of: {
  readonly kind: StatementKind;
  readonly subject: { readonly name: string; readonly digest: string };
  readonly predicate: Predicate;
}): string {
  const { kind, subject, predicate } = of;
  const statement: SignedForm<Predicate> = {
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
