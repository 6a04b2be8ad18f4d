import { type Change, type Ending, explainRefusal } from '../../gate/index.ts';
import { follows, type Policy, type Registry, registryDigest } from '../../people/index.ts';
import { documentOf, type PolicyAndRegistry, type Next, nextVersion } from '../../signing/index.ts';

/** What a target said of its people, or why it said nothing. */
export type PeopleReading =
  | ({
      readonly target: string;
      readonly state: 'in force';
      /** Null where no role that may ask is named: the relay. */
      readonly changes: readonly Change[] | null;
      /** Abandonments and adoptions that someone has signed; null: as above. */
      readonly endings: readonly Ending[] | null;
    } & PolicyAndRegistry)
  | { readonly target: string; readonly state: 'no gate' }
  | { readonly target: string; readonly state: 'unknown'; readonly why: string };

/** What the files beside oneroof.yaml say; null: there is none. */
export interface Files {
  readonly policy: Policy | null;
  readonly registry: Registry | null;
}

/** What a draft follows. */
export interface Base {
  /** The digest of the registry, or `first` where no gate was installed with one yet. */
  readonly follows: string;
  readonly policy: Policy;
  /** null: nothing is in force. */
  readonly present: PolicyAndRegistry | null;
  /** Targets in which it is in force. */
  readonly targets: readonly string[];
  /** The draft before anything is changed. */
  readonly start: Registry;
}

/** What the draft after it is called as a file. */
export function draftFile({ present }: Base): string {
  return present === null ? 'registry.json' : 'registry.next.json';
}

/** What drafts can follow, the newest first: every registry that is in force somewhere; else the file; else nothing. */
export function basesOf(readings: readonly PeopleReading[], files: Files): readonly Base[] {
  const there = readings.flatMap((one) => (one.state === 'in force' ? [one] : []));
  if (there.length === 0) return baseOfFiles(readings, files);
  const digests = [...new Set(there.map(({ registry }) => registryDigest(registry)))];
  return digests
    .flatMap((digest): Base[] => {
      const same = there.filter(({ registry }) => registryDigest(registry) === digest);
      // the strictest rules for keys are those of production
      const [first] = same.toSorted((one, other) => Number(other.policy.production) - Number(one.policy.production));
      if (first === undefined) return [];
      const { policy, registry } = first;
      const targets = same.map(({ target }) => target);
      return [{ follows: digest, policy, present: { policy, registry }, targets, start: nextVersion(registry) }];
    })
    .toSorted((one, other) => other.start.version - one.start.version);
}

function baseOfFiles(readings: readonly PeopleReading[], { policy, registry }: Files): readonly Base[] {
  if (policy === null) return [];
  const isNowhere = readings.every(({ state }) => state === 'no gate');
  if (registry === null || (registry.version === 1 && isNowhere))
    return [{ follows: 'first', policy, present: null, targets: [], start: registry ?? nextVersion(null) }];
  const present = { policy, registry };
  return [{ follows: registryDigest(registry), policy, present, targets: [], start: nextVersion(registry) }];
}

/** The state of a change in one target. */
export type ChangeStanding =
  | { readonly target: string; readonly state: 'in force' }
  | { readonly target: string; readonly state: 'does not follow' | 'unknown'; readonly why: string }
  | {
      readonly target: string;
      readonly state: 'waits';
      readonly signed: readonly string[];
      readonly missing: string;
    };

/** Whether a document is in force. */
export function isInForce(present: PolicyAndRegistry, next: Next): boolean {
  const there: Next =
    next.kind === 'registry'
      ? { kind: 'registry', registry: present.registry }
      : { kind: 'policy', policy: present.policy };
  return documentOf(there).digest === documentOf(next).digest;
}

/** The state of a change in a target, according to the target. */
export function standingIn(reading: PeopleReading, next: Next): ChangeStanding {
  const { target, state } = reading;
  if (state === 'no gate') return { target, state: 'does not follow', why: 'it has no gate yet' };
  if (state === 'unknown') return { target, state, why: reading.why };
  const { digest } = documentOf(next);
  if (isInForce(reading, next)) return { target, state: 'in force' };
  if (next.kind === 'registry' && !follows(next.registry, reading.registry))
    return { target, state: 'does not follow', why: `version ${reading.registry.version} is in force` };
  const change = reading.changes?.find((one) => one.kind === next.kind && one.subject === digest);
  const seats = reading.policy.quorum.length;
  return {
    target,
    state: 'waits',
    signed: change?.persons ?? [],
    missing:
      change === undefined
        ? `0 of ${seats} seats are filled`
        : change.missing === null
          ? 'only to be put in force'
          : explainRefusal(change.missing),
  };
}
