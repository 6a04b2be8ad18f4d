export { type Document, securityHeaders, writeDocument } from './document.ts';
export { type LockMark, lockFigure } from './figures/lock-figure.ts';
export { matrix, toneOf } from './figures/matrix.ts';
export { type Band, metricFigure, type ReadingMark } from './figures/metric-figure.ts';
export { type GateMark, tierLine, type TierMark, type TierState } from './figures/tier-line.ts';
export { type Hole, Html, html, lines, path } from './html.ts';
export { markdownHtml } from './markdown.ts';
export {
  type Column,
  command,
  comparable,
  digestOf,
  facts,
  folded,
  list,
  table,
  tag,
  time,
  type Tone,
} from './parts.ts';
export { type Pieces, sqlBlock } from './sql.ts';
