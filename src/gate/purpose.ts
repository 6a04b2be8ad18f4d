import { type Direction } from '../release/index.ts';
import { type DecisionCode } from './decision.ts';
import { type Opens } from './opens.ts';

/** What a statement lets somebody do, and when it is asked for. `hold-point` and `carry-on` are found by the gate itself. */
export type Act = 'begin' | 'enter' | 'step' | 'leave' | 'commit' | 'hold-point' | 'carry-on';

/** A check that is made for some purposes alone. The order is the one in which Node and the database ask. */
export type Check = Exclude<DecisionCode, 'statement' | 'purpose' | 'schema'>;

/** What a ratification is for in one direction, and what has to hold for it. */
export interface Purpose {
  readonly may: readonly Act[];
  readonly checks: readonly Check[];
  /** Whose registry and policy judge it: those in force, or, once its cycle has begun, those that it names. */
  readonly rules: 'in-force' | 'signed-once-begun';
  /** When its time ends: at `expires`, or `window.rollback` later. */
  readonly ends: 'expires' | 'later';
}

const run: readonly Act[] = ['begin', 'enter', 'step', 'leave', 'commit'];
const always: readonly Check[] = ['abandoned', 'registry', 'policy', 'seal', 'target'];
/** Of all that lets SQL run up: a rollout, and the answer to a hold point of it. */
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
export const purposes: Readonly<Record<Opens['what'], Readonly<Record<Direction, Purpose | null>>>> = {
  rollout: {
    up: {
      may: run,
      checks: [...always, ...forward],
      rules: 'in-force',
      ends: 'expires',
    },
    // a revocation, an old rehearsal or lost evidence must not keep anybody from it
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
      return `the rollback of the rollout ${shortName(opens.cycle)}, which has begun`;
    default:
      return opens satisfies never;
  }
}

const shortName = (cycle: string): string => cycle.slice(7, 19);

/** Whether a ratification with this purpose may be used for an act in a direction. */
export function may(opens: Opens, direction: Direction, act: Act): boolean {
  return purposes[opens.what][direction]?.may.includes(act) === true;
}
