import { explainRefusal, type Refusal } from '../gate/index.ts';
import { type Direction } from '../release/index.ts';

type None = Readonly<Record<never, never>>;

/** What holds a rollout or a rollback. */
export type HeldReason =
  | { readonly code: 'gate'; readonly facts: Refusal }
  | { readonly code: 'not-ratified'; readonly facts: None }
  | { readonly code: 'way-back-begun'; readonly facts: None }
  | { readonly code: 'one-way'; readonly facts: { readonly tier: string; readonly why: string } }
  | { readonly code: 'drifted'; readonly facts: { readonly tier: string; readonly direction: Direction } };

/** Writes it in one line. It may hold text of an author or of a target: shown through `printable`. */
export function explainHeld(reason: HeldReason): string {
  switch (reason.code) {
    case 'gate':
      return explainRefusal(reason.facts);
    case 'not-ratified':
      return 'no ratification of this seal was handed in';
    case 'way-back-begun':
      return 'the way back of this statement has begun; rolling out again needs another statement';
    case 'one-way':
      return `tier ${reason.facts.tier} is one-way: ${reason.facts.why}`;
    case 'drifted':
      return `schema: it is no longer as tier ${reason.facts.tier} ${reason.facts.direction} left it`;
    default:
      return reason satisfies never;
  }
}
