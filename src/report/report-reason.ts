import { explainHeld, fixOf, type HeldReason } from '../rollout/index.ts';

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
export type Unknown = Open | { readonly code: 'stranger'; readonly facts: None };

/** Why production execution is not allowed, or not done. */
export type ReportReason =
  | HeldReason
  | Open
  | { readonly code: 'unknown'; readonly facts: Unknown }
  | { readonly code: 'no-look'; readonly facts: Why }
  | { readonly code: 'outdated'; readonly facts: None }
  | { readonly code: 'broken'; readonly facts: { readonly entry: number; readonly problem: string } }
  | { readonly code: 'unratified'; readonly facts: None }
  | { readonly code: 'rolled-back'; readonly facts: None }
  | { readonly code: 'unready'; readonly facts: None }
  | { readonly code: 'unproven'; readonly facts: Why }
  | { readonly code: 'tier-left'; readonly facts: { readonly tier: string } }
  | { readonly code: 'nothing-left'; readonly facts: None };

/** Writes a reason in one line. It may hold text of an author or of a target: shown as text, never as markup. */
export function explain(reason: ReportReason): string {
  switch (reason.code) {
    case 'gate':
    case 'not-ratified':
    case 'way-back-begun':
    case 'one-way':
    case 'unmet':
    case 'unmeasured':
    case 'unread':
    case 'unchecked':
    case 'contradiction':
    case 'attempt':
      return explainHeld(reason);
    case 'record-unreadable':
    case 'outcome-missing':
    case 'rollback-unseen':
      return explainUnknown(reason);
    case 'unknown':
      return `unknown: ${explainUnknown(reason.facts)}`;
    case 'no-look':
    case 'unproven':
      return reason.facts.why;
    case 'outdated':
      return 'the gate was not read after the last recorded change';
    case 'broken':
      return `entry ${reason.facts.entry} of the log is not valid: ${reason.facts.problem}`;
    case 'unratified':
      return 'not ratified in the target database';
    case 'rolled-back':
      return 'the last rollout was rolled back; another rollout needs another ratification';
    case 'unready':
      return 'readiness: NO-GO';
    case 'tier-left':
      return `tier ${reason.facts.tier} is not done`;
    case 'nothing-left':
      return 'nothing remains to roll out: every tier is done';
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
      return `the outcome of ${tier} on ${target}, begun at ${begun}, was not recorded`;
    }
    case 'rollback-unseen': {
      const { tier, target, ended } = unknown.facts;
      return `the log says that ${tier} was rolled back on ${target} at ${ended}, but the rows of the gate do not show it`;
    }
    case 'stranger':
      return 'the report or the reading is for another release or target';
    default:
      return unknown satisfies never;
  }
}

/** What to do about a reason. */
export function fixOfReport(reason: ReportReason): string {
  switch (reason.code) {
    case 'record-unreadable':
    case 'broken':
      return 'oneroof log names the entries; find out who changed them';
    case 'outcome-missing':
    case 'rollback-unseen':
    case 'unknown':
    case 'outdated':
    case 'no-look':
      return 'oneroof gate reads the target again';
    case 'unratified':
    case 'rolled-back':
      return 'ask the people of the seats to ratify it (oneroof ratify)';
    case 'unready':
    case 'unproven':
      return 'correct what the reasons name, then oneroof seal, and oneroof rehearse';
    case 'tier-left':
      return 'oneroof rollout --dry-run says what would run';
    case 'nothing-left':
      return 'nothing is to be done';
    default:
      return fixOf(reason);
  }
}
