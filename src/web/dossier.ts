import { formatDuration, type Milliseconds, printable } from '../core/index.ts';
import { type Rehearsal, type StepMeasure } from '../rehearsal/index.ts';
import { type Direction, type SealedRelease, type Step, type Tier } from '../release/index.ts';

/** What a dossier says of a rehearsal. */
type Measured = Pick<
  Rehearsal,
  'outcome' | 'endedAt' | 'serverVersion' | 'proof' | 'idempotent' | 'repeatable' | 'stages' | 'problems'
>;

/** What a dossier is written from. */
export interface DossierSource {
  readonly sealed: SealedRelease;
  readonly rehearsal: Measured;
  /** The target's name. */
  readonly target: string;
  readonly production: boolean;
}

/** What every page and text says where the policy is not for production. */
export const notForProduction = 'NOT FOR PRODUCTION';

/**
 * The text that a person reads before they ratify: measured facts first, then what is not proven, then every statement in full.
 *
 * Shape   plain text; the same source gives the same bytes; invisible characters are shown as `\u{…}`. Its digest is in what is signed.
 */
export function writeDossier({ sealed, rehearsal, target, production }: DossierSource): string {
  const { release, seal } = sealed;
  const lines = [
    ...(production ? [] : [notForProduction, '']),
    `Release   ${printable(release.name)}: ${printable(release.title)}`,
    `Seal      ${seal}`,
    `Target    ${printable(target)}, database ${printable(release.database)}`,
    `Authors   ${release.authors.map(({ name, kind, instructedBy }) => printable(`${name} (${kind}${instructedBy === null ? '' : `, instructed by ${instructedBy}`})`)).join(', ')}`,
    '',
    'MEASURED',
    `Rehearsal ${rehearsal.outcome}, ${rehearsal.endedAt}, PostgreSQL ${rehearsal.serverVersion}`,
    `Way back  ${proofSentence(rehearsal)}`,
    ...release.tiers.flatMap((tier) => tierFacts(tier, rehearsal)),
    '',
    'NOT PROVEN',
    ...orNone([
      ...(rehearsal.proof?.notProven ?? []).map(({ relation, reason }) => `${relation}: ${reason}`),
      ...release.tiers.flatMap(({ id, oneWay }) => (oneWay === null ? [] : [`tier ${id} has no way back: ${oneWay}`])),
    ]),
    '',
    'FINDINGS',
    ...orNone(rehearsal.problems.map(({ code, problem }) => `${code}: ${problem}`)),
    ...noticesOf(rehearsal),
    ...release.reviews.map(({ by, finding, text }) => `  ${printable(`${by} ${finding} (advisory): ${text}`)}`),
    '',
    'STATEMENTS',
    ...release.tiers.flatMap((tier) => [...statements(tier, 'up'), ...statements(tier, 'down')]),
  ];
  return `${lines.join('\n')}\n`;
}

const orNone = (items: readonly string[]): string[] =>
  items.length === 0 ? ['  none'] : items.map((item) => `  ${printable(item)}`);

function proofSentence({ proof, idempotent, repeatable }: Measured): string {
  if (proof === null) return 'not proven: the rehearsal did not come so far';
  const said = (value: boolean | null): string => (value === null ? 'not reached' : value ? 'yes' : 'NO');
  return `logical ${proof.logical}, strict ${proof.strict}; ${proof.differenceCount} differences; ${proof.rows} rows of ${proof.relations} relations read (${printable(proof.method)}); back twice alike: ${said(idempotent)}; forward twice alike: ${said(repeatable)}`;
}

function tierFacts(tier: Tier, rehearsal: Measured): string[] {
  const forward = rehearsal.stages.find(({ stage }) => stage === 'forward')?.steps ?? [];
  const steps = forward.filter((step) => step.tier === tier.id);
  if (steps.length === 0) return [`Tier ${tier.id}: not measured`];
  const total = steps.reduce((sum, step) => sum + step.durationMs, 0) as Milliseconds;
  const rows = steps.reduce((sum, step) => sum + (step.rows ?? 0), 0);
  const barred = tier.barred === null ? '' : `; BARRED, never rolled out: ${printable(tier.barred)}`;
  return [
    `Tier ${tier.id}: ${steps.length} statements, ${formatDuration(total)}, ${rows} rows${barred}`,
    ...longestLocks(steps),
    ...rewrites(steps),
  ];
}

function longestLocks(steps: readonly StepMeasure[]): string[] {
  return steps
    .flatMap((step) => step.locks)
    .toSorted((one, other) => other.heldMs - one.heldMs)
    .slice(0, 5)
    .map(
      ({ mode, relation, heldMs }) =>
        `  lock ${mode} on ${printable(relation)}, ${formatDuration(heldMs as Milliseconds)}`,
    );
}

const rewrites = (steps: readonly StepMeasure[]): string[] =>
  [...new Set(steps.flatMap((step) => step.rewritten))].map((relation) => `  written anew: ${printable(relation)}`);

function noticesOf(rehearsal: Measured): string[] {
  const forward = rehearsal.stages.find(({ stage }) => stage === 'forward')?.steps ?? [];
  return forward.flatMap((step) =>
    step.notices.map(({ message }) => `  notice in ${step.tier}: ${printable(message)}`),
  );
}

function statements(tier: Tier, direction: Direction): string[] {
  return tier[direction].flatMap((step: Step, index) => [
    '',
    `-- ${tier.id}, ${direction}, ${index + 1}: ${printable(step.title)}, ${step.digest}`,
    ...step.sql.split('\n').map(printable),
  ]);
}
