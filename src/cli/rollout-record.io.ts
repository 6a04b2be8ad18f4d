import { dirname, join } from 'node:path';
import { OneRoofError, printable } from '../core/index.ts';
import { type Connection } from '../database/index.ts';
import { openRecorder, type Recorder } from '../evidence-kinds/index.ts';
import { requireNotBehind } from '../pipeline.io.ts';
import { type Direction } from '../release/index.ts';
import { awaitAttempt, explainAttempt, nextAct, type Preflight, type Wish } from '../rollout/index.ts';
import { sameFor } from './next-command.ts';
import { sayUnheard } from './unheard.io.ts';
import { type Context } from './verb.ts';
import { requireWhole } from './evidence-complete.io.ts';
import { type ReleaseTools } from './work.io.ts';

/**
 * Says where another attempt is at work. Where nothing is there to do for this command, that may be so only until the other one commits: then
 * this one waits for its end, and reads again.
 */
export async function whenAlone(
  { terminal, signal, options }: Context,
  found: Preflight,
  of: { readonly wish: Wish; readonly executor: Connection; readonly look: () => Promise<Preflight> },
): Promise<Preflight> {
  const { attempt } = found;
  const { statement, progress } = found.verdict;
  if (attempt === null) return found;
  const isIdle = statement !== null && nextAct(of.wish, progress).act === 'nothing';
  terminal.say(
    printable(`${explainAttempt(attempt)}${isIdle && options['dryRun'] !== true ? '; waiting until it ends' : ''}`),
  );
  if (!isIdle || options['dryRun'] === true) return found;
  await awaitAttempt({ executor: of.executor, settings: of.wish.release.settings, signal });
  return of.look();
}

/** The record of the cycle. What another attempt commits after the target was read is in the record already: then the target is read again. */
export async function withRecord(
  context: Context,
  work: ReleaseTools,
  of: {
    readonly seen: Preflight;
    readonly target: string;
    readonly direction: Direction;
    readonly look: () => Promise<Preflight>;
  },
): Promise<{ readonly found: Preflight; readonly recorder: Recorder | null }> {
  const { seen, look, ...where } = of;
  try {
    return { found: seen, recorder: await recorderFor(context, work, { ...where, found: seen }) };
  } catch (error) {
    const isBehind = error instanceof OneRoofError && error.code === 'TARGET_BEHIND';
    if (!isBehind || seen.attempt === null) throw error;
    const found = await look();
    return { found, recorder: await recorderFor(context, work, { ...where, found }) };
  }
}

/**
 * Opens the record of the cycle, checks the target against it, and adds what it lacks. A rollback goes on where the evidence cannot be read or
 * written: what it does is kept beside. Null: there is no cycle.
 */
async function recorderFor(
  context: Context,
  work: ReleaseTools,
  of: { readonly target: string; readonly direction: Direction; readonly found: Preflight },
): Promise<Recorder | null> {
  const { terminal, options } = context;
  const { target, direction, found } = of;
  const { ended, standbys } = found;
  const { statement, progress } = found.verdict;
  const command = sameFor(context, direction === 'up' ? 'rollout' : 'rollback');
  const folder = join(dirname(work.setup.file), '.oneroof', 'unrecorded');
  const recorder =
    statement === null
      ? null
      : openRecorder(work.store, { sealed: work.sealed, target, statement, direction, folder, standbys, command });
  try {
    await sayUnheard(context, work, { kind: 'execution', target });
    if (statement === null || recorder === null) return null;
    await requireNotBehind(work, { target, statement, progress });
    await requireWhole(work, found.body);
    const added = options['dryRun'] === true ? 0 : await recorder.complete(progress, ended);
    if (added > 0)
      terminal.say(`the record of an earlier run is complete now: added ${added} line${added === 1 ? '' : 's'}`);
  } catch (error) {
    const isBehind = error instanceof OneRoofError && error.code === 'TARGET_BEHIND';
    if (direction === 'up' || isBehind) throw error;
    const why = error instanceof Error ? error.message : String(error);
    terminal.say(`the evidence cannot be read, so the target was not compared with it: ${printable(why)}`);
  }
  return recorder;
}

/** Says what is missing in the evidence, where it is kept, and which command adds it. */
export function sayKept(context: Context, recorder: Recorder, direction: Direction): void {
  const { lines, file } = recorder.kept();
  if (lines === 0) return;
  const command = sameFor(context, direction === 'up' ? 'rollout' : 'rollback');
  context.terminal.say(
    printable(
      `the evidence lacks ${lines} lines of this run; they are in ${file}. When the evidence can be written again: ${command}`,
    ),
  );
}
