import { OneRoofError, printable, stated } from '../../core/index.ts';
import { readJudged } from '../../pipeline.io.ts';
import { type JudgedReport, type Report, toSummary } from '../../report/index.ts';
import { reportFindings } from '../finding.ts';
import { typedOf } from '../typed-line.ts';
import { openWork, targetsFor } from '../work.io.ts';
import { type CommandRun } from '../verb.ts';

/** Prints the report in short, as Markdown for a comment; nothing is written or recorded. Exit 0 only where execution is GO on every target that it speaks of: DONE permits nothing. */
export const run: CommandRun = async (context) => {
  const { setup, sealed, store } = await openWork(context);
  const { reports: folder, policy } = setup;
  const read = ({ name }: { readonly name: string }): Promise<JudgedReport> =>
    readJudged({ sealed, store }, { folder, policy, target: name });
  const [first, ...others] = targetsFor(setup, context);
  const judged = [await read(first)] as [JudgedReport, ...JudgedReport[]];
  for (const other of others) judged.push(await read(other));
  const reports = judged.map(({ report }) => report) as [Report, ...Report[]];
  const markdown = toSummary(reports, linkOf(context.options['link']));
  return {
    exit: reports.every(({ execution }) => execution.status === 'GO') ? 0 : 1,
    schema: 'oneroof/summary/2',
    data: {
      seal: sealed.seal,
      verdicts: reports.map(({ target, readiness, execution }) => ({
        target,
        readiness: readiness.status,
        execution: execution.status,
      })),
      findings: judged.flatMap((one) => reportFindings(one, typedOf(context))),
      markdown,
    },
    text: markdown,
  };
};

function linkOf(link: string | boolean | undefined): string | null {
  if (typeof link !== 'string') return null;
  if (/^https?:\/\//.test(link) && URL.canParse(link)) return link;
  throw new OneRoofError('USAGE', {
    ...stated`--link ${{ link: printable(link) }} is not the address of a web page`,
    fix: '--link https://example.org/report.html',
  });
}
