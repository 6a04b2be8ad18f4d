import { gateStage } from '../../pipeline.io.ts';
import { gateText } from '../gate-text.ts';
import { sameFor } from '../next.ts';
import { lookOf } from '../output.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Reads the gate in production once, read-only: OPEN is exit 0, BLOCKED is exit 1. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const target = targetFor(setup, context);
  context.terminal.progress(`looking at ${target.name}`);
  const reading = await gateStage({ sealed, store }, target);
  const isOpen = reading.verdict.decision === 'OPEN';
  return {
    exit: isOpen ? 0 : 1,
    schema: 'oneroof/gate/1',
    data: { reading },
    text: gateText(reading, sealed.release, lookOf('stdout')),
    next: sameFor(context, isOpen && target.relay !== null ? 'ratify' : 'report'),
  };
};
