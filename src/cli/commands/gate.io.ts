import { chooseCycle, type GateReading } from '../../gate/index.ts';
import { gateStage } from '../../pipeline.io.ts';
import { gateText } from '../gate-text.ts';
import { sameFor } from '../next.ts';
import { lookOf } from '../output.io.ts';
import { sayUnheard } from '../unheard.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Reads the gate in production once, read-only: OPEN is exit 0, BLOCKED is exit 1. It is of data and invariants: who may roll out, people say. */
export const run: Run = async (context) => {
  const work = await openWork(context);
  const { setup, sealed, store } = work;
  const target = targetFor(setup, context);
  await sayUnheard(context, work, { kind: 'gate', target: target.name });
  context.terminal.progress(`looking at ${target.name}`);
  const reading = await gateStage({ sealed, store }, target);
  const isOpen = reading.verdict.decision === 'OPEN';
  return {
    exit: isOpen ? 0 : 1,
    schema: 'oneroof/gate/1',
    data: { reading },
    text: gateText(reading, sealed.release, lookOf('stdout')),
    // where a rollout has begun people have ratified already
    next: sameFor(context, isOpen && target.relay !== null && !isBegun(reading) ? 'ratify' : 'report'),
  };
};

function isBegun({ rows, seal }: GateReading): boolean {
  const cycle = rows.state === 'read' ? chooseCycle(rows.cycles, { seal }) : null;
  return cycle !== null && cycle.done.some(({ direction }) => direction === 'up') && cycle.next.down !== null;
}
