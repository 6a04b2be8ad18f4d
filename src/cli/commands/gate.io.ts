import { type Instant } from '../../core/index.ts';
import { ofKind } from '../../evidence/index.ts';
import { type Store } from '../../evidence-kinds/index.ts';
import { gateStage } from '../../pipeline.io.ts';
import { type Rehearsal } from '../../rehearsal/index.ts';
import { verdictOf, type Verdict } from '../../rollout/index.ts';
import { addressLines } from '../address-lines.ts';
import { verdictFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { gateText } from '../gate-text.ts';
import { sameFor } from '../next-command.ts';
import { lookOf } from '../output.io.ts';
import { sayUnheard } from '../unheard.io.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Reads the gate in production once, read-only: OPEN is exit 0, and says that a rollout may begin now; BLOCKED and DONE are exit 1. */
export const run: CommandRun = async (context) => {
  const work = await openWork(context);
  const { setup, sealed, store } = work;
  const target = targetFor(setup, context);
  await sayUnheard(context, work, { kind: 'gate', target: target.name });
  context.terminal.progress(`reading ${target.name}`);
  const reading = await gateStage({ sealed, store }, target);
  const rehearsal = newestRehearsal(await store.heard(sealed.seal, { target: target.name }));
  const up = verdictOf(reading, { sealed, direction: 'up' });
  const down = verdictOf(reading, { sealed, direction: 'down' });
  const look = lookOf('stdout');
  return {
    exit: up.decision === 'GO' ? 0 : 1,
    schema: 'oneroof/gate/1',
    data: {
      reading,
      verdict: { up: verdictFindings(up, typedOf(context)), down: verdictFindings(down, typedOf(context)) },
      ...copyData(rehearsal),
    },
    text: [
      gateText({ reading, up, down, rehearsal }, sealed.release, look),
      ...addressLines(up.reasons, target.observer, look),
    ].join('\n'),
    next: sameFor(context, nextAfter(up, target.relay !== null)),
  };
};

/** The newest one; null where there is none, or it cannot be read. */
function newestRehearsal({ evidence }: Awaited<ReturnType<Store['heard']>>): Rehearsal | null {
  const piece = ofKind(evidence, 'rehearsal').at(-1);
  return piece?.readable === true ? piece.body : null;
}

function copyData(rehearsal: Rehearsal | null): {
  readonly copy?: { readonly takenAt: Instant; readonly rehearsedAt: Instant };
} {
  return rehearsal === null ? {} : { copy: { takenAt: rehearsal.golden.takenAt, rehearsedAt: rehearsal.startedAt } };
}

/** The next command: asking people if only signatures are missing, otherwise the report, which also has what was proven. */
function nextAfter({ reasons }: Verdict, canRatify: boolean): string {
  const lacksPeople = reasons.every(
    ({ code, facts }) => code === 'not-ratified' || (code === 'gate' && 'code' in facts && facts.code === 'seats'),
  );
  return canRatify && reasons.length > 0 && lacksPeople ? 'ratify' : 'report';
}
