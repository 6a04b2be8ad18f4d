import { type Instant, type Problem } from '../../core/index.ts';
import { type Policy, type Registry } from '../../people/index.ts';
import { type RuleDifference, type Enrolment, type PolicyAndRegistry, type Next } from '../../signing/index.ts';
import { type Base, type ChangeStanding, type PeopleReading } from './bases.ts';

/** Someone who may make one passkey. */
export interface Invitation {
  /** SHA-256 of the secret in the link: it names the invitation, and opens nothing. */
  readonly hash: string;
  readonly enrolment: Enrolment;
  readonly until: Instant;
}

/** A change that the quorum is asked to sign. */
export interface ProposedChange {
  readonly digest: string;
  readonly next: Next;
  readonly madeAt: Instant;
}

/** A draft as the page shows it. */
export interface DraftView {
  readonly base: Base;
  readonly draft: Registry;
  /** What it would change, a line each; empty where nothing is in force yet. */
  readonly differences: readonly RuleDifference[];
  /** Why no one could be asked to sign it; for the first registry, why no gate could be installed with it. */
  readonly problems: readonly Problem[];
  /** The change that it was put before the quorum as; null: it was not. */
  readonly asked: string | null;
}

/** A change as the page shows it. */
export interface ChangeView extends ProposedChange {
  readonly standings: readonly ChangeStanding[];
}

/** What the page of people shows. Every text may be hostile. */
export interface PeopleView {
  /** Of the moment before it was read. */
  readonly mark: string;
  readonly readings: readonly PeopleReading[];
  /** What the files say, where no target could be asked; null: they say nothing either. */
  readonly files: PolicyAndRegistry | null;
  readonly registryFile: string;
  /** Null where no one says which keys count. */
  readonly policy: Policy | null;
  /** Why no one can be invited; null where they can. */
  readonly uninvitable: string | null;
  /** What a first change would follow: the digest of a registry; null where a draft has begun already, or nothing is known. */
  readonly changeable: string | null;
  readonly drafts: readonly DraftView[];
  readonly changes: readonly ChangeView[];
  readonly invitations: readonly Invitation[];
}
