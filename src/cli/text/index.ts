export { type TextLayout, type Paint, painted, plain } from './layout.ts';
export { copyText, newest, type Timing, timingText, withEnd } from './progress.ts';
export { type Columns, textTable as table } from './table.ts';
export { cut, pad, widthOf } from './width.ts';
export { indented, wrap } from './wrap.ts';
