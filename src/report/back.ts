import { type Rehearsal, reversibleParts, stopText } from '../rehearsal/index.ts';
import { type SealedRelease } from '../release/index.ts';
import { type FoundEvidence } from './find.ts';

/** Why the rollback is not proven on a clone; empty if it is proven for all tiers that have one. */
export function rollbackProblems({
  sealed,
  rehearsal,
}: {
  readonly sealed: SealedRelease;
  readonly rehearsal: FoundEvidence<Rehearsal>;
}): readonly string[] {
  if (!rehearsal.found) return [rehearsal.reason];
  const { proof, idempotent, boundaries = [], stops = [] } = rehearsal.body;
  const { requires, rerunnable, tiers } = sealed.release;
  const problems: string[] = [];
  const parts = reversibleParts(tiers).filter(({ tiers: some }) => some.length > 0);
  if (parts.some(({ from }) => from === null)) {
    if (proof === null) problems.push("there is no proof that the rollback restores the clone's state");
    else if (proof[requires] !== 'equal')
      problems.push(
        `after the rollback the clone differs in ${proof.differenceCount} (${requires} equality is required)`,
      );
  }
  for (const { from } of parts) {
    const at = boundaries.find(({ after }) => after === from);
    if (from !== null && at?.state !== 'equal')
      problems.push(`the rollback to the one-way tier ${from} is not proven: ${at?.reason ?? 'it was not reached'}`);
  }
  for (const { after, state } of boundaries)
    if (state === 'different')
      problems.push(`a rollback that stops after tier ${after} does not restore the state of that half-way point`);
  for (const { tier, of, state, ...point } of stops)
    if (state === 'different')
      problems.push(`the rollback of tier ${tier} from ${stopText(point)} of ${of} does not restore its state`);
  const asked = rerunnable === true || tiers.some((tier) => tier.rerunnable === true);
  if (asked && idempotent !== true) problems.push('the rollback changes something when it runs a second time');
  return problems;
}

/** Which of the two is meant: the markers of the executor, or down files that may run twice. */
export function idempotentText(body: Rehearsal | null): string {
  const byMarkers =
    'Idempotent: the markers in the target show which tiers were rolled back, and the executor rolls back none of them again.';
  return body?.idempotent === true
    ? `${byMarkers} The down files are idempotent too: a second run of the \`rerunnable\` files changed nothing on the clone.`
    : `${byMarkers} The down files themselves were not run twice: the release does not ask for it (\`rerunnable\`).`;
}

/** What cannot be undone, and what was proven about the rest, as text. */
export function provenText(body: Rehearsal, tiers: SealedRelease['release']['tiers']): string {
  const oneWay = tiers.filter((tier) => tier.oneWay !== null && tier.barred === null);
  const drafted = tiers.filter((tier) => tier.drafted === true && tier.barred === null);
  const proven = (body.boundaries ?? []).filter(({ state }) => state === 'equal').length;
  const open = (body.boundaries ?? []).filter(({ state }) => state === 'not proven');
  const stops = body.stops ?? [];
  const held = stops.filter(({ state }) => state === 'equal');
  return [
    ...(oneWay.length === 0
      ? []
      : [
          `Cannot be undone: ${oneWay.map(({ id, oneWay: why }) => `${id} (${why ?? ''})`).join(', ')}; a rollback stops there.`,
        ]),
    ...(drafted.length === 0
      ? []
      : [
          `Drafted by a command, and not yet read by an author (\`drafted\`): the rollback of ${drafted.map(({ id }) => id).join(', ')}.`,
        ]),
    ...(proven === 0 ? [] : [`Equal at ${proven} half-way point${proven === 1 ? '' : 's'} between tiers.`]),
    ...open.map(({ after, reason }) => `The half-way point after ${after} is not proven: ${reason ?? ''}.`),
    ...(held.length === 0
      ? []
      : [
          `Rollback proven from within a tier: ${held.map(({ tier, of, ...point }) => `${tier} ${stopText(point)} of ${of}`).join(', ')}.`,
        ]),
    ...stops
      .filter(({ state }) => state === 'not proven')
      .map(
        ({ tier, of, reason, ...point }) => `Not proven: ${tier} from ${stopText(point)} of ${of}: ${reason ?? ''}.`,
      ),
  ].join(' ');
}
