export { readRatifications } from './ratifications.io.ts';
export * from './report.ts';
export { type ReportBodies, type ReportEvidence } from './find.ts';
export { reportHtml, titleOf, toHtml } from './html.ts';
export { toMarkdown } from './markdown.ts';
export { buildReport, type Judged, judgeRelease, type ReportSource } from './matrix.ts';
export {
  commandOf,
  quoted,
  type Occasion,
  type Ratifications,
  type Standing,
  standingOf,
} from './occasion.ts';
export { explain, type Reason } from './reason.ts';
export { tierState } from './rows.ts';
export { toSummary } from './summary.ts';
export { toPrompt } from './prompt.ts';
export { toRunbook } from './runbook.ts';
export { type ReportFiles, writeReport } from './write.io.ts';
