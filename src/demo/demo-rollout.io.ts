import { elapsed, type Instant } from '../core/index.ts';
import { type ChapterGround } from './demo-commands.ts';
import { timed } from './timed.io.ts';

/** What `oneroof rollout` and `oneroof rollback` answer, as far as the demo tells it. */
interface Rolled {
  readonly result: 'done' | 'nothing-to-do' | 'held' | 'planned';
  readonly reasons?: readonly string[];
  readonly runs?: readonly { readonly tier: string; readonly started: Instant; readonly ended: Instant }[];
}

/**
 * Types `oneroof rollout` or `oneroof rollback` and tells each tier as it is committed, and what holds it.
 *
 * Errors  those of the command.
 */
export async function roll(
  { plan, narration }: ChapterGround,
  direction: 'rollout' | 'rollback',
): Promise<Rolled['result']> {
  const { value, took } = await timed(() => plan.command({ command: direction, words: ['release'] }));
  const { result, reasons = [], runs = [] } = value.data as Rolled;
  for (const { tier, started, ended } of runs)
    narration.tell({ name: direction, text: `${tier}, committed`, took: elapsed({ from: started, to: ended }) });
  for (const reason of reasons) narration.tell({ name: direction, text: `HELD: ${reason}` });
  if (result === 'nothing-to-do') narration.tell({ name: direction, text: 'again: nothing to do', took });
  return result;
}
