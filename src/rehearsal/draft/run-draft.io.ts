import { digest, OneRoofError, type Problem, stated } from '../../core/index.ts';
import { type Session, sql } from '../../database/index.ts';
import { type Release, type Step, type Tier } from '../../release/index.ts';
import { type MarkedClone } from '../comparison/index.ts';
import { requirementRefused } from '../session/index.ts';
import { openListener, runTier, type StepMeasure } from '../tier/index.ts';
import { type Part, type Undo } from './draft.ts';

/** The tier that gets a down, and its release with the role of a rollout. */
export interface DraftPlace {
  readonly release: Release;
  readonly tier: Tier;
}

/** A statement of the draft that the server did not take in the up, and what it said. */
export interface Unkept {
  readonly unkept: string;
  readonly said: string;
}

/** A draft is judged by the rehearsal, so its trial checks nothing. */
export const noChecks = (): Promise<readonly Problem[]> => Promise.resolve([]);

/** The error that the up ends with on a clone; `isKeeping`: only with what the draft added to it. */
export function upRefused({ id }: Pick<Tier, 'id'>, [first]: readonly Problem[], isKeeping = false): OneRoofError {
  // the tier ran before anything was added to it
  if (first !== undefined && isKeeping)
    return new OneRoofError('DRAFT_IMPOSSIBLE', {
      ...stated`the statements that would keep rows for a rollback do not run in tier ${{ tier: id }}: ${{ said: first.problem }}`,
      fix: `take out of tiers/${id}/up.sql what an earlier draft added, or give what renames a tier of its own`,
    });
  return new OneRoofError('DRAFT_IMPOSSIBLE', {
    ...stated`tier ${{ tier: id }} does not run on a clone: ${{ said: first?.problem ?? '' }}`,
    fix: first?.fix ?? `correct tiers/${id}/up.sql`,
    ...(first?.place === undefined ? {} : { place: first.place }),
  });
}

/** The file of a statement that is in none yet. */
const drafted = 'draft';

/** Statements of the draft as steps. */
export function draftSteps(part: Part): readonly Step[] {
  return part.map((text, index) => ({
    sql: text,
    digest: digest('step', [text]),
    kind: 'DraftStmt',
    title: 'a statement of the draft',
    place: { file: drafted, line: index + 1, column: 1 },
    transactional: true,
  }));
}

/**
 * Runs the up with what the draft adds to it.
 *
 * Errors  DRAFT_IMPOSSIBLE: a statement of the author's does not run.
 */
export async function runUp(
  session: Session,
  { after, release, tier, isKeeping }: DraftPlace & { readonly after: MarkedClone; readonly isKeeping: boolean },
): Promise<readonly StepMeasure[] | Unkept> {
  const listener = await openListener(
    after.clone,
    tier.up.map((step) => step.sql),
  );
  try {
    const limits = { release: { allows: release.allows, budgets: { lock: null, total: null } }, listener };
    const ran = await runTier(session, { tier, direction: 'up', before: noChecks, limits });
    if (ran.done) return ran.steps;
    const [first] = ran.problems;
    const isFailed = ({ place }: Step): boolean =>
      place.file === drafted && place.file === first?.place?.file && place.line === first.place.line;
    const failed = tier.up.find(isFailed);
    if (failed !== undefined) return { unkept: failed.sql, said: first?.problem ?? '' };
    throw upRefused(tier, ran.problems, isKeeping);
  } finally {
    await listener.session.close();
  }
}

/** Runs what the server takes, again and again until it takes nothing more: what depends on others is taken after them. */
export async function runUndo(
  session: Session,
  all: readonly Undo[],
  { tier, around }: { readonly tier: Tier; readonly around: Part },
): Promise<Part> {
  const ran: string[] = [];
  const isOutside = tier.transaction === 'outside';
  let open = all;
  if (!isOutside) await session.query(sql`begin`);
  for (let before = -1; open.length > 0 && before !== open.length; ) {
    before = open.length;
    const left: Undo[] = [];
    for (const one of open) {
      const way = await firstTaken(session, one, isOutside);
      if (way === null) left.push(one);
      else ran.push(...way);
    }
    open = left;
  }
  // they write nothing that the others read: the history of the tool
  for (const text of around) await session.run(text);
  if (!isOutside) await commit(session, tier);
  return ran;
}

async function commit(session: Session, { id }: Tier): Promise<void> {
  try {
    await session.query(sql`commit`);
  } catch (error) {
    const step = draftSteps(['commit'])[0] as Step;
    throw upRefused({ id }, [requirementRefused(error, step, null)]);
  }
}

async function firstTaken(session: Session, { ways }: Undo, isOutside: boolean): Promise<Part | null> {
  for (const way of ways) {
    if (!isOutside) await session.query(sql`savepoint draft`);
    try {
      for (const text of way) await session.run(text);
      if (!isOutside) await session.query(sql`release savepoint draft`);
      return way;
    } catch (error) {
      // an interruption ends the session, and so the next statement too
      if (isOutside) continue;
      await session.query(sql`rollback to savepoint draft`);
      void error;
    }
  }
  return null;
}
