import { type Clone, type Golden } from '../../clone/index.ts';
import { type Problem, stated } from '../../core/index.ts';
import { type SealedRelease } from '../../release/index.ts';
import { type BoundaryResult } from '../boundaries/index.ts';
import { withGateTimes } from '../footprint/index.ts';
import { dispatchOf } from '../tier/index.ts';
import { type OptionTrial } from '../trials/index.ts';
import { type Rehearsal, type StageResult } from './rehearsal.ts';
import { andSeen, type Seen, type SeenByNow } from './seen.ts';
import { type PlannedAct } from './stage-plan.ts';

/** What is on record of a rehearsal by now. */
export interface RecordByNow {
  readonly stages: readonly StageResult[];
  readonly seen: SeenByNow;
}

/** Adds an act, by its own stage if it has one. */
export function withAct(
  byNow: RecordByNow,
  { stage }: PlannedAct,
  { seen, durationMs }: { readonly seen: Seen; readonly durationMs: number },
): RecordByNow {
  const { problems, metrics, steps } = seen;
  const outcome = problems.length === 0 ? 'passed' : 'failed';
  const result = stage === null ? [] : [{ stage, durationMs, outcome, problems, metrics, steps } as const];
  return { stages: [...byNow.stages, ...result], seen: andSeen(byNow.seen, seen) };
}

/** What a rehearsal has, beside what its acts saw. */
export interface Rehearsed {
  readonly sealed: SealedRelease;
  readonly golden: Golden;
  readonly network: Clone['network'];
  readonly digests: { readonly gate: string | null; readonly own: string };
  readonly trials: readonly OptionTrial[];
  readonly around: Required<Pick<Rehearsal, 'startedAt' | 'endedAt' | 'clone' | 'role'>> &
    Pick<Rehearsal, 'production'>;
}

/** The evidence of a rehearsal. */
export function rehearsalOf({ stages, seen }: RecordByNow, of: Rehearsed): Rehearsal {
  const { sealed, golden, digests, trials, around } = of;
  const { release, seal } = sealed;
  const { found, notifications } = seen;
  const { startedAt, endedAt, production, clone, role } = around;
  const problems = [...stages.flatMap((stage) => stage.problems), ...collisions(release.options, trials)];
  return {
    version: 1,
    release: release.name,
    seal,
    outcome: problems.length === 0 ? 'passed' : 'failed',
    startedAt,
    endedAt,
    serverVersion: golden.source.serverVersion,
    golden,
    ...(production === undefined ? {} : { production }),
    clone,
    role,
    stages: stages.map((stage) => ({ ...stage, steps: withGateTimes(stage.steps, seen, release) })),
    proof: found.proof,
    boundaries: lastOfEach(seen.boundaries),
    stops: found.stops,
    gateSchema: digests.gate,
    schemaBefore: digests.own,
    footprint: found.footprint,
    listing: found.listing,
    changes: found.changes,
    twin: found.twin,
    idempotent: found.idempotent,
    repeatable: found.repeatable,
    touched: found.touched,
    barred: release.tiers.filter(({ barred }) => barred !== null).map(({ id }) => id),
    options: trials,
    dispatch: dispatchOf(
      { declared: release.allows['dispatch'] ?? null, network: of.network },
      { steps: seen.steps, notifications },
    ),
    leftovers: found.leftovers,
    noticed: found.noticed,
    problems,
  };
}

/** What was said last of each boundary, where it was first said. */
function lastOfEach(results: readonly BoundaryResult[]): readonly BoundaryResult[] {
  return [...new Map(results.map((result) => [result.after, result])).values()];
}

/** An option that is chosen has to go with the release. */
function collisions(options: SealedRelease['release']['options'], trials: readonly OptionTrial[]): readonly Problem[] {
  return trials
    .filter(({ option, outcome }) => {
      const decision = options.find(({ id }) => id === option)?.decision;
      return decision === 'chosen' && outcome !== 'compatible';
    })
    .map(({ option, outcome, problems: [first] }) => ({
      code: 'OPTION_COLLIDES' as const,
      ...stated`option ${{ option }} is chosen, and ${{ outcome }}: ${{ why: first?.problem ?? '' }}`,
      fix: 'correct the option, or its decision in release.yaml',
    }));
}
