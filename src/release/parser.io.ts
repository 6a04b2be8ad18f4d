import { setFlagsFromString } from 'node:v8';
import { createParser, type Parser } from './parser.ts';

let parser: Promise<Parser> | null = null;

/** Loads PostgreSQL's own parser, once; some fifty milliseconds, so only commands that read SQL do. */
export function loadParser(): Promise<Parser> {
  parser ??= load();
  return parser;
}

async function load(): Promise<Parser> {
  // Node 20 optimises the large functions of the parser as soon as one statement has been parsed, and a process cannot end before
  // that has: a third of a second. With this budget (about bytes of code run) it waits for a second of parsing, after which it pays.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--wasm-tiering-budget=2000000000');
  const module = await import('libpg-query');
  await module.loadModule();
  return createParser(module);
}
