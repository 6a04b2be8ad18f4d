import { join, relative } from 'node:path';
import { printable } from '../../core/index.ts';
import { reportStage } from '../../pipeline.io.ts';
import { openWork } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Writes the GO / NO-GO report from the recorded evidence; exit 0 only where production execution is GO. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const { report, files } = await reportStage(
    { sealed, store },
    { folder: join(setup.reports, sealed.release.name), policy: setup.policy },
  );
  for (const file of files) context.terminal.say(`written: ${relative(process.cwd(), file)}`);
  const rows = report.components.map(({ component, status }) => `${status.padEnd(18)}${printable(component)}`);
  const verdicts = [
    `RELEASE READINESS: ${report.readiness.status}`,
    `PRODUCTION EXECUTION: ${report.execution.status}`,
    ...report.readiness.reasons.map((reason) => `not ready: ${printable(reason)}`),
    ...report.blockers.map((blocker) => `blocker: ${printable(blocker)}`),
    ...report.next.map((item) => `next: ${printable(item)}`),
    ...report.meanwhile.map((item) => `meanwhile: ${printable(item)}`),
  ];
  return {
    exit: report.execution.status === 'GO' ? 0 : 1,
    schema: 'oneroof/report/1',
    data: { report },
    text: [...rows, '', ...verdicts].join('\n'),
  };
};
