import { formatDuration } from '../../core/index.ts';
import { explainSeat, type Passkey, type Policy, type Seat } from '../../people/index.ts';
import { facts, type Hole, type Html, html } from '../../html/index.ts';
import { type RuleDifference } from '../../signing/index.ts';
import { type ChangeStanding } from './bases.ts';
import { type ChangeView } from './people-view.ts';

/** Seats for people: `a person of level 4, bound key; a person of level 2`. */
export function seatsText(seats: readonly Seat[]): string {
  return seats.length === 0 ? 'nobody' : seats.map((seat) => `a person of ${explainSeat(seat)}`).join('; ');
}

/** A policy as text. */
export function policyHtml(policy: Policy): Html {
  const { window, authenticators, rehearsal, holdPoints } = policy;
  const roots = authenticators.roots?.length ?? 0;
  const lines: (readonly [string, Hole])[] = [
    ['Name', policy.production ? policy.name : html`${policy.name}, <strong>not for production</strong>`],
    ['Ratified by', `${seatsText(policy.seats)}: each a different one`],
    ['One-way tiers', policy.oneWaySeats.length === 0 ? 'need no one else' : `also ${seatsText(policy.oneWaySeats)}`],
    [
      'Hold points',
      holdPoints.length === 0
        ? 'none'
        : holdPoints.map(({ before, seats }) => html`before ${before}: ${seatsText(seats)}<br>`),
    ],
    ['Quorum', `${seatsText(policy.quorum)}: they sign the next registry or policy`],
    [
      'A ratification',
      `is valid for ${formatDuration(window.longest)} at most, not before ${formatDuration(window.review)} of review; its rollback stays open ${formatDuration(window.rollback)} longer`,
    ],
    [
      'A rehearsal',
      `is at most ${formatDuration(rehearsal.maxAge)} old${rehearsal.sampled === undefined ? '' : ', and may run on a sample of production'}`,
    ],
    [
      'Keys',
      `${authenticators.aaguids === null ? 'of every model' : `of ${authenticators.aaguids.length} named models`}; ${authenticators.attestation === 'required' ? `attested by a vendor that the policy names (${roots} ${roots === 1 ? 'root' : 'roots'})` : 'attestation is not required'}`,
    ],
    ['Pages', html`at <code>${policy.origin}</code>, passkeys of <code>${policy.rpId}</code>`],
  ];
  return facts(lines);
}

/** The facts of a key. */
export function keyHtml({ label, device, aaguid, x, attestation }: Passkey): Html {
  const sure = attestation === undefined ? 'not attested' : `attested, made ${attestation.at.slice(0, 10)}`;
  return html`${label}<br><span class="soft">${device === 'bound' ? 'bound to its device' : 'synced between devices'}; ${sure}<br>model <code title="${aaguid}">${aaguid.slice(0, 8)}</code>, key <code title="${x}">${x.slice(0, 12)}</code></span>`;
}

/** A form with one button. */
export function button(of: {
  readonly post: string;
  readonly words: Readonly<Record<string, string>>;
  readonly text: string;
  readonly tone?: 'primary' | 'danger';
}): Html {
  return html`<form data-post="${of.post}">${Object.entries(of.words).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<button class="${of.tone ?? ''}">${of.text}</button></form>`;
}

/** The effects of a change, from a comparison. */
export function differencesHtml(differences: readonly RuleDifference[]): Html {
  return facts(differences.map(({ word, text }) => [word === 'nothing' ? '' : word, text]));
}

/** What a change is, for people. */
export function changeTitle({ next }: Pick<ChangeView, 'next'>): string {
  return next.kind === 'registry' ? `registry, version ${next.registry.version}` : `policy ${next.policy.name}`;
}

/** Details of a change in a target, shown beside its state. */
export function standingText(standing: ChangeStanding): string {
  if (standing.state === 'in force') return '';
  if (standing.state !== 'waits') return standing.why;
  const { signed, missing } = standing;
  return `${signed.length === 0 ? 'no one has signed yet' : `signed by ${signed.join(', ')}`}; ${missing}`;
}

/** The state of a change, for screen readers: a line for each target. */
export function saidOfChange(change: ChangeView): readonly string[] {
  return change.standings.map((one) =>
    `Next ${changeTitle(change)} on ${one.target}: ${one.state} ${standingText(one)}`.trim(),
  );
}
