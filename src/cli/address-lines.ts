import { printable } from '../core/index.ts';
import { type Connection, describe } from '../database/index.ts';
import { type HeldReason } from '../rollout/index.ts';
import { type TextLayout, table } from './text/index.ts';

/** The address that answered, where people ratified the release for another database: a person compares it with the one that they meant. */
export function addressLines(reasons: readonly HeldReason[], of: Connection, look: TextLayout): readonly string[] {
  const isOther = reasons.some((reason) => reason.code === 'gate' && reason.facts.code === 'target');
  return isOther ? table([['address', printable(describe(of))]], look) : [];
}
