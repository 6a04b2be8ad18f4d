import { type Direction } from '../release/index.ts';
import { type DecisionCode } from './decision.ts';
import { type Opens } from './opens.ts';

/** An act that a statement may permit. `hold-point` and `carry-on` are found by the gate itself. */
export type StatementAct = 'begin' | 'enter' | 'step' | 'leave' | 'commit' | 'hold-point' | 'carry-on';

/** A check that applies only to some purposes, in the order in which Node and the database check. */
export type Check = Exclude<DecisionCode, 'statement' | 'purpose' | 'schema'>;

/** What a ratification permits in one direction, and what must hold for it. */
export interface StatementPurpose {
  readonly may: readonly StatementAct[];
  readonly checks: readonly Check[];
  /** Which registry and policy judge it: those in force or, once its cycle has begun, those that it names. */
  readonly rules: 'in-force' | 'signed-once-begun';
  /** When its time ends: at `expires`, or `window.rollback` later. */
  readonly ends: 'expires' | 'later';
}

const run: readonly StatementAct[] = ['begin', 'enter', 'step', 'leave', 'commit'];
const always: readonly Check[] = ['abandoned', 'registry', 'policy', 'seal', 'target'];
/** Checks of everything that permits SQL up: a rollout, and the answer to one of its hold points. */
const forward: readonly Check[] = [
  'seats',
  'revoked',
  'not-yet-valid',
  'expired',
  'too-long',
  'review',
  'rehearsal-age',
  'evidence',
];

/**
 * Which statement opens what: kind, purpose, direction, act, and the checks of each. The gate's SQL is made from this table. Statements of
 * other kinds than ratifications open nothing.
 *
 * Shape   null: nothing.
 * Source  docs/RULES.md
 */
export const purposes: Readonly<Record<Opens['what'], Readonly<Record<Direction, StatementPurpose | null>>>> = {
  rollout: {
    up: {
      may: run,
      checks: [...always, ...forward],
      rules: 'in-force',
      ends: 'expires',
    },
    // a revocation, an old rehearsal or lost evidence must not keep anyone from it
    down: {
      may: run,
      checks: [...always, 'seats', 'expired', 'too-long', 'review'],
      rules: 'signed-once-begun',
      ends: 'later',
    },
  },
  tier: {
    up: {
      may: ['hold-point'],
      checks: [...always, 'cycle', 'hold-point', ...forward],
      rules: 'in-force',
      ends: 'expires',
    },
    down: null,
  },
  rollback: {
    up: null,
    down: {
      may: ['carry-on'],
      checks: [...always, 'cycle', 'seats', 'not-yet-valid', 'expired', 'too-long', 'review'],
      rules: 'in-force',
      ends: 'expires',
    },
  },
};

/** What a ratification is for, in words for people. */
export function explainOpens(opens: Opens): string {
  switch (opens.what) {
    case 'rollout':
      return 'one rollout of the release, and its rollback';
    case 'tier':
      return `the hold point before ${opens.tier} of the rollout ${shortName(opens.cycle)}`;
    case 'rollback':
      return `the rollback of the begun rollout ${shortName(opens.cycle)}`;
    default:
      return opens satisfies never;
  }
}

const shortName = (cycle: string): string => cycle.slice(7, 19);

/** Whether a ratification with this purpose may be used for an act in a direction. */
export function may(opens: Opens, direction: Direction, act: StatementAct): boolean {
  return purposes[opens.what][direction]?.may.includes(act) === true;
}
