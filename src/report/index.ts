export type * from './report.ts';
export { toHtml } from './html.ts';
export { toMarkdown } from './markdown.ts';
export { buildReport, type ReportSource } from './matrix.ts';
export { type ReportFiles, writeReport } from './write.io.ts';
