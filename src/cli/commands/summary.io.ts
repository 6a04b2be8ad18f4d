import { OneRoofError, printable } from '../../core/index.ts';
import { readReport } from '../../pipeline.io.ts';
import { toSummary } from '../../report/index.ts';
import { openWork, targetFor } from '../work.io.ts';
import { type Run } from '../verb.ts';

/** Prints the report in short, as Markdown for a comment; nothing is written or recorded. Exit 0 only where production execution is GO: DONE permits nothing. */
export const run: Run = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const { reports: folder, policy } = setup;
  const report = await readReport({ sealed, store }, { folder, policy, target: targetFor(setup, context).name });
  const markdown = toSummary(report, linkOf(context.options['link']));
  return {
    exit: report.execution.status === 'GO' ? 0 : 1,
    schema: 'oneroof/summary/1',
    data: { seal: sealed.seal, markdown },
    text: markdown,
  };
};

function linkOf(link: string | boolean | undefined): string | null {
  if (typeof link !== 'string') return null;
  if (/^https?:\/\//.test(link) && URL.canParse(link)) return link;
  throw new OneRoofError('USAGE', {
    problem: `--link ${printable(link)} is no address of a web page`,
    fix: '--link https://example.org/report.html',
  });
}
