import { join, relative } from 'node:path';
import { printable } from '../../core/index.ts';
import { reportStage } from '../../pipeline.io.ts';
import { type Report } from '../../report/index.ts';
import { sameFor } from '../next.ts';
import { lookOf } from '../output.io.ts';
import { reportText } from '../report-text.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Writes the GO / NO-GO report from the recorded evidence; exit 0 only where production execution is GO: DONE permits nothing. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const { report, files } = await reportStage(
    { sealed, store },
    {
      folder: join(setup.reports, sealed.release.name),
      policy: setup.policy,
      target: targetFor(setup, context).name,
    },
  );
  for (const file of files) context.terminal.say(`written: ${printable(relative(process.cwd(), file))}`);
  return {
    exit: report.execution.status === 'GO' ? 0 : 1,
    schema: 'oneroof/report/1',
    data: { report },
    text: reportText(report, lookOf('stdout')),
    next: sameFor(context, after(report, targetFor(setup, context).relay !== null)),
  };
};

/** What comes after a report: the rollout where it is allowed, people where they are missing, the evidence where all is done. */
function after({ readiness, execution, components, rolledOut }: Report, canRatify: boolean): string {
  const statusOf = (id: string): string | undefined => components.find((one) => one.id === id)?.status;
  if (execution.status === 'GO') return 'rollout';
  if (execution.status === 'DONE') return 'bundle';
  if (rolledOut) return 'gate';
  if (readiness.status === 'NO-GO')
    return ['rollout', 'rollback', 'verification'].some((id) => statusOf(id) === 'NO-GO') ? 'rehearse' : 'gate';
  return canRatify && statusOf('ratification') === 'CLOSED' ? 'ratify' : 'gate';
}
