import { join, relative } from 'node:path';
import { printable } from '../../core/index.ts';
import { reportStage } from '../../pipeline.io.ts';
import { type Report } from '../../report/index.ts';
import { reportFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { sameFor } from '../next-command.ts';
import { lookOf } from '../output.io.ts';
import { reportText } from '../report-text.ts';
import { sayStaleReviews } from '../stale-reviews.io.ts';
import { openWork, targetsFor } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Writes a GO / NO-GO report for each target from the recorded evidence; exit 0 only where execution is GO on all of them: DONE permits nothing. */
export const run: CommandRun = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const { policy } = setup;
  const targets = targetsFor(setup, context);
  const reports: Report[] = [];
  const findings: object[] = [];
  for (const { name } of targets) {
    const folder = join(setup.reports, sealed.release.name, name);
    const { report, blockers, files } = await reportStage({ sealed, store }, { folder, policy, target: name });
    for (const file of files) context.terminal.say(`written: ${printable(relative(process.cwd(), file))}`);
    await sayStaleReviews(context, { sealed, store, target: name });
    reports.push(report);
    findings.push(...reportFindings({ report, blockers }, typedOf(context)));
  }
  // the first one that anything is left to do for
  const next = Math.max(
    reports.findIndex(({ execution }) => execution.status !== 'DONE'),
    0,
  );
  const target = targets[next] ?? targets[0];
  const on = targets.length === 1 ? context : { ...context, options: { ...context.options, target: target.name } };
  const report = reports[next];
  return {
    exit: reports.every(({ execution }) => execution.status === 'GO') ? 0 : 1,
    schema: 'oneroof/report/2',
    data: { reports, findings },
    text: reports.map((one) => reportText(one, lookOf('stdout'))).join('\n\n'),
    ...(report === undefined ? {} : { next: sameFor(on, after(report, target.relay !== null)) }),
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
