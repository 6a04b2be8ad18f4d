import { type Milliseconds, OneRoofError, stated, type Stated } from '../core/index.ts';
import { openSession } from '../database/index.ts';
import { type StatementDigest } from '../evidence/index.ts';
import { type Difference, explainDifference } from '../fingerprint/index.ts';
import { type GateReading } from '../gate/index.ts';
import { gateStage } from '../pipeline.io.ts';
import { judgeInvariants } from '../rehearsal/index.ts';
import { tellAttempts } from './attempts.io.ts';
import { type ChapterGround, type Timed } from './demo-commands.ts';
import { ratify } from './ratification.io.ts';
import { roll } from './demo-rollout.io.ts';
import { numbers, tellReading } from './tell.ts';
import { stopIf, timed } from './timed.io.ts';
import { misread, misused } from './uninvited.io.ts';

/** How production was before the release. */
export interface Before {
  readonly reading: GateReading;
  /** A file of `oneroof fingerprint --rows`. */
  readonly fingerprint: string;
}

/** The metric that the business opens the gate with, and the table that it counts. */
const opened = { metric: 'ospa', relation: 'public.os_proposal_approvals' } as const;

const approval = `insert into os_proposal_approvals (id, status, date_created, signature_text, first_name, last_name, proposal, contact, esignature_agreement)
values (md5('one-roof')::uuid, 'approved', now(), 'One Roof, finalized', 'Contact', '1', md5('proposal1')::uuid, md5('contact1')::uuid, true)`;

/** People ratify, a stolen executor gains nothing by it, and the data gate still holds. */
export async function ratifyAndHold(stage: ChapterGround): Promise<void> {
  const { narration, plan } = stage;
  narration.chapter('People ratify');
  const statement = await ratify(stage, async () => void (await roll(stage, 'rollout')));
  stopIf(plan.signal);
  narration.chapter('With a ratification, and a stolen executor');
  await tellAttempts(stage, [...misused(stage, statement), ...(await misread(stage, statement as StatementDigest))]);
  narration.chapter('The button, while the data gate is closed');
  await expectRoll(stage, 'rollout', 'held');
}

/** The business approves, as its application writes it: the data gate opens. */
export async function open(stage: ChapterGround): Promise<void> {
  const { narration } = stage;
  narration.chapter('The business approves: one row in os_proposal_approvals');
  await write(stage, approval);
  const { value: reading, took } = await read(stage);
  tellReading(narration, reading, took);
  if (reading.verdict.decision !== 'OPEN') throw defect(stated`the gate is not open`);
}

/** Everything that was ratified is rolled out. */
export async function rollOut(stage: ChapterGround): Promise<void> {
  const { narration } = stage;
  narration.chapter('Rollout, greenfield to finalized, in production');
  await expectRoll(stage, 'rollout', 'done');
  await expectRoll(stage, 'rollout', 'nothing-to-do');
  await tellFinalized(stage);
}

/** The rollback, and the proof of it: metrics, schema and rows of production are as they were before the release. */
export async function rollBackAndProve(stage: ChapterGround, before: Before): Promise<void> {
  const { narration, plan } = stage;
  narration.chapter('Rollback, finalized to greenfield, in production');
  await expectRoll(stage, 'rollback', 'done');
  await expectRoll(stage, 'rollback', 'nothing-to-do');
  const { value: now, took } = await read(stage);
  const [was, is] = [before.reading.exit, now.exit];
  const moved = Object.keys(was?.metrics ?? {}).filter((name) => was?.metrics[name] !== is?.metrics[name]);
  if (was === null || is === null || was.schemaDigest !== is.schemaDigest || moved.join() !== opened.metric)
    throw defect(stated`the schema or these metrics differ from those before: ${{ differences: moved }}`);
  narration.tell({ name: 'greenfield', text: numbers(is.metrics), took });
  narration.tell({
    name: 'schema',
    text: `its digest equals the digest before the release, ${is.schemaDigest.slice(0, 19)}…`,
  });
  const compared = await timed(() =>
    plan.command({ command: 'diff', words: [before.fingerprint, 'production'], options: { limit: '3' } }),
  );
  tellDiff(stage, compared.value.data as Diff, compared.took);
}

/** One ratification is one rollout and its rollback: another rollout needs another ratification. */
export async function forwardAgain(stage: ChapterGround): Promise<void> {
  const { narration, plan } = stage;
  narration.chapter('Another rollout needs another ratification');
  await expectRoll(stage, 'rollout', 'held');
  await ratify(stage, async () => undefined);
  stopIf(plan.signal);
  await expectRoll(stage, 'rollout', 'done');
  await tellFinalized(stage);
}

/** Brings production back to where the gate is closed, for a person to play with. */
export async function closeAgain(stage: ChapterGround): Promise<void> {
  stage.narration.chapter('Rolled back and closed; you can open it');
  await expectRoll(stage, 'rollback', 'done');
  await write(stage, `delete from os_proposal_approvals where id = md5('one-roof')::uuid`);
  const { value, took } = await read(stage);
  tellReading(stage.narration, value, took);
}

/** The part of what `oneroof diff` answers that the demo tells. */
interface Diff {
  readonly logical: readonly Difference[];
  readonly strict: readonly Difference[];
  readonly compared: { readonly objects: number; readonly relations: number | null; readonly rows: string | null };
}

function tellDiff({ narration }: ChapterGround, { logical, compared }: Diff, took: Milliseconds): void {
  const others = logical.filter(({ in: where, name }) => where !== 'rows' || name !== opened.relation);
  const [first] = others;
  if (first !== undefined || logical.length === 0)
    throw defect(
      stated`production is not as before: ${first === undefined ? 'no approval' : explainDifference(first)}`,
    );
  const rows = Number(compared.rows ?? 0).toLocaleString('en-US');
  narration.tell({
    name: 'proven',
    text: `${compared.objects.toLocaleString('en-US')} objects and ${rows} rows of ${compared.relations ?? 0} relations compared: equal, except the approval itself, in ${opened.relation}`,
    took,
  });
}

/** Reads production, records it, and tells its numbers: the finalized invariants hold. */
async function tellFinalized(stage: ChapterGround): Promise<void> {
  const { value, took } = await read(stage);
  const { invariants } = stage.course.sealed.release;
  const metrics = value.exit?.metrics ?? {};
  const [missed] = (['finalized', 'always'] as const).flatMap((name) =>
    judgeInvariants(invariants[name], metrics, name),
  );
  if (missed !== undefined) throw defect(missed);
  stage.narration.tell({ name: 'finalized', text: `its invariants hold: ${numbers(metrics)}`, took });
}

/**
 * Types `oneroof rollout` or `oneroof rollback`, which has to end as it should.
 *
 * Errors  INTERNAL where it does not; those of the command.
 */
export async function expectRoll(
  stage: ChapterGround,
  direction: 'rollout' | 'rollback',
  expected: 'done' | 'held' | 'nothing-to-do',
): Promise<void> {
  const result = await roll(stage, direction);
  if (result !== expected) throw defect(stated`the ${{ direction }} is ${{ result }}, expected ${{ expected }}`);
}

function read({ course, target }: ChapterGround): Promise<Timed<GateReading>> {
  return timed(() => gateStage(course, target));
}

async function write({ production, narration }: ChapterGround, statement: string): Promise<void> {
  const session = await openSession(production.application, {
    applicationName: 'directus',
    settings: { search_path: 'public' },
  });
  try {
    await session.run(statement);
    narration.tell({ name: 'directus', text: `${statement.split(' (')[0] ?? ''}` });
  } finally {
    await session.close();
  }
}

function defect(what: Stated): OneRoofError {
  return new OneRoofError('INTERNAL', { ...what, fix: 'this is a defect of One Roof: please report it' });
}
