export { type Look, type Paint, painted, plain } from './look.ts';
export { newest, type Timing, timingText, withEnd } from './progress.ts';
export { type Columns, table } from './table.ts';
export { cut, pad, widthOf } from './width.ts';
export { indented, wrap } from './wrap.ts';
