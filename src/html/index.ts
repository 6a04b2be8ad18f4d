export { type Document, securityHeaders, writeDocument } from './page-document.ts';
export { type LockMark, lockFigure } from './figures/lock-figure.ts';
export { matrix, toneOf } from './figures/matrix-table.ts';
export { type GateMark, tierLine, type TierMark, type TierState } from './figures/tier-line.ts';
export { type Hole, Html, html, lines, path } from './html-tag.ts';
export {
  type Column,
  comparable,
  digestOf,
  facts,
  folded,
  list,
  table,
  tag,
  time,
  type Tone,
} from './page-parts.ts';
export { pageResponse, scriptText, scriptType } from './served.io.ts';
export { type Pieces, sqlBlock } from './sql-block.ts';
