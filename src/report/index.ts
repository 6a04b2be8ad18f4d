export { readRatifications } from './ratifications.io.ts';
export * from './report.ts';
export { type ReportBodies, type ReportEvidence } from './find.ts';
export { reportHtml, reportTitle as titleOf, toHtml } from './html.ts';
export { toMarkdown } from './markdown.ts';
export { buildReport, type JudgedReport, judgeRelease, type ReportSource } from './matrix.ts';
export {
  commandOf,
  shellQuoted as quoted,
  type ReleaseContext,
  type Ratifications,
  seenOf,
  type ReleaseState,
  standingOf,
} from './release-context.ts';
export { explain, fixOfReport, type ReportReason } from './report-reason.ts';
export { tierState } from './report-rows.ts';
export { toSummary } from './summary.ts';
export { toPrompt } from './prompt.ts';
export { toRunbook } from './runbook.ts';
export { type ReportFiles, writeReport } from './write.io.ts';
