import { OneRoofError } from '../core/index.ts';
import { checkAgainst, type Policy, type Registry } from '../people/index.ts';
import { type Leaving, without } from './registration.ts';

/**
 * A draft without a person, or without one key of theirs, where that leaves seats and quorum that can be filled. Keys that do not count may
 * go one after the other, and a draft that cannot be filled yet may get smaller: only what would take the last one is refused.
 *
 * Errors  PERSON_UNKNOWN, SEATS_UNFILLABLE.
 */
export function dropFrom(draft: Registry, of: { readonly policy: Policy; readonly leaving: Leaving }): Registry {
  const next = without(draft, of.leaving);
  const lacking = (registry: Registry) =>
    checkAgainst(of.policy, registry).filter(({ code }) => code === 'SEATS_UNFILLABLE');
  const before = new Set(lacking(draft).map(({ path }) => path.join('.')));
  OneRoofError.throwIfAny(
    lacking(next)
      .filter(({ path }) => !before.has(path.join('.')))
      .map(({ code, problem, facts, fix }) => ({ code, problem, facts, fix })),
  );
  return next;
}
