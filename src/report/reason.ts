import { explainReason, type Reason as Unmet } from '../gate/index.ts';
import { explainHeld, type HeldReason } from '../rollout/index.ts';

type None = Readonly<Record<never, never>>;
interface Why {
  readonly why: string;
}

/** What the record of a rollout leaves open. */
export type Open =
  | { readonly code: 'record-unreadable'; readonly facts: None }
  | {
      readonly code: 'outcome-missing';
      readonly facts: { readonly tier: string; readonly target: string | null; readonly begun: string };
    }
  | {
      readonly code: 'rollback-unseen';
      readonly facts: { readonly tier: string; readonly target: string | null; readonly ended: string };
    };

/** What is not known of a release on a target. */
export type Unknown =
  | Open
  | { readonly code: 'gate-unasked'; readonly facts: Why }
  | { readonly code: 'rows-unasked'; readonly facts: None }
  | { readonly code: 'rows-unread'; readonly facts: Why }
  | { readonly code: 'not-handed-in'; readonly facts: None }
  | { readonly code: 'contradiction'; readonly facts: Why }
  | { readonly code: 'stranger'; readonly facts: None }
  | { readonly code: 'no-next'; readonly facts: None };

/** Why production execution is not allowed, or not done. */
export type Reason =
  | HeldReason
  | Open
  | { readonly code: 'unknown'; readonly facts: Unknown }
  | { readonly code: 'unmet'; readonly facts: Unmet }
  | { readonly code: 'unmeasured'; readonly facts: None }
  | { readonly code: 'unread'; readonly facts: Why }
  | { readonly code: 'outdated'; readonly facts: None }
  | { readonly code: 'broken'; readonly facts: { readonly entry: number; readonly problem: string } }
  | { readonly code: 'unratified'; readonly facts: None }
  | { readonly code: 'rolled-back'; readonly facts: None }
  | { readonly code: 'spent'; readonly facts: None }
  | { readonly code: 'unready'; readonly facts: None }
  | { readonly code: 'unproven'; readonly facts: Why }
  | { readonly code: 'untouched'; readonly facts: None }
  | { readonly code: 'tier-left'; readonly facts: { readonly tier: string } }
  | { readonly code: 'nothing-left'; readonly facts: None };

/** Writes a reason in one line. It may hold text of an author or of a target: shown as text, never as markup. */
export function explain(reason: Reason): string {
  switch (reason.code) {
    case 'gate':
    case 'not-ratified':
    case 'way-back-begun':
    case 'one-way':
    case 'drifted':
      return explainHeld(reason);
    case 'record-unreadable':
    case 'outcome-missing':
    case 'rollback-unseen':
      return explainUnknown(reason);
    case 'unknown':
      return `unknown: ${explainUnknown(reason.facts)}`;
    case 'unmet':
      return explainReason(reason.facts);
    case 'unmeasured':
      return 'production was not measured';
    case 'unread':
    case 'unproven':
      return reason.facts.why;
    case 'outdated':
      return 'the gate was not read since the last change on record';
    case 'broken':
      return `entry ${reason.facts.entry} of the log cannot be relied on: ${reason.facts.problem}`;
    case 'unratified':
      return 'not ratified in the target database';
    case 'rolled-back':
      return 'the last ratification was rolled back; another rollout needs another ratification';
    case 'spent':
      return 'order: the way back of this ratification has begun; another rollout needs another ratification';
    case 'unready':
      return 'readiness: NO-GO';
    case 'untouched':
      return 'by the rows of the gate no tier is done';
    case 'tier-left':
      return `tier ${reason.facts.tier} is not done`;
    case 'nothing-left':
      return 'nothing is left to roll out: every tier is done';
    default:
      return reason satisfies never;
  }
}

function explainUnknown(unknown: Unknown): string {
  switch (unknown.code) {
    case 'record-unreadable':
      return 'the record of the rollout cannot be read';
    case 'outcome-missing': {
      const { tier, target, begun } = unknown.facts;
      return `the outcome of ${tier} on ${target}, begun at ${begun}, is not on record`;
    }
    case 'rollback-unseen': {
      const { tier, target, ended } = unknown.facts;
      return `by the record ${tier} was rolled back on ${target} at ${ended}, and the rows of the gate do not say so`;
    }
    case 'gate-unasked':
      return `the gate could not be asked: ${unknown.facts.why}`;
    case 'rows-unasked':
      return 'the gate was not asked what is done';
    case 'rows-unread':
      return `the gate could not be asked what is done: ${unknown.facts.why}`;
    case 'not-handed-in':
      return 'no ratification of this seal was handed in';
    case 'contradiction':
      return `the rows of the gate contradict the release: ${unknown.facts.why}`;
    case 'stranger':
      return 'the report or the reading is of another release or target';
    case 'no-next':
      return 'no tier comes next';
    default:
      return unknown satisfies never;
  }
}
