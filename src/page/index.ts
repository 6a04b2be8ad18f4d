export { type Document, securityHeaders, writeDocument } from './document.ts';
export { type Hole, Html, html, join, lines, path } from './html.ts';
export { markdownHtml } from './markdown.ts';
export { type Column, digestOf, facts, list, table, tag, time, type Tone } from './parts.ts';
export { type Pieces, sqlBlock } from './sql.ts';
