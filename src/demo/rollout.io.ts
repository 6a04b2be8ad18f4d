import { type Milliseconds } from '../core/index.ts';
import { type Stage } from './plan.ts';
import { timed } from './timed.io.ts';

/** What `oneroof rollout` and `oneroof rollback` answer, as far as the demo tells it. */
interface Rolled {
  readonly result: 'done' | 'nothing-to-do' | 'held' | 'planned';
  readonly reasons?: readonly string[];
}

/**
 * Types `oneroof rollout` or `oneroof rollback` and tells each tier as it is committed, and what holds it.
 *
 * Errors  those of the command.
 */
export async function roll({ plan, tale }: Stage, direction: 'rollout' | 'rollback'): Promise<Rolled['result']> {
  let last = performance.now();
  const say = (line: string): void => {
    const [tier = '', what] = line.split(' ');
    if (what !== 'committed') return;
    const took = (performance.now() - last) as Milliseconds;
    last = performance.now();
    tale.tell({ name: direction, text: `${tier}, committed`, took });
  };
  const { value, took } = await timed(() => plan.command({ command: direction, words: ['release'], say }));
  const { result, reasons = [] } = value.data as Rolled;
  for (const reason of reasons) tale.tell({ name: direction, text: `HELD: ${reason}` });
  if (result === 'nothing-to-do') tale.tell({ name: direction, text: 'again: nothing to do', took });
  return result;
}
