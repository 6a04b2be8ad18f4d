import { type Session } from '../database/index.ts';
import { type Step } from '../release/index.ts';
import { type TierCall, runStep } from './gate-calls.io.ts';

/** So many steps, and so many bytes of them, are sent before the first of them is answered: enough that none waits for the network. */
const ahead = { steps: 32, bytes: 1 << 18 };

/** A step and its number within tier and direction. */
export interface Numbered {
  readonly n: number;
  readonly step: Step;
}

/**
 * Runs steps through the gate, each in a message of its own, sent ahead of the answers to the earlier ones. The server runs them one by
 * one all the same, each under its own time-out; after one that fails it refuses the rest, because their transaction has ended.
 *
 * Shape   `onBegin` is told a step when every one before it is answered, so what it was told last is what failed.
 * Errors  the one of the first step that failed, once all that were sent are answered; none where `signal` stopped it: the caller asks it.
 */
export async function runSteps(
  session: Session,
  plan: { readonly entry: TierCall; readonly steps: readonly Numbered[] },
  watch: { readonly signal: AbortSignal | undefined; readonly onBegin: (one: Numbered) => void },
): Promise<void> {
  const sent: { readonly one: Numbered; readonly answer: Promise<void> }[] = [];
  const isAborted = (): boolean => watch.signal?.aborted === true;
  const bytes = (): number => sent.reduce((sum, { one }) => sum + one.step.sql.length, 0);
  const hear = async (): Promise<void> => {
    try {
      await sent[0]?.answer;
    } catch (error) {
      await Promise.allSettled(sent.map(({ answer }) => answer));
      throw error;
    }
    sent.shift();
    if (isAborted()) await stop(session, sent);
    else if (sent[0] !== undefined) watch.onBegin(sent[0].one);
  };
  for (const one of plan.steps) {
    while (sent.length > 0 && (sent.length >= ahead.steps || bytes() + one.step.sql.length > ahead.bytes)) await hear();
    if (isAborted()) break;
    if (sent.length === 0) watch.onBegin(one);
    const answer = runStep(session, { ...plan.entry, ...one });
    // it is met in its turn, and is no one's until then
    answer.catch(() => undefined);
    sent.push({ one, answer });
  }
  while (sent.length > 0) await hear();
}

/** A cancel that arrives between two steps stops neither, so each that was sent gets its own, until one fails and takes the rest along. */
async function stop(session: Session, sent: { readonly answer: Promise<void> }[]): Promise<void> {
  const answers = sent.splice(0).map(({ answer }) =>
    answer.then(
      () => 'done' as const,
      () => 'failed' as const,
    ),
  );
  for (const answer of answers) {
    await session.cancel().catch(() => null);
    if ((await answer) === 'failed') break;
  }
  await Promise.all(answers);
}
