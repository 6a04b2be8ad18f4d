export { type Document, securityHeaders, writeDocument } from './document.ts';
export { type Hole, Html, html, join, lines, path } from './html.ts';
export { type Column, digestOf, facts, list, table, tag, time, type Tone } from './parts.ts';
export { style } from './style.ts';
