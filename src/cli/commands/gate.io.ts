import { printable } from '../../core/index.ts';
import { explainReason } from '../../gate/index.ts';
import { gateStage } from '../../pipeline.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Reads the gate in production once, read-only: OPEN is exit 0, BLOCKED is exit 1. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  context.terminal.progress(`looking at ${target.name}`);
  const reading = await gateStage({ sealed, store }, target);
  const { verdict } = reading;
  const reasons = verdict.decision === 'OPEN' ? [] : verdict.reasons.map(explainReason);
  const meanwhile = reading.changedMeanwhile.map((name) => `changed by somebody else while we looked: ${name}`);
  return {
    exit: verdict.decision === 'OPEN' ? 0 : 1,
    schema: 'oneroof/gate/1',
    data: { reading },
    text: [
      reasons.length === 0 ? verdict.decision : '',
      ...reasons.map((reason) => `${verdict.decision} ${printable(reason)}`),
      ...meanwhile,
    ]
      .filter((line) => line !== '')
      .join('\n'),
  };
};
